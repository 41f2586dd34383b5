import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type RawData, type ServerOptions, WebSocket, WebSocketServer } from "ws";
import { AgentError } from "../contract/error.ts";
import type { CloseReason, OpenProtocol } from "../contract/protocol.ts";
import { type ChannelParts, Client, type ConnectionFacts, type Speaker } from "./client.ts";
import { systemClock } from "./clock.ts";
import { FrameWatch } from "./frame-watch.ts";
import { chooseSubprotocol, connectProblem, handshakeProblem, subprotocolsOf } from "./handshake.ts";
import { DEFAULT_CHANNEL_LIMITS, type ChannelLimits } from "./limits.ts";

/** A request for a WebSocket, as node:http hands it over. */
export interface Upgrade {
  request: IncomingMessage;
  socket: Duplex;
  head: Buffer;
}

/** A request for a WebSocket by HTTP/2 (RFC 8441): its stream is the socket. */
export interface ConnectStream {
  stream: Duplex;
  /** Lower-case names. */
  headers: Readonly<Record<string, string | undefined>>;
  /** Begins the answer with these headers. */
  readonly begin: (headers: Record<string, string>) => void;
}

interface Admitted {
  client: Client;
  /** What the protocol adds to the answer. */
  headers: Record<string, string>;
  /** Bytes of one message. */
  limit: number;
}

interface WebSocketChannelOptions extends Pick<ChannelParts, "log">, Partial<Pick<ChannelParts, "clock">> {
  limits?: Partial<ChannelLimits>;
}

/** Moves frames between WebSockets and protocols. A binary message is read as text in UTF-8. */
export class WebSocketChannel {
  readonly #parts: ChannelParts;
  /** By the limit of a message. */
  readonly #servers = new Map<number, ReturnType<typeof createWebSocketServer>>();
  readonly #upgradeHeaders = new WeakMap<IncomingMessage, Record<string, string>>();
  readonly #clients = new Set<Client>();
  readonly #stopHeartbeat: () => void;

  constructor({ limits, log, clock = systemClock }: WebSocketChannelOptions) {
    this.#parts = { limits: { ...DEFAULT_CHANNEL_LIMITS, ...limits }, log, clock };
    this.#stopHeartbeat = clock.every(this.#parts.limits.pingIntervalMs, () => {
      for (const client of this.#clients) client.heartbeat();
    });
  }

  /** Clients that are connected or about to be. */
  get clients(): Iterable<Client> {
    return this.#clients;
  }

  get size(): number {
    return this.#clients.size;
  }

  /**
   * Completes the upgrade when the protocol has opened. Rejects with AgentError `invalid_message` for a bad handshake,
   * or with what the protocol refused the client with; the socket is then still the caller's, to say so.
   */
  async accept(
    { request, socket, head }: Upgrade,
    facts: ConnectionFacts,
    open: OpenProtocol,
  ): Promise<void> {
    refuse(handshakeProblem(request));
    await this.#admit(facts, open, ({ client, headers, limit }) => {
      this.#upgradeHeaders.set(request, headers);
      this.#serverFor(limit).handleUpgrade(request, socket, head, (webSocket) =>
        this.#attach(client, webSocket, { socket, limit }),
      );
    });
  }

  /** The same for one by HTTP/2. */
  async acceptStream(
    { stream, headers, begin }: ConnectStream,
    facts: ConnectionFacts,
    open: OpenProtocol,
  ): Promise<void> {
    refuse(connectProblem({ headers }));
    await this.#admit(facts, open, ({ client, headers: own, limit }) => {
      const subprotocol = chooseSubprotocol(subprotocolsOf({ headers }));
      const { options } = this.#serverFor(limit);
      begin({ ...own, ...(subprotocol !== false && { "Sec-WebSocket-Protocol": subprotocol }) });
      const webSocket = new AcceptedWebSocket(null, undefined, options);
      webSocket.setSocket(stream, Buffer.alloc(0), options);
      this.#attach(client, webSocket, { socket: stream, limit });
    });
  }

  async #admit(
    facts: ConnectionFacts,
    open: OpenProtocol,
    complete: (admitted: Admitted) => void,
  ): Promise<void> {
    const client = new Client(facts, this.#parts, () => this.#clients.delete(client));
    this.#clients.add(client);
    try {
      const { protocol, headers, messageBytes = 0 } = await open(client);
      client.join(protocol);
      complete({ client, headers, limit: Math.max(messageBytes, this.#parts.limits.messageBytes) });
    } finally {
      // Refused, or the client has left in the meantime.
      if (!client.started) client.leave();
    }
  }

  #serverFor(messageBytes: number): ReturnType<typeof createWebSocketServer> {
    const known = this.#servers.get(messageBytes);
    if (known) return known;
    const server = createWebSocketServer({ ...this.#parts.limits, messageBytes });
    server.on("headers", (lines, request) => {
      const headers = Object.entries(this.#upgradeHeaders.get(request) ?? {});
      lines.push(...headers.map(([name, value]) => `${name}: ${value}`));
    });
    this.#servers.set(messageBytes, server);
    return server;
  }

  #attach(
    client: Client,
    webSocket: AnsweringWebSocket,
    { socket, limit }: { socket: Duplex; limit: number },
  ): void {
    const watch = new FrameWatch(limit);
    socket.prependListener("data", (chunk: Buffer) => watch.take(chunk));
    webSocket.beforeClose = () => {
      const head = watch.oversizedHead;
      if (head !== undefined) client.oversized(head);
    };
    webSocket.on("message", (data) => client.receive(textOf(data)));
    webSocket.on("ping", () => client.pinged());
    webSocket.on("pong", () => client.ponged());
    webSocket.on("close", () => client.leave());
    webSocket.on("error", (error) =>
      this.#parts.log.debug({ client: client.info.id, err: error }, "WebSocket failed"),
    );
    client.start(speakerOf(webSocket), socket);
  }

  /** Asks all clients to leave. */
  close(reason: CloseReason): void {
    this.#stopHeartbeat();
    for (const client of this.#clients) client.end(reason);
  }
}

function refuse(problem: string | undefined): void {
  if (problem !== undefined) throw new AgentError("invalid_message", problem);
}

const CLOSE_CODES: Record<CloseReason, number> = {
  session_ended: 1000,
  rate_limited: 1008,
  unauthorized: 1008,
  unknown_session: 1008,
  message_too_large: 1009,
  internal: 1011,
  server_restart: 1012,
  too_slow: 1013,
  too_many: 1013,
};

const speakerOf = (webSocket: WebSocket): Speaker => ({
  get bufferedAmount() {
    return webSocket.bufferedAmount;
  },
  send: (frame) => webSocket.send(frame),
  ping: () => webSocket.ping(),
  close: (reason) => webSocket.close(CLOSE_CODES[reason], reason),
  terminate: () => webSocket.terminate(),
});

/** The library closes a connection with 1009 without a word; this one lets us speak before. */
class AnsweringWebSocket extends WebSocket {
  beforeClose: (() => void) | undefined;
  /** What the library's server calls when it has answered. Its documentation does not tell of it: the tests hold it. */
  declare setSocket: (socket: Duplex, head: Buffer, options: ServerOptions) => void;

  override close(code?: number, reason?: string | Buffer): void {
    this.beforeClose?.();
    super.close(code, reason);
  }
}

/** As the library's server makes it: with its options and no address. */
const AcceptedWebSocket: new (
  address: null,
  protocols: undefined,
  options: ServerOptions,
) => AnsweringWebSocket = AnsweringWebSocket;

function createWebSocketServer(limits: ChannelLimits) {
  const options = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.messageBytes,
    // Small pieces cost more memory than their bytes.
    maxFragments: 1024,
    maxBufferedChunks: Math.max(4096, Math.ceil(limits.messageBytes / 256)),
    closeTimeout: limits.closeTimeoutMs,
    handleProtocols: chooseSubprotocol,
    WebSocket: AnsweringWebSocket,
  };
  return new WebSocketServer(options);
}

function textOf(data: RawData): string {
  if (Buffer.isBuffer(data)) return data.toString();
  return (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)).toString();
}
