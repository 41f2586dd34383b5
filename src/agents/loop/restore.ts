import { z } from "zod";
import type { ResponseItem, Usage } from "../../contract/item.ts";
import type { LogLine } from "../../contract/log.ts";
import { ClientMessage, ServerMessage } from "../../contract/message.ts";
import type { History } from "./history.ts";

/** What a log tells of a conversation beside its items. */
export interface Restored {
  lastResponseId: string | undefined;
  /** What every response took, explanations and summaries too. */
  usages: Usage[];
  /** The name of the model that it was on. */
  model: string | undefined;
}

/** Plays the messages of a log into an empty history, as the loop once did: items, rewinds, compactions. */
export async function restoreHistory(lines: AsyncIterable<LogLine>, history: History): Promise<Restored> {
  const state: State = {
    lastResponseId: undefined,
    usages: [],
    model: undefined,
    running: false,
    rewindTo: undefined,
  };
  for await (const { direction, message_data: data } of lines) {
    if (direction === "incoming") takeRequest(data, state);
    else takeMessage(data, state, history);
  }
  return state;
}

interface State extends Restored {
  running: boolean;
  /** Where the next turn continues from, if it takes its input in. */
  rewindTo: string | undefined;
}

function takeRequest(data: unknown, state: State): void {
  if (state.running) return;
  const message = ClientMessage.safeParse(data);
  if (message.success && message.data.type === "user_input") {
    state.rewindTo = message.data.payload.previousResponseId;
  }
}

/** Only the messages that the conversation follows from are read: the log may hold some of a newer server. */
const Relevant = z.object({
  type: z.enum(["session_info", "status", "loading_state", "response_item", "context_compacted"]),
});

function takeMessage(data: unknown, state: State, history: History): void {
  if (!Relevant.safeParse(data).success) return;
  const message = ServerMessage.safeParse(data);
  if (!message.success) return;
  const { type, payload } = message.data;
  if (type === "session_info") state.model ??= payload.model;
  if (type === "response_item") takeItem(payload, state, history);
  if (type === "context_compacted" && payload.keptItems) history.keep(payload.keptItems);
  if (type === "loading_state") {
    state.running = payload.loading;
    markLast(state, history);
  }
  if (type !== "status") return;
  if (payload.kind === "model_changed") state.model = payload.model;
  if (payload.kind !== "response_finished") return;
  state.usages.push(payload.usage);
  if (payload.aside === true) return;
  state.lastResponseId = payload.responseId;
  markLast(state, history);
}

function takeItem(item: ResponseItem, state: State, history: History): void {
  if (item.type === "message" && item.aside === true) return;
  if (state.rewindTo !== undefined) {
    if (history.rewind(state.rewindTo)) state.lastResponseId = state.rewindTo;
    state.rewindTo = undefined;
  }
  history.append(item);
  if (item.type === "function_call_output") markLast(state, history);
}

function markLast({ lastResponseId }: State, history: History): void {
  if (lastResponseId !== undefined) history.markResponse(lastResponseId);
}
