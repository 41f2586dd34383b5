import type { ResponseItem } from "../../contract/item.ts";
import type { ModelEvent } from "../../contract/model.ts";
import type { ServerSentEvent } from "../sse.ts";
import { readGoogleStream } from "./stream.ts";

export const MODEL = { provider: "google", name: "gemini-3-pro" } as const;

/** A chunk with these parts, the last of a response when it has a reason. */
export const chunk = (parts: object[], finishReason?: string, more: object = {}) => ({
  candidates: [{ content: { role: "model", parts }, ...(finishReason && { finishReason }) }],
  responseId: "response-1",
  ...more,
});

async function* eventsOf(chunks: object[]): AsyncGenerator<ServerSentEvent> {
  for (const data of chunks) yield { data: JSON.stringify(data) };
}

/** All that a stream of these chunks tells. */
export async function read(chunks: object[], conversation: ResponseItem[] = []) {
  const events: ModelEvent[] = [];
  for await (const event of readGoogleStream(MODEL, eventsOf(chunks), conversation)) events.push(event);
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
