import type { IncomingMessage, ServerResponse } from "node:http";
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { Readable, Writable } from "node:stream";
import { TLSSocket } from "node:tls";

/** What a request says of itself, whichever version of HTTP it came by. */
export interface RequestHead {
  readonly method: string;
  /** Path and query, as they were sent. */
  readonly target: string;
  /** Lower-case names. What came more than once is joined. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Whom the request is for; undefined when it names nobody, or two. */
  readonly authority: string | undefined;
  /** It came over TLS. */
  readonly secure: boolean;
  readonly peer: string | undefined;
}

/** A request that waits for its answer. */
export interface Exchange extends RequestHead {
  readonly body: Readable;
  /** The head of the answer has left. */
  readonly begun: boolean;
  /** Nobody waits for the answer any more. */
  readonly gone: boolean;
  /** Sends the head of the answer; its body is written to what is returned. */
  begin(status: number, headers: Record<string, string>): Writable;
  /** Cuts the answer off, so that its reader sees that it is not whole. */
  cut(): void;
}

export function headOfHttp1(request: IncomingMessage): RequestHead {
  const { socket, headersDistinct } = request;
  const headers = Object.fromEntries(
    Object.entries(headersDistinct).map(([name, values]) => [
      name,
      values?.join(name === "cookie" ? "; " : ", "),
    ]),
  );
  return {
    method: request.method ?? "",
    target: request.url ?? "",
    headers,
    authority: headersDistinct["host"]?.length === 1 ? headers["host"] : undefined,
    secure: socket instanceof TLSSocket,
    peer: socket.remoteAddress,
  };
}

export class Http1Exchange implements Exchange {
  readonly method: string;
  readonly target: string;
  readonly headers: RequestHead["headers"];
  readonly authority: string | undefined;
  readonly secure: boolean;
  readonly peer: string | undefined;
  readonly body: Readable;
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    const { req: request } = response;
    const head = headOfHttp1(request);
    this.method = head.method;
    this.target = head.target;
    this.headers = head.headers;
    this.authority = head.authority;
    this.secure = head.secure;
    this.peer = head.peer;
    this.body = request;
    this.#response = response;
  }

  get begun(): boolean {
    return this.#response.headersSent;
  }

  get gone(): boolean {
    return this.#response.req.socket.destroyed;
  }

  begin(status: number, headers: Record<string, string>): Writable {
    return this.#response.writeHead(status, headers);
  }

  cut(): void {
    this.#response.destroy();
  }
}

const fieldsOf = (headers: IncomingHttpHeaders) =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !name.startsWith(":"))
      .map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
  );

/** They speak of the connection, which HTTP/2 keeps for itself (RFC 9113, section 8.2.2). */
const HTTP1_ONLY = new Set(["connection", "upgrade", "keep-alive", "transfer-encoding"]);

export class Http2Exchange implements Exchange {
  readonly method: string;
  readonly target: string;
  readonly headers: RequestHead["headers"];
  readonly authority: string | undefined;
  readonly secure: boolean;
  readonly peer: string | undefined;
  readonly body: ServerHttp2Stream;
  readonly #lingerMs: number;

  /** `lingerMs`: how long a client may go on sending when it has its answer. */
  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, lingerMs: number) {
    const { ":method": method, ":path": path, ":authority": authority, host } = headers;
    const agrees = host === undefined || authority === undefined || host === authority;
    this.authority = agrees ? (authority ?? host) : undefined;
    this.method = method ?? "";
    this.target = path ?? "";
    this.headers = { ...fieldsOf(headers), host: this.authority };
    const session = stream.session?.destroyed === false ? stream.session : undefined;
    this.secure = session?.encrypted === true;
    // The socket of a connection that has ended throws whatever one asks it.
    this.peer = session?.socket.remoteAddress;
    this.body = stream;
    this.#lingerMs = lingerMs;
  }

  get begun(): boolean {
    return this.body.headersSent;
  }

  get gone(): boolean {
    return this.body.destroyed || this.body.closed;
  }

  begin(status: number, headers: Record<string, string>): Writable {
    const fields = Object.entries(headers).filter(([name]) => !HTTP1_ONLY.has(name.toLowerCase()));
    this.body.respond({ ":status": status, ...Object.fromEntries(fields) });
    this.body.once("finish", () => this.#linger());
    return this.body;
  }

  cut(): void {
    this.body.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  /** A client that is cut off while it sends may throw the answer away: what still comes is taken for a while. */
  #linger(): void {
    const late = setTimeout(() => this.body.close(constants.NGHTTP2_NO_ERROR), this.#lingerMs);
    this.body.once("close", () => clearTimeout(late)).resume();
  }
}
