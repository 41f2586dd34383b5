import type { AuditFacts } from "./audit.ts";
import type { ResponseDelta } from "./message.ts";

export type SessionId = string;
/** A line's number in its session's log, from 0. */
export type Seq = number;
export type Direction = "incoming" | "outgoing";

/** One line of a session's log, parsed. */
export interface LogLine {
  timestamp: string;
  event_type: "websocket_message_received" | "websocket_message_sent";
  direction: Direction;
  message_data: unknown;
  audit?: AuditFacts;
  seq: Seq;
}

export interface SessionSummary {
  session_id: SessionId;
  /** ISO 8601. */
  start_time: string;
  last_activity: string;
  event_count: number;
  state: "active" | "ended";
}

/** Writes one session's log. */
export interface SessionLog {
  /** The number of the newest line; -1 before the first. */
  readonly head: Seq;
  /** `json` is one JSON value without a line break. Throws AgentError `log_unavailable`. */
  append(direction: Direction, json: string, audit?: AuditFacts): Seq;
  /** After it resolves, everything appended so far survives a crash of the machine. */
  barrier(): Promise<void>;
  /** Appends `session_ended`, makes it durable and lets go of the file. */
  end(): Promise<void>;
}

/**
 * A session's log that also takes deltas: they are written in batches, none is lost, and whatever is appended next
 * comes after them.
 */
export interface SessionRecord extends SessionLog {
  /** `redactions`: how many secrets were replaced in it. */
  delta(payload: ResponseDelta, redactions?: number): void;
}

/** All logs of a server. */
export interface LogStore {
  /** Begins a log with `session_started`. */
  create(id: SessionId): SessionLog;
  /** Goes on with a log that nobody writes to. Throws AgentError `unknown_session` or `log_unavailable`. */
  open(id: SessionId): Promise<SessionLog>;
  /** Lines after `after` (-1: all), at most `limit`, oldest first. Throws AgentError `unknown_session`. */
  read(id: SessionId, after: Seq, limit: number): AsyncIterable<LogLine>;
  summary(id: SessionId): Promise<SessionSummary | undefined>;
  /** Newest first. */
  list(): AsyncIterable<SessionSummary>;
}
