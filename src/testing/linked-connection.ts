import type { CloseReason, Connection, OpenProtocol, Protocol } from "../contract/protocol.ts";
import type { Sessions } from "../contract/session.ts";

export interface LinkedOptions {
  sessions: Sessions;
  query?: Record<string, string>;
  params?: Record<string, string>;
  id?: string;
}

/** The client's end of a protocol, without a socket. */
export interface LinkedClient {
  /** What the protocol added to the answer that accepts the connection. */
  readonly headers: Record<string, string>;
  /** Every frame that was sent to the client, droppable or not, in order. */
  readonly frames: readonly string[];
  /** Why the protocol ended the connection; undefined while it is open. */
  readonly ended: CloseReason | undefined;
  /** The next frame that nobody has waited for yet, parsed. Rejects when the connection ends before. */
  next(): Promise<unknown>;
  send(frame: string): void;
  /** The client's connection is lost, or it leaves. */
  leave(): void;
  readonly protocol: Protocol;
}

/** Opens a protocol on a connection whose other end is the test's. Rejects when the protocol refuses it. */
export async function openLinked(open: OpenProtocol, options: LinkedOptions): Promise<LinkedClient> {
  const end = new ServerEnd(options);
  const { protocol, headers } = await open(end);
  return {
    headers,
    protocol,
    frames: end.frames,
    get ended() {
      return end.ended;
    },
    next: () => end.next(),
    send: (frame) => protocol.receive(frame),
    leave: () => protocol.closed(),
  };
}

/** The protocol's end of the connection. */
class ServerEnd implements Connection {
  readonly sessions: Sessions;
  readonly info: Connection["info"];
  readonly query: URLSearchParams;
  readonly params: Record<string, string>;
  readonly frames: string[] = [];
  ended: CloseReason | undefined;
  readonly faults: unknown[] = [];
  #taken = 0;
  #changed = Promise.withResolvers<void>();

  constructor({ sessions, query = {}, params = {}, id = "client" }: LinkedOptions) {
    this.sessions = sessions;
    this.info = { id, door: "linked" };
    this.query = new URLSearchParams(query);
    this.params = params;
  }

  send(frame: string): void {
    if (this.ended !== undefined) return;
    this.frames.push(frame);
    this.#tell();
  }

  async drained(): Promise<void> {}

  end(reason: CloseReason): void {
    this.ended ??= reason;
    this.#tell();
  }

  fail(error: unknown): void {
    this.faults.push(error);
    this.end("internal");
  }

  async next(): Promise<unknown> {
    while (this.#taken === this.frames.length) {
      if (this.ended !== undefined) {
        throw new Error(`the connection ended: ${this.ended}`, { cause: this.faults[0] });
      }
      await this.#changed.promise;
    }
    this.#taken += 1;
    return JSON.parse(this.frames[this.#taken - 1] ?? "");
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
