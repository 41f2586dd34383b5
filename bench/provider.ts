/**
 * A model provider that makes load: it answers each request with what the user's words ask for (harness/plan.ts), in the
 * format that the path asks for. What is not paced is encoded once and written as fast as it is taken. Its first line
 * tells the port.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Format, formatOf } from "./harness/formats.ts";
import { now, type Plan, readPlan, stamp } from "./harness/plan.ts";

/**
 * Twenty characters. The last one begins no key that the server was given: then it would wait for the next piece, and
 * the last of them would come as a piece of its own.
 */
const TEXT = "an answer in pieces ";

/** How many pieces one write holds: about 16 KB, as much as one record of TLS. */
const PIECES_A_WRITE = 64;

const server = createServer((request, response) => {
  const received = now();
  answer(request, response, received).catch((error: unknown) => {
    response.destroy();
    if (!request.destroyed) console.error(error);
  });
});
server.listen(0, "127.0.0.1", () => console.log(`port ${(server.address() as AddressInfo).port}`));

async function answer(request: IncomingMessage, response: ServerResponse, received: number): Promise<void> {
  const format = formatOf(request.url ?? "");
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  if (format === undefined)
    return void response.writeHead(404, { "content-type": "application/json" }).end("{}");
  const plan = readPlan(Buffer.concat(pieces).toString());
  response.writeHead(200, { "content-type": "text/event-stream" });
  if (plan.calls > 0) response.end(format.call(`call_${received}_${plan.calls}`, ["true"]));
  else if (plan.rate === 0) await flood(response, format, plan.deltas);
  else await pace(response, format, { plan, received });
}

async function flood(response: ServerResponse, format: Format, deltas: number): Promise<void> {
  response.write(format.begin());
  const piece = format.delta(TEXT);
  const many = Buffer.from(piece.repeat(PIECES_A_WRITE));
  for (let left = deltas; left > 0; left -= PIECES_A_WRITE) {
    const bytes = left >= PIECES_A_WRITE ? many : Buffer.from(piece.repeat(left));
    if (!response.write(bytes)) await Promise.race([once(response, "drain"), once(response, "close")]);
    if (response.destroyed) return;
  }
  response.end(format.end(TEXT.repeat(deltas)));
}

async function pace(
  response: ServerResponse,
  format: Format,
  { plan, received }: { plan: Plan; received: number },
): Promise<void> {
  const started = performance.now();
  const texts: string[] = [];
  for (let sent = 0; sent < plan.deltas; sent += 1) {
    const wait = started + (sent * 1000) / plan.rate - performance.now();
    if (sent > 0 && wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    if (response.destroyed) return;
    const text = stamp(now(), sent === 0 ? received : undefined).padEnd(TEXT.length);
    texts.push(text);
    response.write((sent === 0 ? format.begin() : "") + format.delta(text));
  }
  response.end(format.end(texts.join("").replaceAll("@", "")));
}
