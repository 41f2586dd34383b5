import { type IncomingMessage, ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { type Duplex, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { PageAnswer } from "../contract/page.ts";
import type { Exchange } from "./exchange.ts";
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

/** Headers of an answer; the later ones win, in whatever case they are written. */
export function answerHeaders(...all: (Record<string, string> | undefined)[]): Record<string, string> {
  const headers = new Map<string, [string, string]>();
  for (const [name, value] of [SECURITY_HEADERS, ...all].flatMap((some) => Object.entries(some ?? {}))) {
    headers.set(name.toLowerCase(), [name, value]);
  }
  return Object.fromEntries(headers.values());
}

/**
 * Sends a page, piece by piece as the client reads it. Rejects, before anything is sent, when its body cannot begin.
 * `common`: headers that every answer to this client has.
 */
export async function sendPage(
  exchange: Exchange,
  { status, headers, body }: PageAnswer,
  common: Record<string, string>,
): Promise<void> {
  const allHeaders = answerHeaders(common, JSON_TYPE, headers);
  if (typeof body === "string") return sendText(exchange, status, allHeaders, body);
  const pieces = body[Symbol.asyncIterator]();
  const first = await pieces.next();
  const answer = exchange.begin(status, allHeaders);
  if (exchange.method === "HEAD") {
    await pieces.return?.();
    answer.end();
    return;
  }
  await pipeline(Readable.from(resume(first, pieces)), answer);
}

export function sendRefusal(exchange: Exchange, refusal: Refusal, common: Record<string, string>): void {
  sendText(exchange, refusal.status, answerHeaders(common, JSON_TYPE, refusal.headers), refusal.json);
}

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
  const all = answerHeaders(JSON_TYPE, headers, {
    "Content-Length": String(Buffer.byteLength(json)),
    Connection: "close",
  });
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n`;
  socket.end(head + json, () => socket.destroy());
}

function parseRefusal(code: unknown): Refusal {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return headersTooLarge();
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return requestTimeout();
    default:
      return new Refusal({ status: 400, code: "bad_request", message: "expected an HTTP request" });
  }
}

export const headersTooLarge = () =>
  new Refusal({ status: 431, code: "headers_too_large", message: "expected shorter headers" });

export const requestTimeout = () =>
  new Refusal({ status: 408, code: "request_timeout", message: "the request took too long to arrive" });

function sendText(exchange: Exchange, status: number, headers: Record<string, string>, text: string): void {
  const answer = exchange.begin(status, { ...headers, "Content-Length": String(Buffer.byteLength(text)) });
  answer.end(exchange.method === "HEAD" ? undefined : text);
}

type Piece = string | Uint8Array;

async function* resume(first: IteratorResult<Piece>, rest: AsyncIterator<Piece>): AsyncGenerator<Piece> {
  try {
    for (let piece = first; piece.done !== true; piece = await rest.next()) yield piece.value;
  } finally {
    await rest.return?.();
  }
}
