import { createHash } from "node:crypto";
import type { FunctionCallItem, MessageItem, ResponseItem } from "../../contract/item.ts";
import type { Model, ModelEvent, ModelRequest } from "../../contract/model.ts";

/** All that a stream told, and how it ended. */
export interface Outcome {
  events: ModelEvent[];
  items: ResponseItem[];
  done: Extract<ModelEvent, { type: "done" }> | undefined;
  error: unknown;
}

/** A plain question; tools only so that the provider may call some. */
export const QUESTION: ModelRequest = {
  instructions: "Answer briefly.",
  items: [{ type: "message", role: "user", content: [{ type: "input_text", text: "Hello" }] }],
  tools: [],
  sessionId: "session-of-the-suite",
};

export async function runModel(
  model: Model,
  request: ModelRequest = QUESTION,
  signal: AbortSignal = new AbortController().signal,
): Promise<Outcome> {
  const outcome: Outcome = { events: [], items: [], done: undefined, error: undefined };
  try {
    for await (const event of model.stream(request, signal)) {
      outcome.events.push(event);
      if (event.type === "item") outcome.items.push(event.item);
      if (event.type === "done") outcome.done = event;
    }
  } catch (error) {
    outcome.error = error;
  }
  return outcome;
}

/** A secret as expected.json names it. */
export function digest(secret: string): string {
  return `sha256:${createHash("sha256").update(secret).digest("hex").slice(0, 16)} len:${secret.length}`;
}

export function messagesOf(items: readonly ResponseItem[]): MessageItem[] {
  return items.filter((item) => item.type === "message");
}

export function callsOf(items: readonly ResponseItem[]): FunctionCallItem[] {
  return items.filter((item) => item.type === "function_call");
}

export function textOf(messages: readonly MessageItem[]): string {
  const parts = messages.flatMap(({ content }) => content);
  return parts.map((part) => (part.type === "output_text" ? part.text : "")).join("");
}

export function refusalOf(messages: readonly MessageItem[]): string {
  const parts = messages.flatMap(({ content }) => content);
  return parts.map((part) => (part.type === "refusal" ? part.refusal : "")).join("");
}

export function deltasOf(events: readonly ModelEvent[], kind: string, index?: number): string {
  return events
    .filter((event) => event.type === "delta" && event.kind === kind)
    .filter((event) => index === undefined || (event.type === "delta" && event.index === index))
    .map((event) => (event.type === "delta" ? event.delta : ""))
    .join("");
}
