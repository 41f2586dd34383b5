import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Logger } from "pino";
import { prepareHeaders, responseOn, sendPage, sendRefusal } from "./answer.ts";
import { readBody } from "./body.ts";
import type { OpenProtocol } from "../contract/protocol.ts";
import type { ClientInfo } from "../contract/session.ts";
import type { Guard } from "./guard.ts";
import { Refusal, toRefusal } from "./refusal.ts";
import type { Destination, PageRoute, Routes } from "./routes.ts";

/** Where a request goes, as it was sent. */
interface Target {
  path: string;
  query: URLSearchParams;
}

/** Someone who comes in by a door. */
export interface Visit {
  request: IncomingMessage;
  socket: Socket;
  head: Buffer;
  info: ClientInfo;
  query: URLSearchParams;
  params: Record<string, string>;
  open: OpenProtocol;
}

interface RequestHandlerParts {
  guard: Guard;
  routes: Routes;
  limits: { targetBytes: number; bodyBytes: number };
  log: Logger;
  /** The server takes no new clients. */
  isDraining: () => boolean;
  /** Lets a client in, or rejects with the reason why not; then the socket is still ours. */
  admit: (visit: Visit) => Promise<void>;
}

/** Answers what comes to the port: the guard first, then the routes. */
export class RequestHandler {
  readonly #parts: RequestHandlerParts;

  constructor(parts: RequestHandlerParts) {
    this.#parts = parts;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      this.#prepare(response);
      const target = this.#checked(request, undefined);
      const destination = this.#parts.routes.find(target.path);
      if (request.method === "OPTIONS") return sendAllowed(response, destination);
      await this.#sendPage(response, pageFor(request, destination), {
        ...target,
        params: destination.params,
      });
    } catch (error) {
      this.#refuse(response, error);
    }
  }

  /** `subprotocolToken`: what came as the subprotocol `bearer.<token>`. */
  async upgrade(request: IncomingMessage, head: Buffer, subprotocolToken?: string): Promise<void> {
    const { socket } = request;
    // node:http has let go of it, and an error that nobody hears ends the process.
    socket.on("error", () => socket.destroy());
    try {
      const { path, query } = this.#checked(request, subprotocolToken);
      const { door, params } = this.#parts.routes.find(path);
      if (door === undefined) {
        throw new Refusal({ status: 404, code: "not_found", message: "there is no WebSocket at this path" });
      }
      const info = { id: randomUUID(), door: door.name, ...peerOf(socket) };
      await this.#parts.admit({ request, socket, head, info, query, params, open: door.open });
    } catch (error) {
      if (socket.destroyed) return;
      const response = responseOn(request, socket);
      this.#prepare(response);
      this.#refuse(response, error);
    }
  }

  #prepare(response: ServerResponse): void {
    prepareHeaders(response, this.#parts.guard.corsHeaders(response.req));
    // A connection that is kept would hold up the end.
    if (this.#parts.isDraining()) response.setHeader("Connection", "close");
  }

  #checked(request: IncomingMessage, subprotocolToken: string | undefined): Target {
    const target = readTarget(request, this.#parts.limits.targetBytes);
    this.#parts.guard.check(request, {
      probe: this.#parts.routes.isProbe(target.path),
      navigable: this.#parts.routes.isNavigable(target.path),
      preflight:
        request.method === "OPTIONS" && request.headers["access-control-request-method"] !== undefined,
      subprotocolToken,
    });
    return target;
  }

  async #sendPage(
    response: ServerResponse,
    { page, method }: PageRoute,
    { path, query, params }: Target & Pick<Destination, "params">,
  ): Promise<void> {
    const { req: request } = response;
    const body = method === "GET" ? "" : await readBody(request, this.#parts.limits.bodyBytes);
    const headers = Object.fromEntries(
      Object.entries(request.headersDistinct).map(([name, values]) => [name, values?.join(", ")]),
    );
    await sendPage(response, await page({ method, path, params, query, headers, body }));
  }

  #refuse(response: ServerResponse, error: unknown): void {
    if (response.req.socket.destroyed) return;
    if (response.headersSent) {
      // Too late for words: whoever reads the answer sees that it was cut off.
      this.#parts.log.error({ err: error }, "an answer was cut off");
      response.destroy();
      return;
    }
    const refusal = toRefusal(error, this.#parts.log);
    const { method, socket } = response.req;
    this.#parts.log.debug({ method, code: refusal.code, ...peerOf(socket) }, "a request was refused");
    sendRefusal(response, refusal);
  }
}

function readTarget({ url = "" }: IncomingMessage, limit: number): Target {
  if (url.length > limit) {
    throw new Refusal({
      status: 414,
      code: "target_too_long",
      message: `expected a path and query of at most ${limit} bytes`,
    });
  }
  if (!url.startsWith("/")) {
    throw new Refusal({ status: 400, code: "bad_request", message: "expected a path that begins with /" });
  }
  const start = url.indexOf("?");
  const path = start < 0 ? url : url.slice(0, start);
  return { path, query: new URLSearchParams(start < 0 ? "" : url.slice(start + 1)) };
}

function pageFor({ method }: IncomingMessage, destination: Destination): PageRoute {
  const { pages, door } = destination;
  const wanted = method === "HEAD" ? "GET" : method;
  const page = pages.find((row) => row.method === wanted);
  if (page !== undefined) return page;
  if (door !== undefined && wanted === "GET") {
    const headers = { Upgrade: "websocket", Connection: "Upgrade" };
    throw new Refusal({
      status: 426,
      code: "upgrade_required",
      message: "expected a request for a WebSocket",
      headers,
    });
  }
  const headers = { Allow: allowed(destination) };
  throw new Refusal({
    status: 405,
    code: "method_not_allowed",
    message: `expected one of ${headers.Allow}`,
    headers,
  });
}

function sendAllowed(response: ServerResponse, destination: Destination): void {
  const methods = allowed(destination);
  const cors = response.hasHeader("Access-Control-Allow-Origin")
    ? {
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID",
        "Access-Control-Max-Age": "600",
      }
    : {};
  response.writeHead(204, { Allow: methods, ...cors }).end();
}

function allowed({ pages, door }: Destination): string {
  const methods = new Set<string>(pages.map(({ method }) => method));
  if (door !== undefined) methods.add("GET");
  return [...methods, ...(methods.has("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ");
}

const peerOf = ({ remoteAddress }: Socket): Pick<ClientInfo, "peer"> =>
  remoteAddress === undefined ? {} : { peer: remoteAddress };
