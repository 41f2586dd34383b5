import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Writable } from "node:stream";
import type { Logger } from "pino";
import { answerHeaders, headersTooLarge, responseOn, sendPage, sendRefusal } from "./answer.ts";
import { tokenIn } from "../channels/handshake.ts";
import type { ConnectStream, Upgrade } from "../channels/ws.ts";
import { readBody } from "./body.ts";
import { type Exchange, headOfHttp1, Http1Exchange, Http2Exchange, type RequestHead } from "./exchange.ts";
import type { EventAnswer, PageAnswer } from "../contract/page.ts";
import type { OpenProtocol } from "../contract/protocol.ts";
import type { ClientInfo } from "../contract/session.ts";
import type { Guard } from "./guard.ts";
import { Refusal, toRefusal } from "./refusal.ts";
import {
  allowedMethods,
  type Destination,
  type Door,
  type PageRoute,
  pageFor,
  type Routes,
} from "./routes.ts";

/** Where a request goes, as it was sent. */
interface Target {
  path: string;
  query: URLSearchParams;
}

/** Someone who comes in by a door. */
export interface Visit {
  info: ClientInfo;
  query: URLSearchParams;
  params: Record<string, string>;
}

/** Begins the answer to a visit, with these headers and those of every answer. */
type BeginAnswer = (headers: Record<string, string>) => Writable;

/** Lets clients in. Each rejects with the reason why not, and then the request is still to be answered. */
export interface Admission {
  webSocket(visit: Visit, open: OpenProtocol, request: Upgrade | ConnectStream): Promise<void>;
  http2(visit: Visit, open: OpenProtocol, stream: AgentStream): Promise<void>;
  events(visit: Visit, answer: EventAnswer, begin: BeginAnswer): Promise<void>;
}

/** Whether a WebSocket is asked for, and the token that came with that as a subprotocol. */
interface Upgrading {
  upgrades: boolean;
  subprotocolToken: string | undefined;
}

interface AgentStream {
  stream: ServerHttp2Stream;
  contentType: string;
  begin: BeginAnswer;
}

interface RequestHandlerParts {
  guard: Guard;
  routes: Routes;
  basePath: string;
  limits: {
    targetBytes: number;
    headerBytes: number;
    bodyBytes: number;
    requestMs: number;
    stalledMs: number;
  };
  log: Logger;
  /** The server takes no new clients. */
  isDraining: () => boolean;
  admission: Admission;
}

/** Answers what comes to the port: the guard first, then the routes. */
export class RequestHandler {
  readonly #parts: RequestHandlerParts;

  constructor(parts: RequestHandlerParts) {
    this.#parts = parts;
  }

  async http1(response: ServerResponse): Promise<void> {
    const exchange = new Http1Exchange(response);
    await this.#answer(exchange, (target, destination) => this.#sendPage(exchange, target, destination));
  }

  async http2(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    const exchange = new Http2Exchange(stream, headers, this.#parts.limits.requestMs);
    if (headers[":protocol"] === "websocket") return await this.#connect(exchange, headers);
    await this.#answer(exchange, async (target, destination) => {
      checkHeaderBytes(headers, this.#parts.limits.headerBytes);
      const { door, params } = destination;
      if (door?.over !== "http2" || exchange.method !== "POST") {
        stream.setTimeout(this.#parts.limits.stalledMs, () => exchange.cut());
        return await this.#sendPage(exchange, target, destination);
      }
      const contentType = exchange.headers["content-type"] ?? "";
      const begin = this.#beginner(exchange);
      const visit = { info: infoOf(door.name, exchange), query: target.query, params };
      await this.#parts.admission.http2(visit, door.open, { stream, contentType, begin });
    });
  }

  async upgrade(request: IncomingMessage, head: Buffer): Promise<void> {
    const { socket } = request;
    // node:http has let go of it, and an error that nobody hears ends the process.
    socket.on("error", () => socket.destroy());
    try {
      const { visit, open } = this.#webSocketVisit(headOfHttp1(request));
      await this.#parts.admission.webSocket(visit, open, { request, socket, head });
    } catch (error) {
      if (socket.destroyed) return;
      this.#refuse(new Http1Exchange(responseOn(request, socket)), error);
    }
  }

  /** A WebSocket on a stream of HTTP/2 (RFC 8441). */
  async #connect(exchange: Http2Exchange, headers: IncomingHttpHeaders): Promise<void> {
    try {
      checkHeaderBytes(headers, this.#parts.limits.headerBytes);
      const { visit, open } = this.#webSocketVisit(exchange);
      const { body: stream, headers: fields } = exchange;
      const begin = this.#beginner(exchange);
      await this.#parts.admission.webSocket(visit, open, { stream, headers: fields, begin });
    } catch (error) {
      this.#refuse(exchange, error);
    }
  }

  #webSocketVisit(head: RequestHead): { visit: Visit; open: OpenProtocol } {
    const { path, query } = this.#checked(head, { upgrades: true, subprotocolToken: tokenIn(head) });
    const { door, params } = this.#parts.routes.find(path, head.headers);
    if (door === undefined || door.over === "http2") {
      throw new Refusal({ status: 404, code: "not_found", message: "there is no WebSocket at this path" });
    }
    return { visit: { info: infoOf(door.name, head), query, params }, open: door.open };
  }

  async #answer(
    exchange: Exchange,
    go: (target: Target, destination: Destination) => Promise<void>,
  ): Promise<void> {
    try {
      const target = this.#checked(exchange, { upgrades: false, subprotocolToken: undefined });
      const destination = this.#parts.routes.find(target.path);
      if (exchange.method === "OPTIONS") this.#sendAllowed(exchange, destination);
      else await go(target, destination);
    } catch (error) {
      this.#refuse(exchange, error);
    }
  }

  /** What every answer to this client has. */
  #commonHeaders(head: RequestHead): Record<string, string> {
    // A connection that is kept would hold up the end.
    const connection = this.#parts.isDraining() ? { Connection: "close" } : {};
    return { ...this.#parts.guard.corsHeaders(head), ...connection };
  }

  #checked(head: RequestHead, { upgrades, subprotocolToken }: Upgrading): Target {
    const { method, headers } = head;
    const target = readTarget(head.target, this.#parts.limits.targetBytes);
    const rows = this.#parts.routes.pagesAt(target.path);
    this.#parts.guard.check(head, {
      probe: rows.some(({ probe }) => probe === true),
      navigable: rows.some(({ navigable }) => navigable === true),
      open: !upgrades && rows.some(({ open }) => open?.(headers) === true),
      reads: !upgrades && ["GET", "HEAD"].includes(method) && rows.every(({ door }) => door === undefined),
      preflight: method === "OPTIONS" && headers["access-control-request-method"] !== undefined,
      subprotocolToken,
    });
    return target;
  }

  async #sendPage(exchange: Exchange, { query }: Target, destination: Destination): Promise<void> {
    const { path, params } = destination;
    const route = pageFor(exchange.method, destination);
    const body = route.method === "GET" ? "" : await readBody(exchange, this.#parts.limits);
    const { method, page } = route;
    const { headers, peer } = exchange;
    const request = { method, path, params, query, headers, body, ...(peer !== undefined && { peer }) };
    const answer = await page(request);
    if (!("open" in answer))
      return await sendPage(exchange, this.#located(answer), this.#commonHeaders(exchange));
    await this.#sendEvents(exchange, { info: infoOf(doorOf(route), exchange), query, params }, answer);
  }

  /** Pages do not know what the server's paths begin with. */
  #located(answer: PageAnswer): PageAnswer {
    const { Location: place } = answer.headers ?? {};
    if (place?.startsWith("/") !== true) return answer;
    return { ...answer, headers: { ...answer.headers, Location: this.#parts.basePath + place } };
  }

  async #sendEvents(exchange: Exchange, visit: Visit, answer: EventAnswer): Promise<void> {
    const begin = this.#beginner(exchange);
    if (exchange.method === "HEAD") return void begin({ "Content-Type": "text/event-stream" }).end();
    await this.#parts.admission.events(visit, answer, begin);
  }

  #beginner(exchange: Exchange): BeginAnswer {
    return (headers) => exchange.begin(200, answerHeaders(this.#commonHeaders(exchange), headers));
  }

  #sendAllowed(exchange: Exchange, destination: Destination): void {
    const methods = allowedMethods(destination);
    const common = this.#commonHeaders(exchange);
    const cors =
      common["Access-Control-Allow-Origin"] === undefined
        ? {}
        : {
            "Access-Control-Allow-Methods": methods,
            "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID",
            "Access-Control-Max-Age": "600",
          };
    exchange.begin(204, answerHeaders(common, { Allow: methods, ...cors })).end();
  }

  #refuse(exchange: Exchange, error: unknown): void {
    if (exchange.gone) return;
    if (exchange.begun) {
      // Too late for words: whoever reads the answer sees that it was cut off.
      this.#parts.log.error({ err: error }, "an answer was cut off");
      exchange.cut();
      return;
    }
    const refusal = toRefusal(error, this.#parts.log);
    const { method, peer } = exchange;
    this.#parts.log.debug({ method, code: refusal.code, peer }, "a request was refused");
    sendRefusal(exchange, refusal, this.#commonHeaders(exchange));
  }
}

function readTarget(target: string, limit: number): Target {
  if (target.length > limit) {
    throw new Refusal({
      status: 414,
      code: "target_too_long",
      message: `expected a path and query of at most ${limit} bytes`,
    });
  }
  if (!target.startsWith("/")) {
    throw new Refusal({ status: 400, code: "bad_request", message: "expected a path that begins with /" });
  }
  const start = target.indexOf("?");
  const path = start < 0 ? target : target.slice(0, start);
  return { path, query: new URLSearchParams(start < 0 ? "" : target.slice(start + 1)) };
}

/** What was announced to the client binds it only when it has heard of it. */
function checkHeaderBytes(headers: IncomingHttpHeaders, limit: number): void {
  const bytes = Object.entries(headers).reduce(
    (sum, [name, value]) => sum + name.length + String(value).length,
    0,
  );
  if (bytes > limit) throw headersTooLarge();
}

const doorOf = ({ door, path }: PageRoute): Door["name"] => door ?? path;

const infoOf = (door: string, { peer }: RequestHead): ClientInfo => ({
  id: randomUUID(),
  door,
  ...(peer !== undefined && { peer }),
});
