import { z } from "zod";
import type { ResponseItem, Usage } from "../../contract/item.ts";
import type { LogLine } from "../../contract/log.ts";
import { ServerMessage } from "../../contract/message.ts";
import { type Counted, countedAt } from "./context/meter.ts";
import type { History } from "./history.ts";

/** What a log tells of a conversation beside its items. */
export interface Restored {
  lastResponseId: string | undefined;
  /**
   * What every response took, explanations and summaries too, but for those of the session that this one was forked
   * from; `model` has its provider before the name.
   */
  responses: { usage: Usage; model: string; aside: boolean }[];
  /** The conversation as its provider counted it last, undefined where it was compacted since. */
  counted: Counted | undefined;
  /** The model that it was on, with its provider before the name. */
  model: string | undefined;
}

/** Plays the messages of a log into an empty history, as the loop once did: items, rewinds, compactions. */
export async function restoreHistory(lines: AsyncIterable<LogLine>, history: History): Promise<Restored> {
  const state: Restored = { lastResponseId: undefined, responses: [], model: undefined, counted: undefined };
  for await (const { direction, message_data: data, audit } of lines) {
    if (direction === "outgoing") takeMessage({ data, copied: audit?.copied === true }, state, history);
  }
  markLast(state, history);
  return state;
}

/** Only the messages that the conversation follows from are read: the log may hold some of a newer server. */
const Relevant = z.object({
  type: z.enum(["session_info", "status", "loading_state", "response_item", "context_compacted"]),
});

function takeMessage(
  { data, copied }: { data: unknown; copied: boolean },
  state: Restored,
  history: History,
): void {
  if (!Relevant.safeParse(data).success) return;
  const message = ServerMessage.safeParse(data);
  if (!message.success) return;
  const { type, payload } = message.data;
  if (type === "session_info") state.model ??= fullName(payload);
  if (type === "response_item") takeItem(payload, state, history);
  if (type === "context_compacted" && payload.keptItems) {
    history.keep(payload.keptItems);
    state.counted = undefined;
    markLast(state, history);
  }
  if (type === "loading_state") markLast(state, history);
  if (type !== "status") return;
  if (payload.kind === "model_changed") state.model = fullName(payload);
  if (payload.kind === "rewound" && history.rewind(payload.responseId))
    state.lastResponseId = payload.responseId;
  if (payload.kind !== "response_finished") return;
  const { usage, aside = false, responseId } = payload;
  if (!copied) state.responses.push({ usage, model: fullName(payload), aside });
  if (aside) return;
  state.lastResponseId = responseId;
  state.counted = countedAt(usage, history.items);
  markLast(state, history);
}

function takeItem(item: ResponseItem, state: Restored, history: History): void {
  if (item.type === "message" && item.aside === true) return;
  history.append(item);
  if (item.type === "function_call_output") markLast(state, history);
}

function markLast({ lastResponseId }: Restored, history: History): void {
  if (lastResponseId !== undefined) history.markResponse(lastResponseId);
}

const fullName = ({ provider, model }: { provider: string; model: string }) => `${provider}/${model}`;
