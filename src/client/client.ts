import type { ApprovalPolicy, InputItem, Review, ServerMessage, SessionInfo } from "../contract/message.ts";
import { Conversation } from "./conversation.ts";

export interface ConnectOptions {
  /** Where the server is: `ws:`, `wss:`, `http:` or `https:`; a path prefix is kept. `.../ws/SESSION_ID` joins a session. */
  url: string | URL;
  /** The server's AUTH_TOKEN. Browsers that have signed in to the web UI need none. */
  token?: string;
  /** Joins this session in place of a new one. */
  sessionId?: string;
  /** What this session told after that number is told again; -1 for everything. */
  after?: number;
  /** For a new session. */
  model?: string;
  /** For a new session; narrower than the server's own. */
  approvalPolicy?: ApprovalPolicy;
  /** Whether text is told as it is generated (`response_delta`). Default: true. */
  stream?: boolean;
  /** Whether a lost connection is made again, with growing pauses, until `close()`. Default: true. */
  reconnect?: boolean;
  /** How long a connection may take to open, in milliseconds. Default: 10 000. */
  openTimeoutMs?: number;
  /** Called for each request for approval, also when it is open again after EXPLAIN. Undefined: not answered here. */
  onApproval?: (
    request: ApprovalRequestMessage,
    client: AgentClient,
  ) => Answer | undefined | Promise<Answer | undefined>;
  /** The class to connect with, where there is no global one. */
  WebSocket?: typeof WebSocket;
}

export type ApprovalRequestMessage = Extract<ServerMessage, { type: "approval_request" }>;

/** `patch` replaces the one that was asked for; `denyMessage` is read by the model. */
export type Answer = Review | { review: Review; patch?: string; denyMessage?: string };

export type ClientState = "connecting" | "open" | "reconnecting" | "closed";

/** A conversation with an agent. Iterated, it gives every message until it is closed; throws when the server ends it. */
export interface AgentClient extends AsyncIterable<ServerMessage> {
  readonly state: ClientState;
  /** Known from the first `session_info` on. */
  readonly sessionId: string | undefined;
  /** The first `session_info`. Rejects with ConnectionError when there will be none. */
  readonly ready: Promise<SessionInfo>;
  /**
   * Calls the listener with each message, exactly once and in order, also when the connection was lost in between: what
   * a server repeats then, text included, is left out. The returned function ends it.
   */
  subscribe(listener: (message: ServerMessage) => void): () => void;
  /** `reason`: why the connection was lost or is closed, for people. */
  onState(listener: (state: ClientState, reason?: string) => void): () => void;
  /** Says something, as soon as there is a connection. Answers the id of the message. While a turn runs it joins that. */
  say(input: string | InputItem[], options?: { model?: string }): string;
  /**
   * Says something, and gives the messages until the turn that takes it in is over; what a session that was joined
   * tells again is not among them. Leaving the loop early does not cancel the turn. Throws ConnectionError when the turn's end will not come.
   */
  turn(input: string | InputItem[], options?: { model?: string }): AsyncIterableIterator<ServerMessage>;
  answer(requestId: string, review: Review, extra?: { patch?: string; denyMessage?: string }): void;
  cancel(): void;
  /** Answered by `context_compacted`. */
  compact(): void;
  /** Answered by `context_info`. */
  contextInfo(): void;
  /** What was not sent by now is not sent any more. The session itself lives on for a while. */
  close(): void;
}

export { ConnectionError } from "./connection-error.ts";

/** Connects at once; `ready` and `onState` tell how that went. Throws TypeError for options that make no sense. */
export const connect = (options: ConnectOptions): AgentClient => new Conversation(options);
