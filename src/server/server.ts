import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Logger } from "pino";
import { answerParseError } from "./answer.ts";
import { subprotocolsOf, TOKEN_SUBPROTOCOL } from "../channels/handshake.ts";
import { DEFAULT_WEB_SOCKET_LIMITS, type WebSocketLimits } from "../channels/limits.ts";
import { WebSocketChannel } from "../channels/ws.ts";
import type { LogStore } from "../contract/log.ts";
import type { Sessions } from "../contract/session.ts";
import { Guard, type GuardOptions } from "./guard.ts";
import { health, readiness } from "../pages/health.ts";
import { listSessions, showEvents, showSession } from "../pages/sessions.ts";
import { welcome } from "../pages/welcome.ts";
import { openAgentloop } from "../protocols/agentloop.ts";
import { Refusal } from "./refusal.ts";
import { RequestHandler, type Visit } from "./requests.ts";
import { type Door, type PageRoute, Routes } from "./routes.ts";

export interface ServerLimits extends WebSocketLimits {
  /** WebSockets that are open together. */
  clients: number;
  /** Of the path with its query. */
  targetBytes: number;
  headerBytes: number;
  bodyBytes: number;
  /** Until the headers are complete, and until the whole request is. */
  headersMs: number;
  requestMs: number;
  /** How long nothing may move on a plain connection while a request is answered. */
  stalledMs: number;
}

const DEFAULT_LIMITS: ServerLimits = {
  ...DEFAULT_WEB_SOCKET_LIMITS,
  clients: 1000,
  targetBytes: 8 * 1024,
  headerBytes: 16 * 1024,
  bodyBytes: 1024 * 1024,
  headersMs: 10_000,
  requestMs: 30_000,
  stalledMs: 60_000,
};

/** Plain connections that are open beside those of the clients. */
const SPARE_CONNECTIONS = 256;

export interface ServerOptions extends GuardOptions {
  /** 0: any that is free. */
  port: number;
  limits?: Partial<ServerLimits>;
  sessions: Sessions;
  doors: Door[];
  pages: PageRoute[];
  log: Logger;
}

/** What this server answers to. */
export const routeTable = (logs: LogStore): { doors: Door[]; pages: PageRoute[] } => ({
  doors: [
    { name: "agentloop", path: "/", open: openAgentloop },
    { name: "agentloop", path: "/ws", open: openAgentloop },
    { name: "agentloop", path: "/ws/{session_id}", open: openAgentloop },
  ],
  pages: [
    { method: "GET", path: "/", page: welcome, navigable: true },
    { method: "GET", path: "/sessions", page: listSessions(logs) },
    { method: "GET", path: "/sessions/{session_id}", page: showSession(logs) },
    { method: "GET", path: "/sessions/{session_id}/events", page: showEvents(logs) },
  ],
});

export const createServer = (options: ServerOptions): Server => new Server(options);

/** One port for everything. */
export class Server {
  readonly #options: ServerOptions;
  readonly #limits: ServerLimits;
  readonly #channel: WebSocketChannel;
  readonly #http: HttpServer;
  readonly #handler: RequestHandler;
  /** Also those that became WebSockets, which node:http lets go of. */
  readonly #sockets = new Set<Socket>();
  #draining = false;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#channel = new WebSocketChannel({ limits: this.#limits, log: options.log });
    this.#handler = new RequestHandler({
      guard: new Guard(options),
      routes: new Routes([...this.#probes(), ...options.pages], options.doors),
      limits: this.#limits,
      log: options.log,
      isDraining: () => this.#draining,
      admit: (visit) => this.#admit(visit),
    });
    this.#http = this.#createHttp();
  }

  /** Rejects with an error for people when the port cannot be had. */
  listen(): Promise<{ host: string; port: number }> {
    const { host, port } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<{ host: string; port: number }>();
    this.#http.once("error", (error) => reject(explain(error, host, port)));
    this.#http.listen({ host, port }, () => {
      // Such as too many open files: the server goes on with those whom it has.
      this.#http.on("error", (error) => this.#options.log.error({ err: error }, "the port failed"));
      resolve({ host, port: (this.#http.address() as AddressInfo).port });
    });
    return promise;
  }

  /** From now on /readyz answers 503 and no client is let in; those that are here stay. */
  drain(): void {
    this.#draining = true;
  }

  /** Drains, closes the clients with 1012, ends the connections as they become idle, and all others at the deadline. */
  async close({ deadlineMs }: { deadlineMs: number }): Promise<void> {
    this.drain();
    const deadline = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, deadlineMs);
    this.#channel.close("server_restart");
    await new Promise((resolve) => this.#http.close(resolve));
    clearTimeout(deadline);
  }

  #probes(): PageRoute[] {
    return [
      { method: "GET", path: "/health", page: health, probe: true },
      { method: "GET", path: "/livez", page: health, probe: true },
      { method: "GET", path: "/readyz", page: readiness(() => !this.#draining), probe: true },
    ];
  }

  async #admit({ info, query, params, open, ...upgrade }: Visit): Promise<void> {
    if (this.#draining) throw unavailable("stopping", "the server is stopping and takes no new clients");
    if (this.#channel.size >= this.#limits.clients) {
      throw unavailable(
        "too_many_clients",
        `the server has ${this.#limits.clients} clients already (MAX_CLIENTS)`,
      );
    }
    await this.#channel.accept(upgrade, { sessions: this.#options.sessions, info, query, params }, open);
  }

  #createHttp(): HttpServer {
    const { headersMs, requestMs, headerBytes, stalledMs, clients } = this.#limits;
    const http = createHttpServer({
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: Math.min(1000, headersMs),
      maxHeaderSize: headerBytes,
      // `curl --http2` asks for an upgrade that we do not have: it gets a plain answer.
      shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === "websocket",
    });
    http.timeout = stalledMs;
    http.maxConnections = clients + SPARE_CONNECTIONS;
    http.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    http.on("request", (request, response) => void this.#handler.answer(request, response));
    http.on("upgrade", (request, _stream, head) => {
      const bearer = subprotocolsOf(request).find((name) => name.startsWith(TOKEN_SUBPROTOCOL));
      void this.#handler.upgrade(request, head, bearer?.slice(TOKEN_SUBPROTOCOL.length));
    });
    http.on("clientError", (error, socket) => answerParseError(error, socket));
    return http;
  }
}

function explain(error: Error, host: string, port: number): Error {
  if (!("code" in error) || error.code !== "EADDRINUSE") return error;
  const message = `port ${port} is already in use on ${host}; set PORT or stop the other server`;
  return new Error(message, { cause: error });
}

const unavailable = (code: string, message: string) =>
  new Refusal({ status: 503, code, message, headers: { "Retry-After": "5" } });
