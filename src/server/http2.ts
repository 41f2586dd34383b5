import { constants, createServer, type Http2Server, type ServerHttp2Session } from "node:http2";
import type { Logger } from "pino";
import { type Clock, systemClock } from "../channels/clock.ts";
import { TokenBucket } from "../channels/token-bucket.ts";

export interface Http2Limits {
  /** Streams of one connection that are open together. */
  streams: number;
  /** Streams that one connection may open a second; twice as many at once. */
  streamsPerSecond: number;
  /** PING and SETTINGS frames of one connection a second; twice as many at once. */
  controlsPerSecond: number;
  /** How long a connection may be there without a stream. */
  http2IdleMs: number;
}

export const DEFAULT_HTTP2_LIMITS: Http2Limits = {
  streams: 256,
  streamsPerSecond: 256,
  controlsPerSecond: 10,
  http2IdleMs: 30_000,
};

/** The part of the port that speaks HTTP/2; it never listens itself. */
export class Http2Part {
  readonly server: Http2Server;
  readonly #limits: Http2Limits;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #sessions = new Set<ServerHttp2Session>();

  constructor(limits: Http2Limits & { headerBytes: number }, log: Logger, clock = systemClock) {
    this.#limits = limits;
    this.#log = log;
    this.#clock = clock;
    this.server = createServer({
      settings: {
        maxConcurrentStreams: limits.streams,
        maxHeaderListSize: limits.headerBytes,
        enablePush: false,
        // A WebSocket may be a stream (RFC 8441).
        enableConnectProtocol: true,
      },
      maxHeaderListPairs: 100,
      maxSessionInvalidFrames: 10,
      maxSessionRejectedStreams: limits.streams,
      // Streams that the client takes back as soon as it has opened them.
      streamResetBurst: 2 * limits.streams,
      streamResetRate: limits.streams,
    });
    this.server.on("session", (session) => this.#watch(session));
    this.server.on("sessionError", (error) => log.debug({ err: error }, "an HTTP/2 connection failed"));
  }

  /** Tells the clients that no more streams are taken; each connection ends with its last one. */
  close(): void {
    for (const session of this.#sessions) session.close();
  }

  #watch(session: ServerHttp2Session): void {
    const { streamsPerSecond, controlsPerSecond, http2IdleMs } = this.#limits;
    const streams = new TokenBucket(streamsPerSecond, this.#clock);
    const controls = new TokenBucket(controlsPerSecond, this.#clock);
    let open = 0;
    const endWhenIdle = () => setTimeout(() => session.destroy(), http2IdleMs);
    let idle = endWhenIdle();
    const count = (bucket: TokenBucket, what: string) => {
      if (!bucket.take()) this.#endFlood(session, what);
    };
    this.#sessions.add(session);
    session.on("ping", () => count(controls, "PING"));
    session.on("remoteSettings", () => count(controls, "SETTINGS"));
    session.on("stream", (stream) => {
      clearTimeout(idle);
      open += 1;
      // Ended with its connection, it may not have been answered: an error that nobody hears ends the process.
      stream.on("error", (error) => this.#log.debug({ err: error }, "an HTTP/2 stream failed"));
      stream.once("close", () => {
        open -= 1;
        if (open === 0 && !session.destroyed) idle = endWhenIdle();
      });
      count(streams, "streams");
    });
    session.once("close", () => {
      clearTimeout(idle);
      this.#sessions.delete(session);
    });
  }

  #endFlood(session: ServerHttp2Session, what: string): void {
    if (session.destroyed) return;
    this.#log.warn({ peer: session.socket.remoteAddress }, `an HTTP/2 connection sent too many ${what}`);
    session.destroy(new Error(`too many ${what}`), constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }
}
