import { once } from "node:events";
import { WebSocket } from "ws";
import { Arrived } from "./codex-client.ts";

/** A client of the Codex app-server's protocol on a real socket. */
export class RpcSocket {
  readonly socket: WebSocket;
  /** The frames as they came. */
  readonly frames: string[] = [];
  readonly arrived: Arrived[] = [];
  sessionId = "";
  #nextId = 1;
  #changed = Promise.withResolvers<void>();

  private constructor(url: string, headers: Record<string, string>) {
    this.socket = new WebSocket(url, { headers });
    this.socket.on("upgrade", ({ headers: answer }) => (this.sessionId = String(answer["x-session-id"])));
    this.socket.on("message", (data: Buffer) => {
      this.frames.push(data.toString());
      this.arrived.push(Arrived.parse(JSON.parse(data.toString())));
      this.#notify();
    });
    this.socket.on("close", () => this.#notify());
  }

  static async connect(url: string, headers: Record<string, string> = {}): Promise<RpcSocket> {
    const client = new RpcSocket(url, headers);
    await once(client.socket, "open");
    return client;
  }

  /** Says hello, and begins a thread. */
  static async inThread(url: string, params: object = {}): Promise<{ client: RpcSocket; threadId: string }> {
    const client = await RpcSocket.connect(url);
    await client.ask("initialize", { clientInfo: { name: "test", version: "1" } });
    client.send({ method: "initialized" });
    const { result } = await client.ask("thread/start", params);
    const { thread } = result as { thread: { id: string } };
    return { client, threadId: thread.id };
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  /** The answer, or the error. */
  async ask(method: string, params: object): Promise<Arrived> {
    const id = this.#nextId;
    this.#nextId += 1;
    this.send({ id, method, params });
    return await this.until((message) => message.id === id && message.method === undefined);
  }

  /** The first that fits, from the beginning. */
  async until(fits: (message: Arrived) => boolean): Promise<Arrived> {
    for (;;) {
      const found = this.arrived.find(fits);
      if (found) return found;
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error("closed before it came");
      await this.#changed.promise;
    }
  }

  close(): void {
    this.socket.close();
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
