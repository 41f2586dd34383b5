import type { AuditFacts } from "./audit.ts";
import type { ResponseDelta } from "./message.ts";
import type {
  ApprovalRecord,
  Direction,
  LogLine,
  SearchPage,
  Seq,
  SessionId,
  SessionListing,
  SessionPage,
  SessionSummary,
  VerifyReport,
} from "./record.ts";

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

export const SESSION_SORTS = ["newest", "oldest", "activity", "events", "cost"] as const;
export type SessionSort = (typeof SESSION_SORTS)[number];

/** Which sessions: all that are not archived, but for those that do not fit. */
export interface SessionQuery {
  state?: SessionSummary["state"] | undefined;
  model?: string | undefined;
  /** ISO 8601: began at or after, and before. */
  since?: string | undefined;
  until?: string | undefined;
  /** Words that one message of the session contains, all of them; "several words" in a row. */
  q?: string | undefined;
  sort: SessionSort;
}

/** What a session's log says of its conversation, for clients that show lists of them. */
export interface Conversation extends Pick<
  SessionListing,
  "session_id" | "start_time" | "last_activity" | "model" | "provider"
> {
  /** What the user said first, or the beginning of it. */
  preview: string;
  /** The name that it was given. */
  name: string | null;
  workspace: string | null;
  forked_from: SessionId | null;
  /** A client has put it away: its log is still where the others are. */
  put_away: boolean;
}

/** Which conversations: those in which somebody has said something, but for those that do not fit. */
export interface ConversationQuery {
  put_away: boolean;
  /** One of these. */
  workspaces?: readonly string[] | undefined;
  providers?: readonly string[] | undefined;
  /** A part of the name, or of the preview where there is none. */
  words?: string | undefined;
  except?: readonly SessionId[] | undefined;
  sort: "start_time" | "last_activity";
  descending: boolean;
}

export interface ConversationPage {
  conversations: Conversation[];
  /** For the page after it; null on the last one. */
  next_cursor: string | null;
  /** For what stands before the page, in the other direction; null where the page is empty. */
  previous_cursor: string | null;
}

export const EXPORT_FORMATS = ["jsonl", "csv", "ocsf", "markdown"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Why a session cannot be archived. */
export type ArchiveProblem = "active" | "legal_hold";

/** All logs, for those who read them. Throws AgentError `unknown_session` for a session that is not there. */
export interface Records {
  /** Lines after `after` (-1: all), at most `limit`, oldest first. */
  read(id: SessionId, after: Seq, limit: number): AsyncIterable<LogLine>;
  summary(id: SessionId): Promise<SessionListing | undefined>;
  /** Throws AgentError `invalid_message` for a query that cannot be read. */
  list(query: SessionQuery): AsyncIterable<SessionListing>;
  page(query: SessionQuery, limit: number, cursor?: string): Promise<SessionPage>;
  /** Throws as `list` does, for a cursor that leads nowhere. */
  conversations(query: ConversationQuery, limit: number, cursor?: string): Promise<ConversationPage>;
  /** Newest session first, in it the newest line. */
  search(words: string, limit: number, cursor?: string): Promise<SearchPage>;
  /** Lines after `after`, then new ones as they are written, until the signal fires. */
  follow(id: SessionId, after: Seq, signal: AbortSignal): AsyncIterable<LogLine>;
  /** The log's bytes, as many as there are now. */
  raw(id: SessionId): AsyncIterable<Uint8Array>;
  approvals(id: SessionId): Promise<ApprovalRecord[]>;
  export(id: SessionId, format: ExportFormat): AsyncIterable<string | Uint8Array>;
  /** Moves the log to the archive. Undefined when that is done. */
  archive(id: SessionId): Promise<ArchiveProblem | undefined>;
  /** Under legal hold a log is neither archived nor erased. */
  hold(id: SessionId, held: boolean): Promise<void>;
}

/** Who read what: reads and exports are on the record too, in the server's own log. */
export interface ReadFact {
  action:
    | "list"
    | "show"
    | "events"
    | "tail"
    | "log"
    | "export"
    | "verify"
    | "search"
    | "archive"
    | "hold"
    | "release";
  session_id?: SessionId;
  /** What was asked for, e.g. the export's format or the words of a search. */
  query?: Record<string, string>;
  peer?: string;
}

/** Throws AgentError `log_unavailable`: what cannot be recorded is not read. */
export type RecordRead = (fact: ReadFact) => void;

/** A store that proves what it keeps. */
export interface AuditStore extends LogStore {
  readonly records: Records;
  /** The public key that checkpoints are signed with: `<name>+<key id>+<base64>`. Undefined where nothing is signed. */
  readonly publicKey: string | undefined;
  /**
   * To be called once, before the first session: takes the store for this process, ends the sessions that a crash has
   * left, and resolves with their ids. Throws AgentError `log_unavailable` when another server writes to the store.
   */
  recover(): Promise<SessionId[]>;
  /** What was written to the logs of running sessions, and is not known to be on the disk yet. */
  readonly unsyncedBytes: number;
  /** Into the server's own log. */
  readonly recordRead: RecordRead;
  /** Throws AgentError `unknown_session` for what is neither there nor known. */
  verify(id: SessionId): Promise<VerifyReport>;
  /**
   * Takes the content of a line out for ever: its message, facts and blobs. The chain still verifies. Safe to call again.
   * Throws AgentError `unknown_session`, `invalid_message` (no such line), or `log_unavailable` (the session is active).
   */
  erase(id: SessionId, seq: Seq, reason: string): Promise<void>;
  /** After the last session has ended. */
  close(): Promise<void>;
}

export type * from "./record.ts";
