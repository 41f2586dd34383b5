import { expect } from "vitest";
import { AgentError } from "../../contract/error.ts";
import type { FunctionCallItem, ProviderItem, ResponseItem } from "../../contract/item.ts";
import type { TokenUsage } from "../../contract/model.ts";
import type { Expectation, ExpectedCall } from "../../testing/replay.ts";
import type { ModelFamily } from "../model.suite.ts";
import { callsOf, deltasOf, messagesOf, refusalOf, textOf, type Outcome } from "./outcome.ts";

interface Played {
  file: string;
  expectation: Expectation;
}

/**
 * Compares what a stream told with what its recording must yield. The file stands in what is compared, because one test
 * plays many.
 */
export function expectOutcome(family: ModelFamily, { file, expectation }: Played, outcome: Outcome): void {
  if (expectation.stop === "error") return expectError(family, { file, expectation }, outcome);
  expect({ file, error: outcome.error }).toEqual({ file, error: undefined });
  const messages = messagesOf(outcome.items);
  expect({
    file,
    text: textOf(messages),
    refusal: refusalOf(messages),
    others: otherItems(family, outcome.items),
    stop: outcome.done?.stop,
    usage: outcome.done?.usage,
    last: outcome.events.at(-1)?.type,
  }).toEqual({
    file,
    text: expectation.text ?? "",
    refusal: expectation.refusal ?? "",
    others: expectation.other_items ?? [],
    stop: expectation.stop,
    usage: usageOf(expectation),
    last: "done",
  });
  expectCalls(file, expectation.tool_calls ?? [], callsOf(outcome.items));
  expectReasoning(family, { file, expectation }, outcome.items);
  expectDeltas(file, outcome);
  expectPlainItems(family, file, outcome.items);
  family.check?.(expectation, outcome.items);
}

function expectError(family: ModelFamily, { file, expectation }: Played, outcome: Outcome): void {
  expect(outcome.error).toBeInstanceOf(AgentError);
  const code = outcome.error instanceof AgentError ? outcome.error.code : undefined;
  expect({ file, done: outcome.done, code, text: deltasOf(outcome.events, "text") }).toEqual({
    file,
    done: undefined,
    code: family.errors[file],
    text: expectation.text ?? "",
  });
}

function expectCalls(file: string, expected: ExpectedCall[], calls: FunctionCallItem[]): void {
  const told = calls.map((call, n) => ({
    // A provider that gives no id leaves it to us.
    call_id: expected[n]?.call_id === null ? null : call.call_id,
    name: call.name,
    arguments: call.status === "incomplete" ? call.arguments : JSON.parse(call.arguments),
    status: call.status ?? "completed",
  }));
  const wanted = expected.map((call) => ({
    call_id: call.call_id,
    name: call.name,
    arguments: call.arguments ?? call.arguments_raw,
    status: call.status ?? "completed",
  }));
  expect({ file, calls: told }).toEqual({ file, calls: wanted });
  const ids = calls.map((call) => call.call_id);
  expect({ file, ids: [...new Set(ids)].filter(Boolean) }).toEqual({ file, ids });
}

/** Reasoning that shows nothing and has nothing to go back says nothing: an adapter may leave it out. */
function expectReasoning(family: ModelFamily, { file, expectation }: Played, items: ResponseItem[]): void {
  const saysSomething = (entry: Record<string, unknown>) => Object.values(entry).some(Boolean);
  const told = items
    .filter((item) => item.type === "reasoning")
    .map((item) => family.reasoning(item))
    .filter(saysSomething);
  const expected = (expectation.reasoning ?? []).filter(saysSomething);
  // Only what the family speaks of: expected.json knows more of some entries.
  const reasoning = expected.map((entry, n) => pick(entry, Object.keys(told[n] ?? entry)));
  expect({ file, reasoning: told }).toEqual({ file, reasoning });
}

/**
 * A finished text has been told before by its deltas. So has a call's arguments, where the provider streams them.
 * Deltas of an index whose item never comes are void: a gateway may start the response anew.
 */
function expectDeltas(file: string, { events }: Outcome): void {
  for (const event of events) {
    if (event.type !== "item") continue;
    const { item, index } = event;
    if (item.type === "message") {
      const text = textOf([item]) + refusalOf([item]);
      expect({ file, index, text: deltasOf(events, "text", index) }).toEqual({ file, index, text });
    }
    const told = deltasOf(events, "arguments", index);
    if (item.type === "function_call" && told !== "") {
      expect({ file, index, told }).toEqual({ file, index, told: item.arguments });
    }
  }
}

/** What every item of a model has, so that the log can take it as it is. */
function expectPlainItems(family: ModelFamily, file: string, items: ResponseItem[]): void {
  for (const item of items) {
    expect({ file, item }).toMatchObject({ file, item: { origin: { provider: family.family } } });
    expect(item).not.toHaveProperty("id");
    expect({ file, item: JSON.parse(JSON.stringify(item)) }).toEqual({ file, item });
  }
}

function otherItems(family: ModelFamily, items: ResponseItem[]): string[] {
  return items
    .filter((item) => item.type === "provider_item")
    .map((item) => family.otherItem?.(item) ?? typeOfOpaque(item));
}

function typeOfOpaque({ origin }: ProviderItem): string {
  const { opaque } = origin;
  const isObject = typeof opaque === "object" && opaque !== null && "type" in opaque;
  return isObject ? String(opaque.type) : "provider_item without a type";
}

function usageOf({ usage }: Expectation): TokenUsage {
  return {
    input_tokens: usage?.input ?? 0,
    cached_input_tokens: usage?.cached_input ?? 0,
    cache_write_input_tokens: usage?.cache_write ?? 0,
    output_tokens: usage?.output ?? 0,
    reasoning_output_tokens: usage?.reasoning ?? 0,
  };
}

function pick(entry: Record<string, unknown>, keys: string[]): Record<string, unknown> {
  return Object.fromEntries(keys.map((key) => [key, entry[key]]));
}
