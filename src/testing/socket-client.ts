import { once } from "node:events";
import { WebSocket } from "ws";
import type { ServerMessage } from "../contract/message.ts";

/** A client on a real socket that remembers what it was told. */
export class SocketClient {
  readonly socket: WebSocket;
  readonly messages: ServerMessage[] = [];
  sessionId = "";
  closed: { code: number; reason: string } | undefined;
  #seen = 0;
  #changed = Promise.withResolvers<void>();

  private constructor(url: string, options: WebSocket.ClientOptions) {
    this.socket = new WebSocket(url, options);
    this.socket.on("upgrade", (response) => (this.sessionId = String(response.headers["x-session-id"])));
    this.socket.on("message", (data: Buffer) => {
      this.messages.push(JSON.parse(data.toString()) as ServerMessage);
      this.#notify();
    });
    this.socket.on("close", (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.#notify();
    });
  }

  static async connect(url: string, options: WebSocket.ClientOptions = {}): Promise<SocketClient> {
    const client = new SocketClient(url, options);
    await once(client.socket, "open");
    return client;
  }

  send(type: string, payload?: object): void {
    this.socket.send(JSON.stringify({ id: crypto.randomUUID(), type, payload }));
  }

  say(text: string, more: object = {}): void {
    this.send("user_input", {
      input: [{ type: "message", role: "user", content: [{ type: "input_text", text }] }],
      ...more,
    });
  }

  /** The first message of this type after the one that was asked for before. */
  async next<Type extends ServerMessage["type"]>(
    type: Type,
  ): Promise<Extract<ServerMessage, { type: Type }>> {
    for (;;) {
      const index = this.messages.findIndex((message, at) => at >= this.#seen && message.type === type);
      const found = this.messages[index];
      if (found) {
        this.#seen = index + 1;
        return found as Extract<ServerMessage, { type: Type }>;
      }
      if (this.closed) throw new Error(`closed (${this.closed.code}) before any ${type} came`);
      await this.#changed.promise;
    }
  }

  /** Says something and answers every request for approval, until the turn is over. */
  async turn(text: string, more: object = {}, review = "YES") {
    const from = this.messages.length;
    this.say(text, more);
    for (;;) {
      const message = await this.#any();
      if (message.type === "approval_request")
        this.send("approval_response", { review, requestId: message.id });
      if (message.type === "agent_finished")
        return { finished: message.payload, messages: this.messages.slice(from) };
    }
  }

  close(): void {
    this.socket.close();
  }

  async #any(): Promise<ServerMessage> {
    for (;;) {
      const message = this.messages[this.#seen];
      if (message) {
        this.#seen += 1;
        return message;
      }
      if (this.closed) throw new Error(`closed (${this.closed.code}) in a turn`);
      await this.#changed.promise;
    }
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** The assistant's words among messages. */
export const assistantText = (messages: readonly ServerMessage[]) =>
  messages
    .flatMap((message) =>
      message.type === "response_item" &&
      message.payload.type === "message" &&
      message.payload.role === "assistant"
        ? message.payload.content
        : [],
    )
    .map((part) => (part.type === "output_text" ? part.text : ""))
    .join("\n");
