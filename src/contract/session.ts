import type { ClientInfo } from "./client.ts";
import type { AgentError } from "./error.ts";
import type { Seq, SessionId } from "./log.ts";
import type { ApprovalPolicy, ClientMessage, SandboxMode, ServerMessage, SessionInfo } from "./message.ts";

/**
 * A message as it was logged: `json` are the bytes of the log. A delta carries the `seq` that it follows and may be
 * dropped by a client that is too slow, because the finished item repeats it.
 */
export interface Entry {
  seq: Seq;
  message: ServerMessage;
  json: string;
}

export type EndReason = "too_slow" | "session_ended" | "server_restart" | "internal";

export type { ClientInfo } from "./client.ts";

/** One attached client. No method throws, and only `drained` waits. */
export interface Subscriber {
  readonly info: ClientInfo;
  deliver(entry: Entry): void;
  /** Resolves when the client can take more without being overrun: what is replayed is not pressed on it. */
  drained(): Promise<void>;
  end(reason: EndReason): void;
}

export interface SessionOptions {
  model?: string | undefined;
  /** Narrower than the server's own; a wider one is refused. */
  approvalPolicy?: ApprovalPolicy | undefined;
  /** A folder within the server's WORK_ROOTS; the server's workspace when absent. */
  workspace?: string | undefined;
  /** Narrower than the server's own; a wider one is refused. */
  sandbox?: SandboxMode | undefined;
  /** For doors whose clients name their sessions. A session of this id that is running by now is the answer. */
  id?: SessionId | undefined;
  /** It ends with its last client, and does not wait for another one. */
  endsAlone?: boolean | undefined;
}

/** What is said of a session, not in it. */
export type SessionNote = { kind: "named"; name: string } | { kind: "archived"; archived: boolean };

/** What doors see of a session. */
export interface Session {
  readonly id: SessionId;
  info(): SessionInfo;
  /**
   * From now on the client gets every message; with `after`, first what the log has after that number. An open request
   * for approval is among them in any case. The returned function takes the client off again. Throws AgentError
   * `rate_limited` when the session has too many.
   */
  attach(client: Subscriber, after?: Seq): () => void;
  /** Whether a request for approval still waits: one that is told again, or late, may have been answered by now. */
  isOpen(request: Entry): boolean;
  /** Takes a message in. `json` is what the client sent. Problems with it are told to the client that sent it. */
  receive(message: ClientMessage, json: string, from: Subscriber): void;
  /** Records a frame that was not a message, and answers its sender. */
  refuse(frame: string, error: AgentError, from: Subscriber): void;
  /** Puts a note on the record and tells everyone. `json` is what the client sent. Throws AgentError `log_unavailable`. */
  note(note: SessionNote, json: string, from: ClientInfo): void;
}

/** All sessions of the server. */
export interface Sessions {
  /** Throws AgentError (`unknown_model`, `missing_api_key`, `rate_limited`, `log_unavailable`). */
  create(options: SessionOptions): Promise<Session>;
  /** A session that runs, or one that has ended, taken up from its log. Throws AgentError `unknown_session`. */
  open(id: SessionId): Promise<Session>;
  /** A new session with the conversation of another one up to a line of its log. Throws as `create` and `open` do. */
  fork(id: SessionId, upTo: Seq, options: SessionOptions): Promise<Session>;
  /** Those that run now. */
  running(): readonly Session[];
}
