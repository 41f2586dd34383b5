import { type IncomingMessage, ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { type Duplex, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { PageAnswer } from "../contract/page.ts";
import { Refusal } from "./refusal.ts";

/** A page may replace them by its own. */
const SECURITY_HEADERS = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
};

const JSON_TYPE = { "Content-Type": "application/json; charset=utf-8" };

/** Set on every answer before anything else is decided. */
export function prepareHeaders(response: ServerResponse, headers: Record<string, string>): void {
  response.setHeaders(new Map(Object.entries({ ...SECURITY_HEADERS, ...headers })));
}

/** Sends a page, piece by piece as the client reads it. Rejects, before anything is sent, when its body cannot begin. */
export async function sendPage(
  response: ServerResponse,
  { status, headers, body }: PageAnswer,
): Promise<void> {
  if (typeof body === "string") return sendText(response, status, { ...JSON_TYPE, ...headers }, body);
  const pieces = body[Symbol.asyncIterator]();
  const first = await pieces.next();
  response.writeHead(status, { ...JSON_TYPE, ...headers });
  if (response.req.method === "HEAD") {
    await pieces.return?.();
    response.end();
    return;
  }
  await pipeline(Readable.from(resume(first, pieces)), response);
}

export const sendRefusal = (response: ServerResponse, { status, headers, json }: Refusal): void =>
  sendText(response, status, { ...JSON_TYPE, ...headers }, json);

/** An answer to an upgrade that is refused: node:http has given the socket away and makes none itself. */
export function responseOn(request: IncomingMessage, socket: Socket): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once("finish", () => socket.destroySoon());
  return response;
}

/** Answers what node:http could not read as a request, or not in time. */
export function answerParseError(error: Error, socket: Duplex): void {
  if (!socket.writable) return;
  const { status, headers, json } = parseRefusal("code" in error ? error.code : undefined);
  const lines = Object.entries({
    ...SECURITY_HEADERS,
    ...JSON_TYPE,
    ...headers,
    "Content-Length": Buffer.byteLength(json),
    Connection: "close",
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n`;
  socket.end(head + json, () => socket.destroy());
}

function parseRefusal(code: unknown): Refusal {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return new Refusal({ status: 431, code: "headers_too_large", message: "expected shorter headers" });
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new Refusal({
        status: 408,
        code: "request_timeout",
        message: "the request took too long to arrive",
      });
    default:
      return new Refusal({ status: 400, code: "bad_request", message: "expected an HTTP/1.1 request" });
  }
}

function sendText(
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  text: string,
): void {
  response.writeHead(status, { ...headers, "Content-Length": Buffer.byteLength(text) });
  response.end(response.req.method === "HEAD" ? undefined : text);
}

async function* resume(first: IteratorResult<string>, rest: AsyncIterator<string>): AsyncGenerator<string> {
  try {
    for (let piece = first; piece.done !== true; piece = await rest.next()) yield piece.value;
  } finally {
    await rest.return?.();
  }
}
