import type { AuditFacts } from "./audit.ts";
import type { TokenUsage } from "./model.ts";
import type { ApprovalRequest, ResponseDelta, Review } from "./message.ts";

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
  /** Archived logs have ended too. */
  state: "active" | "ended" | "archived";
}

/** A session as a listing tells it: what its log knows of itself, and what the lines come to. */
export interface SessionListing extends SessionSummary {
  legal_hold: boolean;
  /** The first words of the user, or the name that the session was given. */
  title: string | null;
  /** The newest model; null while no client has been told of one. */
  model: string | null;
  provider: string | null;
  turns: number;
  /** How many approvals were asked for. */
  approvals: number;
  tokens: TokenUsage;
  /** US dollars; null when the price of a response is not known. */
  cost: number | null;
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

export interface SessionPage {
  sessions: SessionListing[];
  /** For the page after it; null on the last one. */
  next_cursor: string | null;
  /** Of all pages together. */
  total: number;
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

/** A line of some session that contains the words. */
export interface SearchHit {
  session_id: SessionId;
  title: string | null;
  seq: Seq;
  timestamp: string;
  direction: Direction;
  /** The message's type. */
  type: string;
  /** The text around the words, on one line. */
  snippet: string;
}

export interface SearchPage {
  events: SearchHit[];
  next_cursor: string | null;
}

/** One request for approval and what became of it; `review` is null while it is open. */
export interface ApprovalRecord extends Pick<
  ApprovalRequest,
  "tool" | "command" | "cwd" | "reason" | "risk"
> {
  request_id: string;
  /** The lines of the request and of the decision. */
  seq: Seq;
  decided_seq: Seq | null;
  requested_at: string;
  decided_at: string | null;
  review: Review | null;
  decided_by: "client" | "policy" | "timeout" | "cancel" | null;
  client: string | null;
  latency_ms: number | null;
  files: string[];
  /** What ALWAYS covers. */
  scope: string | null;
  patch_edited: boolean;
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

/** One way in which a log is not what was written. */
export interface LogProblem {
  kind:
    | "edited"
    | "missing"
    | "added"
    /** It stands after a line that it came before. */
    | "swapped"
    /** The end is gone: the log was signed when it was longer. */
    | "tail_cut"
    /** Half a line stands at the end. */
    | "torn"
    /** The chain fits itself and not what was signed: somebody without the key has computed it anew. */
    | "rehashed"
    | "unsigned"
    | "wrong_key"
    | "file_gone"
    /** The server's own log does not know what the session's says. */
    | "unrecorded";
  /** The first line that is meant. */
  seq?: Seq;
  /** For a person. */
  detail: string;
}

/** What became of a log, line by line. */
export interface VerifyReport {
  /** `server` for the server's own log. */
  session_id: SessionId;
  ok: boolean;
  /** `active` until its last line says that it has ended. */
  state: "active" | "ended";
  lines: number;
  /** How many of the lines a signature vouches for; of an active session the newest may wait for theirs. */
  signed_lines: number;
  /** The first thousand. */
  problems: LogProblem[];
  /** Lines whose content was taken out, as the server's log says too. */
  erased: { seq: Seq; reason: string }[];
}

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
