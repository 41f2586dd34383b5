import type { ClientInfo, Sessions } from "./session.ts";

/** Why a connection is closed: the channel turns it into its own codes. */
export type CloseReason =
  | "message_too_large"
  | "rate_limited"
  | "unauthorized"
  | "server_restart"
  | "too_slow"
  | "too_many"
  | "unknown_session"
  | "session_ended"
  | "internal";

/** What a protocol may do with its client. */
export interface Connection {
  readonly sessions: Sessions;
  readonly info: ClientInfo;
  /** What the request's URL asked for. */
  readonly query: URLSearchParams;
  /** What stood in the `{...}` places of the door's path. */
  readonly params: Readonly<Record<string, string>>;
  /** Sends a frame, in order. A `droppable` one may be left out when the client is slow. */
  send(frame: string, droppable?: boolean): void;
  /** Resolves when what was sent has left, or nearly so; at once for a connection that has ended. */
  drained(): Promise<void>;
  end(reason: CloseReason): void;
  /** For a fault of ours in work that goes on by itself: it is logged, and ends the connection. */
  fail(error: unknown): void;
}

/**
 * What the frames of one kind of client mean. One object per client, so that no state leaks between clients. Nothing
 * here touches a socket.
 */
export interface Protocol {
  receive(frame: string): void;
  /** A frame that the channel refused to read; `head` is its beginning. */
  oversized(head: string): void;
  /** Too many frames in a short time; the channel ends the connection after it. */
  limited?(): void;
  /** The client sends no more, but it still listens. */
  finished?(): void;
  /** A frame that is sent now and then while the connection is open. */
  heartbeat?(): string;
  /** The last frame, where there is one, before the connection is ended for this reason. */
  farewell?(reason: CloseReason): string;
  closed(): void;
}

/**
 * Called once per connection, before it is accepted: a rejection refuses it. `messageBytes`: what one frame of this
 * protocol may hold, where that is more than the channel's own limit.
 */
export type OpenProtocol = (
  connection: Connection,
) => Promise<{ protocol: Protocol; headers: Record<string, string>; messageBytes?: number }>;
