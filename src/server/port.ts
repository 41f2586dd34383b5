import type { Server as HttpServer } from "node:http";
import type { Http2Server } from "node:http2";
import {
  type AddressInfo,
  createServer as createPlainServer,
  type Server as NetServer,
  type Socket,
} from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Logger } from "pino";
import { answerParseError } from "./answer.ts";

/** With this every HTTP/2 connection begins (RFC 9113, section 3.4). */
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export interface PortOptions {
  host: string;
  /** 0: the system chooses one. */
  port: number;
  /** In PEM. With them the port speaks nothing but TLS. */
  tls?: { key: string | Buffer; cert: string | Buffer } | undefined;
  maxConnections: number;
  /** How long a connection may take to show what it speaks. */
  firstBytesMs: number;
  /** They never listen themselves. */
  http1: HttpServer;
  http2: Http2Server;
  log: Logger;
}

/** One port for HTTP/1.1 and HTTP/2: the first bytes of a connection tell which of the two it is. */
export class Port {
  readonly #options: PortOptions;
  readonly #listener: NetServer;
  /** Also those that became WebSockets, which node:http lets go of. */
  readonly #sockets = new Set<Socket>();

  constructor(options: PortOptions) {
    this.#options = options;
    this.#listener = this.#createListener();
    this.#listener.maxConnections = options.maxConnections;
    this.#listener.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    // The deadlines of node:http run in a server that listens; this one is only told so.
    options.http1.emit("listening");
  }

  /** Rejects with an error for people when the port cannot be had. */
  listen(): Promise<{ host: string; port: number }> {
    const { host, port, log } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<{ host: string; port: number }>();
    this.#listener.once("error", (error) => reject(explain(error, host, port)));
    this.#listener.listen({ host, port }, () => {
      // Such as too many open files: the server goes on with those whom it has.
      this.#listener.on("error", (error) => log.error({ err: error }, "the port failed"));
      resolve({ host, port: (this.#listener.address() as AddressInfo).port });
    });
    return promise;
  }

  /** Takes no more connections; resolves when those that there are have ended, by themselves or at the deadline. */
  async close(deadlineMs: number): Promise<void> {
    const deadline = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, deadlineMs);
    const closed = new Promise((resolve) => this.#listener.close(resolve));
    // It never listened, and says so; what matters is that it lets go of its idle connections and its timer.
    this.#options.http1.close(() => undefined);
    await closed;
    clearTimeout(deadline);
  }

  #createListener(): NetServer {
    const { tls, firstBytesMs } = this.#options;
    const sniff = (socket: Socket) => this.#sniff(socket);
    if (tls === undefined) return createPlainServer({ allowHalfOpen: true, noDelay: true }, sniff);
    const options = {
      ...tls,
      ALPNProtocols: ["h2", "http/1.1"],
      handshakeTimeout: firstBytesMs,
      noDelay: true,
    };
    return createTlsServer(options, sniff).on("tlsClientError", (error, socket) => {
      this.#options.log.debug({ err: error, peer: socket.remoteAddress }, "a TLS handshake failed");
      socket.destroy();
    });
  }

  #sniff(socket: Socket): void {
    const { http1, http2, firstBytesMs } = this.#options;
    let seen: Buffer = Buffer.alloc(0);
    const give = (server: NetServer) => {
      clearTimeout(late);
      socket.off("readable", look).off("error", fail).off("end", fail);
      if (seen.length > 0) socket.unshift(seen);
      server.emit("connection", socket);
    };
    const fail = () => socket.destroy();
    const look = () => {
      const chunk: Buffer | null = socket.read();
      if (chunk === null) return;
      seen = Buffer.concat([seen, chunk]);
      const compared = Math.min(seen.length, PREFACE.length);
      if (!seen.subarray(0, compared).equals(PREFACE.subarray(0, compared))) give(http1);
      else if (compared === PREFACE.length) {
        // An HTTP/2 client that says no more has left.
        socket.allowHalfOpen = false;
        give(http2);
      }
    };
    const late = setTimeout(() => {
      socket.off("readable", look);
      answerParseError(TIMEOUT, socket);
    }, firstBytesMs);
    socket.once("close", () => clearTimeout(late));
    socket.on("readable", look).once("error", fail).once("end", fail);
  }
}

const TIMEOUT = Object.assign(new Error("no request"), { code: "ERR_HTTP_REQUEST_TIMEOUT" });

function explain(error: Error, host: string, port: number): Error {
  if (!("code" in error) || error.code !== "EADDRINUSE") return error;
  const message = `port ${port} is already in use on ${host}; set PORT or stop the other server`;
  return new Error(message, { cause: error });
}
