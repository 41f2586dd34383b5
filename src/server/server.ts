import { createServer as createHttpServer, type Server as HttpServer, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import { answerParseError } from "./answer.ts";
import { WEB_FOLDER } from "../built-files.ts";
import { BrowserSessions } from "./browser-sessions.ts";
import { DEFAULT_CHANNEL_LIMITS, type ChannelLimits } from "../channels/limits.ts";
import { Http2Channel } from "../channels/http2.ts";
import { SseChannel } from "../channels/sse.ts";
import { WebSocketChannel } from "../channels/ws.ts";
import type { AuditStore } from "../contract/log.ts";
import type { Sessions } from "../contract/session.ts";
import { Guard, type GuardOptions } from "./guard.ts";
import { DEFAULT_HTTP2_LIMITS, type Http2Limits, Http2Part } from "./http2.ts";
import { documents } from "./description.ts";
import { descriptionPages } from "../pages/description.ts";
import { health, readiness } from "../pages/health.ts";
import { type Metrics, metricsPage, noMetrics } from "../pages/metrics.ts";
import { listModels, type OfferedModels } from "../pages/models.ts";
import { recordPages } from "../pages/records.ts";
import { toUi, ui } from "../pages/ui.ts";
import { isBrowser, welcome } from "../pages/welcome.ts";
import { openAgentloop } from "../protocols/agentloop.ts";
import { Port, type PortOptions } from "./port.ts";
import { Refusal } from "./refusal.ts";
import { type Admission, RequestHandler, type Visit } from "./requests.ts";
import { type Door, type PageRoute, Routes } from "./routes.ts";
import { signInPages } from "./sign-in.ts";
import { type StreamDoorOptions, streamDoors } from "./stream-doors.ts";

export interface ServerLimits extends ChannelLimits, Http2Limits {
  /** Clients that are connected together, by all doors. */
  clients: number;
  /** How often clients that come by HTTP/2 are sent a heartbeat. */
  http2HeartbeatMs: number;
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
  ...DEFAULT_CHANNEL_LIMITS,
  ...DEFAULT_HTTP2_LIMITS,
  http2HeartbeatMs: 30_000,
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

export interface ServerOptions extends GuardOptions, Pick<PortOptions, "port" | "tls"> {
  limits?: Partial<ServerLimits>;
  sessions: Sessions;
  doors: Door[];
  pages: PageRoute[];
  log: Logger;
}

interface RouteOptions extends StreamDoorOptions {
  models: OfferedModels;
  metrics?: Metrics;
  basePath?: string;
}

/** What this server answers to. */
export const routeTable = (
  store: AuditStore,
  sessions: Sessions,
  { models, metrics = noMetrics, basePath, ...options }: RouteOptions = { sseIdleMs: 600_000, models: [] },
): { doors: Door[]; pages: PageRoute[] } => {
  const streams = streamDoors(sessions, options);
  const doors = [
    { name: "agentloop", path: "/", open: openAgentloop },
    { name: "agentloop", path: "/ws", open: openAgentloop },
    { name: "agentloop", path: "/ws/{session_id}", open: openAgentloop },
    ...streams.doors,
  ];
  const shell = { method: "GET", navigable: true, open: () => true } as const;
  const pages: PageRoute[] = [
    { method: "GET", path: "/", page: welcome(basePath), navigable: true, open: isBrowser },
    { ...shell, path: "/ui", page: toUi },
    { ...shell, path: "/ui/*", page: ui(WEB_FOLDER, basePath) },
    { method: "GET", path: "/models", page: listModels(models) },
    { method: "GET", path: "/metrics", page: metricsPage(metrics) },
    ...recordPages(store, sessions),
    ...descriptionPages(documents).map((row) => ({ ...row, ...shell })),
    ...streams.pages,
  ];
  return { doors, pages };
};

export const createServer = (options: ServerOptions): Server => new Server(options);

/** Everything on one port: the guard, the routes, and the channels by which clients stay. */
export class Server {
  readonly routes: Routes;
  readonly #options: ServerOptions;
  readonly #limits: ServerLimits;
  readonly #channels: { webSocket: WebSocketChannel; http2: Http2Channel; events: SseChannel };
  readonly #handler: RequestHandler;
  readonly #http2: Http2Part;
  readonly #port: Port;
  #draining = false;

  constructor(options: ServerOptions) {
    const { log, basePath = "" } = options;
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    const browsers = new BrowserSessions(options.authToken, basePath);
    this.#options = options;
    this.#limits = limits;
    this.#channels = {
      webSocket: new WebSocketChannel({ limits, log }),
      http2: new Http2Channel({ limits: { ...limits, pingIntervalMs: limits.http2HeartbeatMs }, log }),
      events: new SseChannel({ limits, log }),
    };
    this.routes = new Routes(
      [...this.#probes(), ...signInPages({ authToken: options.authToken, browsers, log }), ...options.pages],
      options.doors,
      basePath,
    );
    this.#handler = new RequestHandler({
      guard: new Guard(options, browsers),
      routes: this.routes,
      basePath,
      limits,
      log,
      isDraining: () => this.#draining,
      admission: this.#admission(),
    });
    this.#http2 = new Http2Part(limits, log);
    this.#http2.server.on("stream", (stream, headers) => void this.#handler.http2(stream, headers));
    this.#port = new Port({
      ...options,
      maxConnections: limits.clients + SPARE_CONNECTIONS,
      firstBytesMs: limits.headersMs,
      http1: this.#createHttp1(),
      http2: this.#http2.server,
    });
  }

  /** Those who are connected, by whatever channel. */
  clients(): { door: string; waitingBytes: number }[] {
    return Object.values(this.#channels).flatMap(({ clients }) =>
      [...clients].map(({ info, waitingBytes }) => ({ door: info.door, waitingBytes })),
    );
  }

  /** Rejects with an error for people when the port cannot be had. */
  listen(): Promise<{ host: string; port: number }> {
    return this.#port.listen();
  }

  /** From now on /readyz answers 503 and no client is let in; those that are here stay. */
  drain(): void {
    this.#draining = true;
  }

  /** Drains, tells the clients to leave, ends the connections as they become idle, and all others at the deadline. */
  async close({ deadlineMs }: { deadlineMs: number }): Promise<void> {
    this.drain();
    for (const channel of Object.values(this.#channels)) channel.close("server_restart");
    this.#http2.close();
    await this.#port.close(deadlineMs);
  }

  #probes(): PageRoute[] {
    return [
      { method: "GET", path: "/health", page: health, probe: true },
      { method: "GET", path: "/livez", page: health, probe: true },
      { method: "GET", path: "/readyz", page: readiness(() => !this.#draining), probe: true },
    ];
  }

  #admission(): Admission {
    const { webSocket, http2, events } = this.#channels;
    return {
      webSocket: async (visit, open, request) => {
        if ("stream" in request) await webSocket.acceptStream(request, this.#letIn(visit), open);
        else await webSocket.accept(request, this.#letIn(visit), open);
      },
      http2: async (visit, open, stream) => await http2.accept(stream, this.#letIn(visit), open),
      events: async (visit, answer, begin) => await events.accept(this.#letIn(visit), answer, begin),
    };
  }

  /** Throws Refusal when there is no room. */
  #letIn(visit: Visit) {
    if (this.#draining) throw unavailable("stopping", "the server is stopping and takes no new clients");
    const { clients } = this.#limits;
    const present = Object.values(this.#channels).reduce((sum, { size }) => sum + size, 0);
    if (present >= clients) {
      throw unavailable("too_many_clients", `the server has ${clients} clients already (MAX_CLIENTS)`);
    }
    return { ...visit, sessions: this.#options.sessions };
  }

  #createHttp1(): HttpServer {
    const { headersMs, requestMs, headerBytes, stalledMs } = this.#limits;
    const http = createHttpServer({
      headersTimeout: Math.min(headersMs, requestMs),
      requestTimeout: requestMs,
      connectionsCheckingInterval: Math.min(1000, headersMs),
      maxHeaderSize: headerBytes,
      // `curl --http2` asks for an upgrade that we do not have: it gets a plain answer.
      shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === "websocket",
    });
    http.timeout = stalledMs;
    const answers = new WeakMap<Duplex, ServerResponse>();
    http.on("request", ({ socket }, response) => {
      answers.set(socket, response);
      void this.#handler.http1(response);
    });
    http.on("upgrade", (request, _stream, head) => void this.#handler.upgrade(request, head));
    http.on("clientError", (error, socket) => {
      const { headersSent = false, writableFinished = true } = answers.get(socket) ?? {};
      // Nothing can be said in the midst of an answer.
      if (headersSent && !writableFinished) socket.destroy();
      else answerParseError(error, socket);
    });
    return http;
  }
}

const unavailable = (code: string, message: string) =>
  new Refusal({ status: 503, code, message, headers: { "Retry-After": "5" } });
