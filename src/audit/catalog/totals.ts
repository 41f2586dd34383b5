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
  title: string | null;
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
  title: null,
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
  if (Ended.safeParse(line.message_data).success) totals.ended = 1;
  const fact = Fact.safeParse(line.message_data).data;
  if (fact !== undefined) addFact(totals, fact);
}

const Named = z.object({ model: z.string(), provider: z.string() });

/** The messages that totals are made of, read loosely: the log may be of another version, or of another server. */
const Fact = z.discriminatedUnion("type", [
  z.object({ type: z.literal("user_input"), payload: z.object({ input: z.unknown() }) }),
  z.object({ type: z.literal("loading_state"), payload: z.object({ loading: z.literal(true) }) }),
  z.object({ type: z.literal("session_info"), payload: Named }),
  z.object({ type: z.literal("approval_request"), id: z.string() }),
  z.object({
    type: z.literal("status"),
    payload: z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("response_finished"), usage: Usage }),
      Named.extend({ kind: z.literal("model_changed") }),
      z.object({ kind: z.literal("named"), name: z.string() }),
    ]),
  }),
]);
type Fact = z.infer<typeof Fact>;

const Ended = z.object({ event: z.literal("session_ended") });

function addFact(totals: Totals, fact: Fact): void {
  switch (fact.type) {
    case "user_input":
      totals.title ??= titleOf(stringsOf(fact.payload.input));
      break;
    case "loading_state":
      totals.turns += 1;
      break;
    case "session_info":
      takeModel(totals, fact.payload);
      break;
    case "approval_request":
      // After an explanation the same request is asked again.
      if (fact.id !== totals.last_request) totals.approvals += 1;
      totals.last_request = fact.id;
      break;
    case "status":
      addStatus(totals, fact.payload);
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
      totals.title = titleOf(status.name);
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

const TITLE_LENGTH = 80;

/** The first words, on one line. */
function titleOf(text: string): string | null {
  const words = text
    .slice(0, 4 * TITLE_LENGTH)
    .replace(/[\s\p{Cc}\p{Bidi_Control}]+/gu, " ")
    .trim();
  if (words.length <= TITLE_LENGTH) return words === "" ? null : words;
  const cut = words.slice(0, TITLE_LENGTH);
  const end = cut.lastIndexOf(" ");
  return `${(end > TITLE_LENGTH / 2 ? cut.slice(0, end) : cut).toWellFormed()}…`;
}
