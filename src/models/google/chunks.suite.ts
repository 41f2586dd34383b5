import type { ResponseItem } from "../../contract/item.ts";
import type { ModelEvent } from "../../contract/model.ts";
import { responseReader } from "./stream.ts";

export const MODEL = { provider: "google", name: "gemini-3-pro" } as const;

/** A chunk with these parts, the last of a response when it has a reason. */
export const chunk = (parts: object[], finishReason?: string, more: object = {}) => ({
  candidates: [{ content: { role: "model", parts }, ...(finishReason && { finishReason }) }],
  responseId: "response-1",
  ...more,
});

/** All that a stream of these chunks tells. */
export async function read(chunks: object[], conversation: ResponseItem[] = []) {
  const reader = responseReader(MODEL, conversation);
  const events: ModelEvent[] = [];
  for (const sent of chunks) events.push(...reader.take(JSON.stringify(sent)));
  events.push(...(reader.end?.() ?? []));
  const items = events.flatMap((event) => (event.type === "item" ? [event.item] : []));
  const calls = items.filter((item) => item.type === "function_call");
  const done = events.find((event) => event.type === "done");
  return { events, items, calls, done };
}

export const origin = (opaque?: object) => ({
  provider: "google",
  model: "gemini-3-pro",
  ...(opaque && { opaque }),
});
