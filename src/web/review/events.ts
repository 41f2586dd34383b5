import type { LogLine } from "../../contract/log.ts";
import { answerWord, callWords, deciderWords } from "./call-words.ts";
import { commandLine } from "../parts/command.ts";
import { readToolResult } from "../parts/tool-result.ts";
import {
  contentText,
  flagAt,
  listAt,
  numberAt,
  oneLine,
  textAt,
  textsAt,
  told,
  valueAt,
  withoutEscapes,
} from "./read.ts";

/** What an event is to a reader. */
export type EventKind =
  | "user"
  | "assistant"
  | "reasoning"
  | "call"
  | "tool"
  | "output"
  | "approval"
  | "turn"
  | "usage"
  | "status"
  | "error"
  | "session"
  | "delta"
  | "other";

export type Tone = "good" | "warn" | "bad" | "muted" | "accent" | "plain";

/** One line of the log in words, small enough to keep of every line. */
export interface EventRow {
  seq: number;
  /** Milliseconds since 1970. */
  at: number;
  direction: "incoming" | "outgoing";
  /** The message's type as it stands in the log, or the session's own event. */
  type: string;
  kind: EventKind;
  label: string;
  /** On one line, without characters that cannot be seen. */
  words: string;
  tone: Tone;
}

type Told = Pick<EventRow, "kind" | "label" | "words"> & { tone?: Tone };

/** Never throws: what it does not know it shows as it is. */
export function describeEvent(line: LogLine): EventRow {
  const { message_data: message, seq, direction } = line;
  const event = textAt(message, "event");
  const type = textAt(message, "type") ?? event ?? "";
  const said = message === undefined ? ERASED : tell(type, message, event);
  const at = Date.parse(line.timestamp);
  return {
    seq,
    at: Number.isNaN(at) ? 0 : at,
    direction,
    type: oneLine(type, 60),
    tone: "plain",
    ...said,
    words: oneLine(said.words),
  };
}

const ERASED: Told = {
  kind: "other",
  label: "Erased",
  words: "The content of this line was taken out; its place in the chain is kept.",
  tone: "warn",
};

function tell(type: string, message: unknown, event: string | undefined): Told {
  if (event !== undefined) return tellSession(event, message);
  const payload = valueAt(message, "payload");
  return told(TELLERS, type)?.(payload) ?? { kind: "other", label: "Message", words: restOf(message) };
}

const SESSION_EVENTS: Record<string, string> = {
  session_started: "The session began",
  session_ended: "The session ended",
  session_recovered: "The log was mended after a crash",
};

const tellSession = (event: string, message: unknown): Told => ({
  kind: "session",
  label: "Session",
  words: told(SESSION_EVENTS, event) ?? `${event} ${restOf(message)}`,
  tone: event === "session_recovered" ? "warn" : "muted",
});

const TELLERS: Record<string, (payload: unknown) => Told> = {
  user_input: (payload) => ({
    kind: "user",
    label: "User",
    words: contentText(valueAt(payload, "input")),
    tone: "accent",
  }),
  approval_response: (payload) => ({
    kind: "approval",
    label: "Answer",
    words: [answerWord(textAt(payload, "review")), textAt(payload, "customDenyMessage")]
      .filter(Boolean)
      .join(": "),
  }),
  cancel: () => ({ kind: "turn", label: "Cancel", words: "Somebody stopped the turn", tone: "warn" }),
  get_context_info: () => ({
    kind: "status",
    label: "Context",
    words: "Asked how full the context is",
    tone: "muted",
  }),
  manual_compact: () => ({ kind: "status", label: "Context", words: "Asked to compact the conversation" }),
  response_item: (payload) => tellItem(payload),
  loading_state: (payload) => ({
    kind: "turn",
    label: "Turn",
    words: flagAt(payload, "loading") ? "The agent begins to work" : "The agent stops working",
    tone: "muted",
  }),
  approval_request: (payload) => ({
    kind: "approval",
    label: "Approval",
    words: `${callWords(payload)}: ${textAt(payload, "reason") ?? "asks for approval"}`,
    tone: "warn",
  }),
  approval_resolved: tellDecision,
  agent_finished: tellFinish,
  context_info: (payload) => ({
    kind: "status",
    label: "Context",
    words: `${numberAt(payload, "usagePercent") ?? "?"}% full`,
    tone: "muted",
  }),
  context_compacted: (payload) => ({
    kind: "status",
    label: "Context",
    words: `Compacted from ${numberAt(payload, "oldTokenCount") ?? "?"} to ${numberAt(payload, "newTokenCount") ?? "?"} tokens`,
  }),
  status: tellStatus,
  error: (payload) => ({
    kind: "error",
    label: "Error",
    words: [textAt(payload, "details", "code"), textAt(payload, "message")].filter(Boolean).join(": "),
    tone: "bad",
  }),
  session_info: (payload) => ({
    kind: "session",
    label: "Session",
    words: `A client came in; model ${textAt(payload, "model") ?? "?"}, approvals ${textAt(payload, "approvalPolicy") ?? "?"}, sandbox ${textAt(payload, "sandbox") ?? "?"}`,
    tone: "muted",
  }),
  response_delta: (payload) => ({
    kind: "delta",
    label: "Stream",
    words: `${textAt(payload, "kind") ?? "text"}, ${listAt(payload, "timing").length || 1} pieces: ${withoutEscapes(textAt(payload, "delta") ?? "")}`,
    tone: "muted",
  }),
};

function tellItem(item: unknown): Told {
  const type = textAt(item, "type");
  if (type === "message") return tellMessage(item);
  if (type === "reasoning") {
    const words = contentText(valueAt(item, "summary")) || contentText(valueAt(item, "content"));
    return {
      kind: "reasoning",
      label: "Reasoning",
      words: words || "Not shown by the provider",
      tone: "muted",
    };
  }
  if (type === "function_call") {
    const name = textAt(item, "name") ?? "?";
    return {
      kind: "call",
      label: "Call",
      words: `${name} ${argumentWords(textAt(item, "arguments") ?? "")}`,
    };
  }
  if (type === "function_call_output") return tellOutput(textAt(item, "output") ?? "");
  return { kind: "other", label: "Item", words: restOf(item) };
}

const ROLES: Record<string, Told> = {
  user: { kind: "user", label: "Taken in", words: "", tone: "muted" },
  assistant: { kind: "assistant", label: "Assistant", words: "" },
};
const SYSTEM: Told = { kind: "status", label: "System", words: "", tone: "muted" };
const INSTRUCTIONS: Told = { ...SYSTEM, label: "Instructions" };

function tellMessage(item: unknown): Told {
  const role = textAt(item, "role") ?? "";
  const known = flagAt(item, "standing") ? INSTRUCTIONS : (told(ROLES, role) ?? SYSTEM);
  const label = flagAt(item, "aside") ? "Explanation" : known.label;
  return { ...known, label, words: contentText(valueAt(item, "content")) };
}

function tellOutput(json: string): Told {
  const { text, exitCode, durationMs } = readToolResult(json);
  const failed = exitCode !== 0 && exitCode !== undefined;
  const outcome = exitCode === undefined || exitCode === null ? "" : `exit ${exitCode}`;
  const time = durationMs === undefined ? "" : `${Math.round(durationMs) / 1000} s`;
  const facts = [outcome, time].filter(Boolean).join(", ");
  return {
    kind: "output",
    label: "Output",
    words: facts === "" ? withoutEscapes(text) : `${facts} · ${withoutEscapes(text)}`,
    tone: failed ? "bad" : "plain",
  };
}

/** The words of the call's arguments that say most: its command, else the arguments as they are. */
function argumentWords(json: string): string {
  try {
    const args: unknown = JSON.parse(json);
    const command = textsAt(args, "command");
    if (command.length > 0) return commandLine(command);
    return textAt(args, "command") ?? textAt(args, "input") ?? json;
  } catch {
    return json;
  }
}

function tellDecision(payload: unknown): Told {
  const review = textAt(payload, "review");
  const words = `${answerWord(review)} ${deciderWords(textAt(payload, "decidedBy"))}`;
  return {
    kind: "approval",
    label: "Decision",
    words,
    tone: review?.startsWith("NO") === true ? "bad" : "good",
  };
}

const FINISHES: Record<string, Told> = {
  completed: { kind: "turn", label: "Turn", words: "The turn is done", tone: "good" },
  cancelled: { kind: "turn", label: "Turn", words: "The turn was stopped", tone: "warn" },
  failed: { kind: "turn", label: "Turn", words: "The turn failed", tone: "bad" },
};

function tellFinish(payload: unknown): Told {
  const status = textAt(payload, "status") ?? "";
  return told(FINISHES, status) ?? { kind: "turn", label: "Turn", words: status };
}

function tellStatus(payload: unknown): Told {
  const kind = textAt(payload, "kind") ?? "";
  switch (kind) {
    case "tool_started":
      return { kind: "tool", label: "Tool", words: callWords(payload) };
    case "response_finished":
      return { kind: "usage", label: "Usage", words: usageWords(payload), tone: "muted" };
    case "retrying":
      return {
        kind: "error",
        label: "Retry",
        words: `Again in ${numberAt(payload, "inMs") ?? "?"} ms: ${textAt(payload, "reason") ?? ""}`,
        tone: "warn",
      };
    case "model_changed":
      return {
        kind: "status",
        label: "Model",
        words: `Now ${textAt(payload, "model") ?? "?"} ${textAt(payload, "reason") ?? ""}`,
      };
    case "named":
      return { kind: "status", label: "Name", words: textAt(payload, "name") ?? "" };
    case "rewound":
      return { kind: "status", label: "Rewound", words: "The conversation goes on from an earlier response" };
    case "forked":
      return {
        kind: "status",
        label: "Forked",
        words: `Began as a copy of ${textAt(payload, "from") ?? "?"}`,
      };
    default:
      return { kind: "status", label: "Status", words: restOf(payload), tone: "muted" };
  }
}

function usageWords(payload: unknown): string {
  const input = numberAt(payload, "usage", "input_tokens") ?? 0;
  const output = numberAt(payload, "usage", "output_tokens") ?? 0;
  return `${textAt(payload, "model") ?? "?"}: ${input} tokens in, ${output} out`;
}

const restOf = (value: unknown): string => {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return (text ?? "").slice(0, 1000);
};
