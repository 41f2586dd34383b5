import { z } from "zod";
import { Usage } from "../../contract/item.ts";
import type { LogLine } from "../../contract/log.ts";
import { stringsOf } from "../search-text.ts";

/** What the lines of a log come to, one after the other. The names are the columns of the catalog. */
export interface Totals {
  start_time: string | null;
  last_activity: string | null;
  event_count: number;
  /** 1: the newest line says that the session has ended. */
  ended: number;
  /** What the user said first, or the beginning of it. */
  preview: string | null;
  name: string | null;
  workspace: string | null;
  forked_from: string | null;
  /** 1: a client has put it away. */
  put_away: number;
  model: string | null;
  provider: string | null;
  turns: number;
  approvals: number;
  last_request: string | null;
  input_tokens: number;
  cached_input_tokens: number;
  cache_write_input_tokens: number;
  output_tokens: number;
  reasoning_output_tokens: number;
  cost_usd: number;
  /** Responses whose price is not known. */
  unpriced: number;
}

export const noTotals = (): Totals => ({
  start_time: null,
  last_activity: null,
  event_count: 0,
  ended: 0,
  preview: null,
  name: null,
  workspace: null,
  forked_from: null,
  put_away: 0,
  model: null,
  provider: null,
  turns: 0,
  approvals: 0,
  last_request: null,
  input_tokens: 0,
  cached_input_tokens: 0,
  cache_write_input_tokens: 0,
  output_tokens: 0,
  reasoning_output_tokens: 0,
  cost_usd: 0,
  unpriced: 0,
});

/** Adds one line. Undefined: a line that cannot be read, which counts as one all the same. */
export function addLine(totals: Totals, line: LogLine | undefined): void {
  totals.event_count += 1;
  totals.ended = 0;
  if (line === undefined) return;
  totals.start_time ??= line.timestamp;
  totals.last_activity = line.timestamp;
  const { message_data: message } = line;
  if (typeof message !== "object" || message === null) return;
  if ("event" in message && message.event === "session_ended") totals.ended = 1;
  if (!looksLikeFact(message)) return;
  const fact = Fact.safeParse(message).data;
  if (fact !== undefined) addFact(totals, fact, line.audit?.copied === true);
}

/** Enough for a title, even when there is much white space in it. In characters. */
const PREVIEW_LENGTH = 320;

const Named = z.object({ model: z.string(), provider: z.string() });

/** The messages that totals are made of, read loosely: the log may be of another version, or of another server. */
const Fact = z.discriminatedUnion("type", [
  z.object({ type: z.literal("user_input"), payload: z.object({ input: z.unknown() }) }),
  z.object({ type: z.literal("loading_state"), payload: z.object({ loading: z.literal(true) }) }),
  z.object({ type: z.literal("session_info"), payload: Named.extend({ workspace: z.string().optional() }) }),
  z.object({
    type: z.literal("response_item"),
    payload: z.object({ type: z.literal("message"), role: z.literal("user"), content: z.unknown() }),
  }),
  z.object({ type: z.literal("approval_request"), id: z.string() }),
  z.object({
    type: z.literal("status"),
    payload: z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("response_finished"), usage: Usage }),
      Named.extend({ kind: z.literal("model_changed") }),
      z.object({ kind: z.literal("named"), name: z.string() }),
      z.object({ kind: z.literal("archived"), archived: z.boolean() }),
      z.object({ kind: z.literal("forked"), from: z.string() }),
    ]),
  }),
]);
type Fact = z.infer<typeof Fact>;

/**
 * Most messages are no fact. To find that out by the schema is slow, and what a schema that does not fit leaves behind
 * outlives many collections: with 100 000 logs to read that is most of the server's memory.
 */
function looksLikeFact(message: object): boolean {
  const { type, payload } = message as { type?: unknown; payload?: unknown };
  if (type === "approval_request") return true;
  if (typeof payload !== "object" || payload === null) return false;
  switch (type) {
    case "user_input":
    case "session_info":
      return true;
    case "loading_state":
      return "loading" in payload && payload.loading === true;
    case "response_item":
      return "role" in payload && payload.role === "user";
    case "status":
      return "kind" in payload && STATUS_KINDS.has(payload.kind);
    default:
      return false;
  }
}

const STATUS_KINDS: ReadonlySet<unknown> = new Set([
  "response_finished",
  "model_changed",
  "named",
  "archived",
  "forked",
]);

function addFact(totals: Totals, fact: Fact, copied: boolean): void {
  switch (fact.type) {
    case "user_input":
      totals.preview ??= previewOf(fact.payload.input);
      break;
    case "response_item":
      // The copy of another session's conversation has no inputs.
      totals.preview ??= previewOf(fact.payload.content);
      break;
    case "loading_state":
      totals.turns += 1;
      break;
    case "session_info":
      takeModel(totals, fact.payload);
      totals.workspace = fact.payload.workspace ?? totals.workspace;
      break;
    case "approval_request":
      // After an explanation the same request is asked again.
      if (fact.id !== totals.last_request) totals.approvals += 1;
      totals.last_request = fact.id;
      break;
    case "status":
      // Another session has paid for it.
      if (!copied || fact.payload.kind !== "response_finished") addStatus(totals, fact.payload);
      break;
  }
}

function addStatus(totals: Totals, status: Extract<Fact, { type: "status" }>["payload"]): void {
  switch (status.kind) {
    case "response_finished":
      addUsage(totals, status.usage);
      break;
    case "model_changed":
      takeModel(totals, status);
      break;
    case "named":
      totals.name = status.name.slice(0, PREVIEW_LENGTH).toWellFormed();
      break;
    case "archived":
      totals.put_away = Number(status.archived);
      break;
    case "forked":
      // A copy of a copy has both stories: its own comes first.
      totals.forked_from ??= status.from;
      break;
  }
}

function takeModel(totals: Totals, { model, provider }: z.infer<typeof Named>): void {
  totals.model = model;
  totals.provider = provider;
}

function addUsage(totals: Totals, usage: Usage): void {
  totals.input_tokens += usage.input_tokens;
  totals.cached_input_tokens += usage.cached_input_tokens;
  totals.cache_write_input_tokens += usage.cache_write_input_tokens;
  totals.output_tokens += usage.output_tokens;
  totals.reasoning_output_tokens += usage.reasoning_output_tokens;
  if (usage.cost_usd === null) totals.unpriced += 1;
  else totals.cost_usd += usage.cost_usd;
}

function previewOf(input: unknown): string | null {
  const text = stringsOf(input).trim().slice(0, PREVIEW_LENGTH).toWellFormed();
  return text === "" ? null : text;
}

const TITLE_LENGTH = 80;

/** The name of a session, or the first words of its user, on one line. */
export function titleOf({ name, preview }: Pick<Totals, "name" | "preview">): string | null {
  const words = (name ?? preview ?? "").replace(/[\s\p{Cc}\p{Bidi_Control}]+/gu, " ").trim();
  if (words.length <= TITLE_LENGTH) return words === "" ? null : words;
  const cut = words.slice(0, TITLE_LENGTH);
  const end = cut.lastIndexOf(" ");
  return `${(end > TITLE_LENGTH / 2 ? cut.slice(0, end) : cut).toWellFormed()}…`;
}
