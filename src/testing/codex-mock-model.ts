import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { ResponseItem } from "../contract/item.ts";
import type { Model, ModelEvent, ModelRequest } from "../contract/model.ts";

const ORIGIN = { provider: "scripted", model: "mock-model" } as const;
const USAGE = {
  input_tokens: 100,
  cached_input_tokens: 0,
  cache_write_input_tokens: 0,
  output_tokens: 5,
  reasoning_output_tokens: 0,
};

/**
 * Does what the model of the recorded conversations did, in the words of the user: `mock:text`, `mock:reasoning`,
 * `mock:shell` with `mock-cmd:`, `mock:patch` with `mock-file:`, `mock:hang`; `mock-deltas:` and `mock-delay:` (ms).
 */
export const mockModel: Model = {
  provider: "scripted",
  name: "mock-model",
  info: { contextWindow: 258_400, maxOutputTokens: 16_384 },
  async *stream(request, signal) {
    const text = lastWords(request.items);
    yield* answer(request, text, signal);
    const calls = lastRole(request.items) === "user" && /mock:(?:shell|patch)/.test(text);
    const responseId = `resp_${crypto.randomUUID()}`;
    yield { type: "done", responseId, stop: calls ? "tool_calls" : "completed", usage: USAGE };
  },
};

const word = (text: string, name: string) => new RegExp(`${name}:(\\S+)`).exec(text)?.[1];

function lastWords(items: readonly ResponseItem[]): string {
  const message = items.findLast((item) => item.type === "message" && item.role === "user");
  if (message?.type !== "message") return "";
  return message.content.map((part) => ("text" in part ? part.text : "")).join(" ");
}

const lastRole = (items: readonly ResponseItem[]) => {
  const last = items.at(-1);
  return last?.type === "message" ? last.role : "tool";
};

async function* answer(
  { items }: ModelRequest,
  text: string,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent> {
  const last = items.at(-1);
  const deltas = Number(word(text, "mock-deltas") ?? 20);
  if (last?.type === "function_call_output") {
    yield* say([`tool said: ${last.output}`, ...pieces(deltas).slice(1)], text, signal);
    return;
  }
  if (text.includes("mock:hang")) {
    for (const delta of ["d0 ", "d1 ", "d2 "]) yield { type: "delta", index: 0, kind: "text", delta };
    await once(signal, "abort");
  }
  signal.throwIfAborted();
  const command = /mock-cmd:(.*)$/.exec(text)?.[1];
  const file = word(text, "mock-file");
  if (command !== undefined) yield call("shell", { command: ["/bin/bash", "-lc", command] });
  else if (file !== undefined) yield call("apply_patch", { input: patch(file) });
  else {
    if (text.includes("mock:reasoning")) yield* think();
    yield* say(pieces(deltas), text, signal, text.includes("mock:reasoning") ? 1 : 0);
  }
}

const pieces = (count: number) => Array.from({ length: count }, (_, index) => `d${index} xxxxx`);

const patch = (file: string) =>
  `*** Begin Patch\n*** Add File: ${file}\n+line one from mock\n+line two from mock\n*** End Patch`;

const call = (name: string, args: object): ModelEvent => ({
  type: "item",
  index: 0,
  item: {
    type: "function_call",
    call_id: `call_${crypto.randomUUID()}`,
    name,
    arguments: JSON.stringify(args),
    origin: ORIGIN,
  },
});

async function* say(
  texts: string[],
  words: string,
  signal: AbortSignal,
  index = 0,
): AsyncGenerator<ModelEvent> {
  const delayMs = Number(word(words, "mock-delay") ?? 0);
  for (const delta of texts) {
    if (delayMs > 0) await sleep(delayMs, undefined, { signal });
    yield { type: "delta", index, kind: "text", delta };
  }
  const content = [{ type: "output_text" as const, text: texts.join("") }];
  yield {
    type: "item",
    index,
    item: { type: "message", role: "assistant", content, origin: ORIGIN },
  };
}

function* think(): Generator<ModelEvent> {
  const thoughts = ["**Thinking** ", "about ", "it."];
  for (const delta of thoughts) yield { type: "delta", index: 0, kind: "reasoning", delta };
  const summary = [{ type: "summary_text" as const, text: thoughts.join("") }];
  yield { type: "item", index: 0, item: { type: "reasoning", summary, origin: ORIGIN } };
}
