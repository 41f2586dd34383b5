import type { ApprovalRequest, FileChange, Review, Risk } from "../../contract/message.ts";

/** One thing in a conversation as it is shown. `key` stays the same while it changes. */
export type Entry = UserEntry | TextEntry | CallEntry | NoteEntry | ErrorEntry | RewoundEntry;

export interface UserEntry {
  kind: "user";
  key: string;
  text: string;
  /** `data:` URLs; others are told by their address alone. */
  images: readonly string[];
  /** What files of the workspace say to the agent, or a message of the system. */
  isInstruction: boolean;
}

/** `explanation`: said beside the conversation, of a call that waits for approval. */
export interface TextEntry {
  kind: "assistant" | "reasoning" | "explanation";
  key: string;
  text: string;
  /** `cut`: it broke off, or was stopped. */
  state: "streaming" | "finished" | "cut";
}

/**
 * `writing`: its arguments are still coming; `waiting`: for its turn; `asked`: for a person; `unrun`: it never started,
 * for a reason that its output says.
 */
export type CallState =
  | "writing"
  | "waiting"
  | "asked"
  | "running"
  | "done"
  | "failed"
  | "declined"
  | "unrun";

export interface CallEntry {
  kind: "call";
  key: string;
  callId: string;
  name: string;
  /** JSON, as far as it has come. */
  arguments: string;
  state: CallState;
  /** As it was shown for approval, or started. */
  command?: readonly string[];
  cwd?: string;
  files?: readonly FileChange[];
  risk?: Risk;
  decision?: Decision;
  output: string;
  exitCode?: number | null;
  /** In milliseconds. */
  startedAt?: number;
  durationMs?: number;
  /** Which of the model's responses it belongs to. */
  response: number;
}

export interface Decision {
  review: Review;
  by: "you" | "client" | "policy" | "timeout" | "cancel";
  /** The id of the other client that decided. */
  client?: string;
}

/** A quiet line. */
export interface NoteEntry {
  kind: "note";
  key: string;
  text: string;
  tone: "muted" | "warn";
  /** The session that it speaks of. */
  sessionId?: string;
  /** Until when it waits, in milliseconds. */
  until?: number;
}

export interface ErrorEntry {
  kind: "error";
  key: string;
  message: string;
  code: string | undefined;
}

/** What was said and is no part of the conversation any more. */
export interface RewoundEntry {
  kind: "rewound";
  key: string;
  entries: readonly Entry[];
}

/** A question for the person, and how far its answer is. */
export interface OpenApproval {
  requestId: string;
  request: ApprovalRequest;
  /** `answered`: by us, and the server has not said so yet. `explaining`: the model is asked; it will be open again. */
  state: "asked" | "answered" | "explaining";
  /** What we answered. */
  review?: Review;
  /** Why an answer could not be taken. */
  problem?: string;
  /** Whether the model has explained it. */
  isExplained: boolean;
}

/** Something that was said here and that no turn has taken in yet. */
export interface WaitingInput {
  id: string;
  text: string;
  /** That was chosen for it. */
  model?: string;
  /** `refused`: it will not be taken in. */
  state: "waiting" | "refused";
}
