import { once } from "node:events";
import { type IncomingHttpHeaders, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { pino } from "pino";
import { WebSocket } from "ws";
import { createLogStore } from "../audit/log.ts";
import type { Page } from "../contract/page.ts";
import { createServer, routeTable, type Server, type ServerOptions } from "../server/server.ts";
import { connectTo } from "./frame-client.ts";
import { noSessions } from "./no-sessions.ts";
import { TestDoor } from "./test-door.ts";

/** The session that the store of every test site holds. */
export const SESSION = "a".repeat(32);

export interface Ask {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A server on a real port, one for each test, with two more pages: `POST /echo` and `GET /fault`. */
export class TestSite {
  server!: Server;
  port = 0;
  door = new TestDoor();
  /** Clients that are ended after the test. */
  readonly sockets: (Socket | WebSocket)[] = [];
  /** What reached the page /echo. */
  readonly echoed: string[] = [];
  #isSecure = false;

  async start(options: Partial<ServerOptions> = {}): Promise<void> {
    this.#isSecure = options.tls !== undefined;
    const logs = createLogStore({ folder: "" });
    logs.create(SESSION);
    this.server = createServer({
      host: "127.0.0.1",
      port: 0,
      allowedOrigins: [],
      allowedHosts: [],
      sessions: noSessions,
      doors: ["/", "/ws", "/ws/{session_id}"].map((path) => ({ name: "test", path, open: this.door.open })),
      pages: [
        ...routeTable(logs, noSessions).pages,
        { method: "POST", path: "/echo", page: this.#echo },
        { method: "GET", path: "/fault", page: () => Promise.reject(new Error("secret detail")) },
      ],
      log: pino({ level: "silent" }),
      ...options,
    });
    ({ port: this.port } = await this.server.listen());
  }

  async ask({ method = "GET", path = "/sessions", headers = {}, body }: Ask = {}): Promise<Answer> {
    const target = { host: "127.0.0.1", port: this.port, method, path, headers, agent: false };
    const request = this.#isSecure
      ? httpsRequest({ ...target, rejectUnauthorized: false })
      : httpRequest(target);
    // The server may be gone before a long body is.
    request.on("error", () => undefined);
    request.end(body);
    const [response] = await once(request, "response");
    return { status: response.statusCode, headers: response.headers, body: await text(response) };
  }

  /** Asks for a WebSocket and resolves with the status of the answer; 101 when it was given one. */
  knock({ path = "/", headers = {}, protocols = [] as string[] } = {}): Promise<number> {
    const options = { headers, rejectUnauthorized: false };
    const socket = new WebSocket(
      `ws${this.#isSecure ? "s" : ""}://127.0.0.1:${this.port}${path}`,
      protocols,
      options,
    );
    this.sockets.push(socket);
    socket.on("error", () => undefined);
    const { promise, resolve } = Promise.withResolvers<number>();
    socket.on("open", () => resolve(101));
    socket.on("unexpected-response", (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    return promise;
  }

  get origin(): string {
    return `http${this.#isSecure ? "s" : ""}://127.0.0.1:${this.port}`;
  }

  /** Asks by HTTP/2. */
  async ask2({ method = "GET", path = "/sessions", headers = {}, body }: Ask = {}): Promise<Answer> {
    const session = connectTo(this.origin);
    try {
      const stream = session.request({ ":method": method, ":path": path, ...headers });
      stream.on("error", () => undefined);
      stream.end(body);
      const [answer] = await once(stream, "response");
      return { status: answer[":status"], headers: answer, body: await text(stream) };
    } finally {
      session.destroy();
    }
  }

  /** Sends bytes as they are and resolves with all that came back until the server ended the connection. */
  raw(...pieces: string[]): Promise<string> {
    const socket = connect(this.port, "127.0.0.1");
    this.sockets.push(socket);
    for (const piece of pieces) socket.write(piece);
    return text(socket);
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) {
      if (socket instanceof WebSocket) socket.terminate();
      else socket.destroy();
    }
    await this.server.close({ deadlineMs: 0 });
  }

  readonly #echo: Page = ({ body }) => {
    this.echoed.push(body);
    return Promise.resolve({ status: 200, body });
  };
}

/** The code of an error that was answered. */
export const codeOf = ({ body }: Answer): unknown => JSON.parse(body).error.code;
