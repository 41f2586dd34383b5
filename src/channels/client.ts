import events from "node:events";
import type { Writable } from "node:stream";
import type { Logger } from "pino";
import type { CloseReason, Connection, Protocol } from "../contract/protocol.ts";
import type { Clock } from "./clock.ts";
import type { ChannelLimits } from "./limits.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Who connects, and to what. */
export type ConnectionFacts = Pick<Connection, "sessions" | "info" | "query" | "params">;

export interface ChannelParts {
  limits: ChannelLimits;
  log: Logger;
  clock: Clock;
}

/** How a connection of one kind speaks. */
export interface Speaker {
  /** Bytes that wait to be sent. */
  readonly bufferedAmount: number;
  send(frame: string): void;
  /** Asks whether the client is there; `ponged` is called when it is. `frame`: what the protocol says meanwhile. */
  ping(frame: string | undefined): void;
  /** After what was sent, and within the time that a client may take. */
  close(reason: CloseReason): void;
  terminate(): void;
}

const TOLERATED_MISSED_PONGS = 2;

/** One client of a channel: its queue, its rate, its heartbeat, its end. */
export class Client implements Connection {
  readonly sessions: Connection["sessions"];
  readonly info: Connection["info"];
  readonly query: URLSearchParams;
  readonly params: Connection["params"];
  readonly #parts: ChannelParts;
  readonly #bucket: TokenBucket;
  readonly #onGone: () => void;
  #protocol: Protocol | undefined;
  #speaker: Speaker | undefined;
  #socket: Writable | undefined;
  /** Frames that were sent before the connection was accepted. */
  #early: string[] = [];
  #earlyLength = 0;
  readonly #started = Promise.withResolvers<void>();
  #open = true;
  #endReason: CloseReason | undefined;
  #protocolClosed = false;
  #unansweredPings = 0;
  #corked = false;

  constructor({ sessions, info, query, params }: ConnectionFacts, parts: ChannelParts, onGone: () => void) {
    this.sessions = sessions;
    this.info = info;
    this.query = query;
    this.params = params;
    this.#parts = parts;
    this.#onGone = onGone;
    this.#bucket = new TokenBucket(parts.limits.messagesPerSecond, parts.clock);
  }

  get started(): boolean {
    return this.#speaker !== undefined;
  }

  /** Bytes that wait for it to read them. */
  get waitingBytes(): number {
    return this.#speaker?.bufferedAmount ?? this.#earlyLength;
  }

  join(protocol: Protocol): void {
    this.#protocol = protocol;
  }

  /** `socket`: what the speaker writes to. */
  start(speaker: Speaker, socket: Writable): void {
    this.#speaker = speaker;
    this.#socket = socket;
    for (const frame of this.#early) this.#write(speaker, frame);
    this.#early = [];
    this.#started.resolve();
    if (this.#endReason !== undefined) this.#close(speaker, this.#endReason);
  }

  send(frame: string, droppable = false): void {
    if (!this.#open) return;
    const waiting = this.waitingBytes;
    if (droppable && waiting > this.#parts.limits.queueBytes / 2) return;
    if (waiting > this.#parts.limits.queueBytes) this.end("too_slow");
    else if (this.#speaker !== undefined) this.#write(this.#speaker, frame);
    else this.#keep(frame);
  }

  async drained(): Promise<void> {
    if (this.#open && this.#speaker === undefined && this.#earlyLength > 0) await this.#started.promise;
    const socket = this.#socket;
    const waiting = this.#speaker?.bufferedAmount ?? 0;
    if (!this.#open || socket === undefined) return;
    // Below its high-water mark a socket says nothing when it is empty again.
    if (waiting < Math.max(this.#parts.limits.queueBytes / 8, socket.writableHighWaterMark)) return;
    const gone = new AbortController();
    const once = async (name: string) => {
      await events.once(socket, name, { signal: gone.signal });
    };
    // A connection that breaks closes: an error needs no listener of its own here.
    await Promise.race([once("drain"), once("close")].map((event) => event.catch(() => {})));
    gone.abort();
  }

  end(reason: CloseReason): void {
    if (!this.#open) return;
    this.#open = false;
    this.#endReason = reason;
    if (this.#speaker !== undefined) this.#close(this.#speaker, reason);
    // Not at once: the protocol may be in the midst of what made us end.
    queueMicrotask(() => this.#closeProtocol());
  }

  fail(error: unknown): void {
    this.#parts.log.error({ client: this.info.id, err: error }, "a protocol failed");
    this.end("internal");
  }

  receive(frame: string): void {
    if (this.#mayAsk()) this.#call((protocol) => protocol.receive(frame));
  }

  oversized(head: string): void {
    if (!this.#open) return;
    this.#call((protocol) => protocol.oversized(head));
    this.end("message_too_large");
  }

  /** It sends no more, but still listens. */
  finished(): void {
    if (this.#open) this.#call((protocol) => protocol.finished?.());
  }

  /** A ping costs as much as a message. */
  pinged(): void {
    this.#mayAsk();
  }

  ponged(): void {
    this.#unansweredPings = 0;
  }

  /** Once in every ping interval. */
  heartbeat(): void {
    if (!this.#open || this.#speaker === undefined) return;
    if (this.#unansweredPings >= TOLERATED_MISSED_PONGS) return this.#speaker.terminate();
    this.#unansweredPings += 1;
    const speaker = this.#speaker;
    this.#call((protocol) => speaker.ping(protocol.heartbeat?.()));
  }

  /** The connection is no more. */
  leave(): void {
    this.#open = false;
    this.#started.resolve();
    this.#closeProtocol();
    this.#onGone();
  }

  #close(speaker: Speaker, reason: CloseReason): void {
    this.#call((protocol) => {
      const last = protocol.farewell?.(reason);
      if (last !== undefined) this.#write(speaker, last);
    });
    // An answer of node:http that is ended while it is corked sends its end before what was written last.
    this.#uncork();
    speaker.close(reason);
  }

  #mayAsk(): boolean {
    if (!this.#open) return false;
    if (this.#bucket.take()) return true;
    this.#call((protocol) => protocol.limited?.());
    this.end("rate_limited");
    return false;
  }

  #closeProtocol(): void {
    if (this.#protocolClosed || this.#protocol === undefined) return;
    this.#protocolClosed = true;
    this.#call((protocol) => protocol.closed());
  }

  /** What a protocol throws is a fault of ours. */
  #call(use: (protocol: Protocol) => void): void {
    try {
      if (this.#protocol !== undefined) use(this.#protocol);
    } catch (error) {
      this.fail(error);
    }
  }

  #keep(frame: string): void {
    this.#early.push(frame);
    this.#earlyLength += frame.length;
  }

  /** All frames of one turn of the event loop go out in one write. */
  #write(speaker: Speaker, frame: string): void {
    if (!this.#corked) {
      this.#corked = true;
      this.#socket?.cork();
      setImmediate(() => this.#uncork());
    }
    speaker.send(frame);
  }

  #uncork(): void {
    if (!this.#corked) return;
    this.#corked = false;
    this.#socket?.uncork();
  }
}
