import type { MessageItem, ResponseItem, Usage } from "../../contract/item.ts";
import type { ContextInfo, Review, ServerMessage, SessionInfo } from "../../contract/message.ts";
import {
  decided,
  finishedOutput,
  requested,
  startedCall,
  withCall,
  withOutput,
  withWrittenCall,
} from "./calls.ts";
import type { Entry, OpenApproval, TextEntry, WaitingInput } from "./entries.ts";
import { finishedNote, statusNote } from "./notes.ts";
import { timeOf } from "./time-of.ts";
import { refusedFirst, withoutTakenIn } from "./waiting.ts";

/** A conversation as it is shown: what the server's messages, in their order, come to. */
export interface Conversation {
  session: SessionInfo | undefined;
  entries: readonly Entry[];
  isRunning: boolean;
  /** Oldest first. */
  waiting: readonly WaitingInput[];
  approval: OpenApproval | undefined;
  context: ContextInfo | undefined;
  /** Of the whole session; undefined before the first response. */
  usage: Pick<Usage, "input_tokens" | "output_tokens" | "cost_usd"> | undefined;
  model: string | undefined;
  name: string | undefined;
  /** Lines up to this one tell of what is over: the session was idle when we came. */
  historyEnd: number;
  /** How many responses the model has finished. */
  responses: number;
  /** Where the entries of the newest turn begin, and when it did, in milliseconds. */
  turn: { from: number; startedAt: number | undefined };
  /** How many entries there were after each response, by its id: a conversation may go back to it. */
  ends: ReadonlyMap<string, number>;
}

export const EMPTY: Conversation = {
  session: undefined,
  entries: [],
  isRunning: false,
  waiting: [],
  approval: undefined,
  context: undefined,
  usage: undefined,
  model: undefined,
  name: undefined,
  historyEnd: -1,
  responses: 0,
  turn: { from: 0, startedAt: undefined },
  ends: new Map(),
};

/** The conversation after one more message of the server. Each must come once, and in order. */
export function receive(before: Conversation, message: ServerMessage): Conversation {
  switch (message.type) {
    case "session_info":
      return attached(before, message.payload);
    case "loading_state":
      return loading(before, message);
    case "response_delta":
      return delta(before, message);
    case "response_item":
      return item(before, message.payload);
    case "approval_request":
      return isOver(before, message) ? before : requested(before, message.id, message.payload);
    case "approval_resolved":
      return decided(before, message.payload);
    case "agent_finished":
      return finished(before, message);
    case "context_info":
      return { ...before, context: message.payload };
    case "context_compacted":
    case "status":
      return status(before, message);
    case "error":
      return failed(before, message);
  }
}

/** The conversation after something was said here. */
export const said = (before: Conversation, input: Omit<WaitingInput, "state">): Conversation => ({
  ...before,
  waiting: [...before.waiting, { ...input, state: "waiting" }],
});

/** The conversation after what was refused is not to be shown any more. */
export const dropped = (before: Conversation, id: string): Conversation => ({
  ...before,
  waiting: before.waiting.filter((input) => input.id !== id),
});

/** The conversation after the open question was answered here. A second answer changes nothing. */
export function answered(before: Conversation, requestId: string, review: Review): Conversation {
  const { approval } = before;
  if (approval?.requestId !== requestId || approval.state !== "asked") return before;
  const { problem: _, ...open } = approval;
  return { ...before, approval: { ...open, state: "answered", review } };
}

type Of<Type extends ServerMessage["type"]> = Extract<ServerMessage, { type: Type }>;

const isOver = ({ historyEnd }: Conversation, { seq = Infinity }: ServerMessage) => seq <= historyEnd;

const add = (before: Conversation, entry: Entry): Conversation => ({
  ...before,
  entries: [...before.entries, entry],
});

function attached(before: Conversation, session: SessionInfo): Conversation {
  const isIdle = session.state !== "running";
  return {
    ...before,
    session,
    model: session.model,
    isRunning: !isIdle,
    historyEnd: isIdle ? session.head_seq : -1,
    // A question that is still open is asked again.
    ...(isIdle && { approval: undefined }),
  };
}

function loading(before: Conversation, message: Of<"loading_state">): Conversation {
  const isRunning = message.payload.loading && !isOver(before, message);
  if (!message.payload.loading) return { ...before, isRunning };
  return { ...before, isRunning, turn: { from: before.entries.length, startedAt: timeOf(message.id) } };
}

function delta(before: Conversation, { payload }: Of<"response_delta">): Conversation {
  const { kind, itemId, callId } = payload;
  if (kind === "output") return withOutput(before, callId, payload.delta);
  if (kind === "arguments") return withWrittenCall(before, { itemId, callId }, payload.delta);
  return withText(before, itemId, (entry) => ({
    kind: kind === "text" ? "assistant" : "reasoning",
    key: itemId,
    text: (entry?.text ?? "") + payload.delta,
    state: "streaming",
  }));
}

/** Changes the text of this item, or begins it. */
function withText(
  before: Conversation,
  key: string,
  change: (entry: TextEntry | undefined) => TextEntry,
): Conversation {
  const index = before.entries.findLastIndex((entry) => entry.key === key);
  const entry = before.entries[index];
  if (entry === undefined || !("state" in entry) || entry.kind === "call")
    return add(before, change(undefined));
  return { ...before, entries: before.entries.with(index, change(entry)) };
}

function item(before: Conversation, item: ResponseItem): Conversation {
  switch (item.type) {
    case "message":
      return item.role === "assistant" ? assistantSaid(before, item) : takenIn(before, item);
    case "reasoning": {
      const parts = item.summary.length > 0 ? item.summary : (item.content ?? []);
      const text = parts.map((part) => part.text).join("\n\n");
      const key = item.id ?? `reasoning-${before.entries.length}`;
      if (text === "") return without(before, key);
      return withText(before, key, () => ({ kind: "reasoning", key, text, state: "finished" }));
    }
    case "function_call":
      return withCall(before, item);
    case "function_call_output":
      return finishedOutput(before, item);
    case "provider_item":
      return before;
  }
}

const without = (before: Conversation, key: string): Conversation => ({
  ...before,
  entries: before.entries.filter((entry) => entry.key !== key),
});

const textOf = ({ content }: MessageItem) =>
  content
    .map((part) => ("text" in part ? part.text : part.type === "refusal" ? part.refusal : ""))
    .join("\n")
    .trim();

function assistantSaid(before: Conversation, message: MessageItem): Conversation {
  const key = message.id ?? `message-${before.entries.length}`;
  const text = textOf(message);
  const kind = message.aside === true ? "explanation" : "assistant";
  const state = message.status === "incomplete" ? "cut" : "finished";
  const after = withText(before, key, () => ({ kind, key, text, state }));
  const { approval } = after;
  return kind === "explanation" && approval
    ? { ...after, approval: { ...approval, isExplained: true } }
    : after;
}

/** A message that entered the conversation: what was said here waits no more. */
function takenIn(before: Conversation, message: MessageItem): Conversation {
  const text = textOf(message);
  const images = message.content.flatMap((part) => (part.type === "input_image" ? [part.image_url] : []));
  const isInstruction = message.standing === true || message.role !== "user";
  const key = message.id ?? `user-${before.entries.length}`;
  const after = add(before, { kind: "user", key, text, images, isInstruction });
  return isInstruction ? after : { ...after, waiting: withoutTakenIn(before.waiting, text) };
}

function status(before: Conversation, message: Of<"status"> | Of<"context_compacted">): Conversation {
  const note = statusNote(message);
  const after = note ? add(before, note) : before;
  if (message.type === "context_compacted") return { ...after, context: undefined };
  const { payload } = message;
  switch (payload.kind) {
    case "tool_started":
      return startedCall(after, payload, timeOf(message.id));
    case "response_finished":
      return counted(after, payload);
    case "model_changed":
      return { ...after, model: payload.model };
    case "rewound":
      return rewound(before, message.id, payload.responseId);
    case "retrying":
      return { ...after, entries: after.entries.filter((entry) => !isUnfinished(entry)) };
    case "named":
      return { ...after, name: payload.name };
    case "forked":
    case "archived":
      return after;
  }
}

/** What a model had begun to say: when it is asked again, something else will come. */
const isUnfinished = (entry: Entry) =>
  "state" in entry && (entry.state === "streaming" || entry.state === "writing");

function counted(
  before: Conversation,
  { responseId, usage, aside }: Extract<Of<"status">["payload"], { kind: "response_finished" }>,
): Conversation {
  const sum = before.usage ?? { input_tokens: 0, output_tokens: 0, cost_usd: 0 };
  const cost = sum.cost_usd === null || usage.cost_usd === null ? null : sum.cost_usd + usage.cost_usd;
  const after: Conversation = {
    ...before,
    usage: {
      input_tokens: sum.input_tokens + usage.input_tokens,
      output_tokens: sum.output_tokens + usage.output_tokens,
      cost_usd: cost,
    },
  };
  if (aside === true) return after;
  const ends = new Map(before.ends).set(responseId, before.entries.length);
  return { ...after, responses: before.responses + 1, ends };
}

/** What came after that response is folded away. */
function rewound(before: Conversation, key: string, responseId: string): Conversation {
  const end = before.ends.get(responseId);
  // The turn that goes back has begun already, and has added nothing.
  if (end === undefined || end >= before.entries.length) return before;
  const kept = before.entries.slice(0, end);
  return { ...before, entries: [...kept, { kind: "rewound", key, entries: before.entries.slice(end) }] };
}

function failed(before: Conversation, { id, payload }: Of<"error">): Conversation {
  const { message, details } = payload;
  const { approval } = before;
  if (approval?.state === "answered") {
    return { ...before, approval: { ...approval, problem: message } };
  }
  const after = add(before, { kind: "error", key: id, message, code: details?.code });
  // Outside of a turn an error is the answer to what was sent last.
  return before.isRunning ? after : { ...after, waiting: refusedFirst(before.waiting) };
}

/** Nothing of the turn goes on: what is not finished by now never will be. */
function finished(before: Conversation, message: Of<"agent_finished">): Conversation {
  const { from } = before.turn;
  const hasInput = before.entries.slice(from).some(({ kind }) => kind === "user");
  const isRefused = message.payload.status === "failed" && !hasInput;
  const entries = before.entries.map((entry, index) => (index < from ? entry : ended(entry)));
  const after = {
    ...before,
    entries,
    isRunning: false,
    approval: undefined,
    waiting: isRefused ? refusedFirst(before.waiting) : before.waiting,
  };
  const note = finishedNote(message, before.turn.startedAt);
  return note ? add(after, note) : after;
}

function ended(entry: Entry): Entry {
  if (entry.kind === "call") {
    const isOpen = ["writing", "waiting", "asked", "running"].includes(entry.state);
    return isOpen ? { ...entry, state: "unrun" } : entry;
  }
  if ("state" in entry && entry.state === "streaming") return { ...entry, state: "cut" };
  return entry;
}
