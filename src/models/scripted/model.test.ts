import { expect, test } from "vitest";
import { AgentError } from "../../contract/error.ts";
import type { Model, ModelEvent, ModelRequest } from "../../contract/model.ts";
import { createScriptedModel, type ScriptedModelOptions } from "./model.ts";

const REQUEST: ModelRequest = { instructions: "Be brief.", items: [], tools: [], sessionId: "s" };
const NEVER = new AbortController().signal;

async function read(model: Model, signal: AbortSignal = NEVER): Promise<ModelEvent[]> {
  const events: ModelEvent[] = [];
  for await (const event of model.stream(REQUEST, signal)) events.push(event);
  return events;
}

const ask = (options: ScriptedModelOptions) => read(createScriptedModel(options));

const textOf = (events: ModelEvent[]) =>
  events.map((event) => (event.type === "delta" && event.kind === "text" ? event.delta : "")).join("");

test("text, reasoning and calls come as deltas, then as whole items in order", async () => {
  const events = await ask({
    script: [
      [
        { reasoning: "Look first." },
        { text: "I will look." },
        { call: { name: "shell", arguments: { command: ["ls"] }, call_id: "call_a" } },
      ],
    ],
  });
  const origin = { provider: "scripted", model: "scripted" };
  expect(events.filter(({ type }) => type === "item")).toEqual([
    {
      type: "item",
      index: 0,
      item: { type: "reasoning", summary: [{ type: "summary_text", text: "Look first." }], origin },
    },
    {
      type: "item",
      index: 1,
      item: {
        type: "message",
        role: "assistant",
        content: [{ type: "output_text", text: "I will look." }],
        origin,
      },
    },
    {
      type: "item",
      index: 2,
      item: {
        type: "function_call",
        call_id: "call_a",
        name: "shell",
        arguments: '{"command":["ls"]}',
        status: "completed",
        origin,
      },
    },
  ]);
  expect(textOf(events)).toBe("I will look.");
  const written = events.filter((event) => event.type === "delta" && event.kind === "arguments");
  expect(written).toEqual([
    { type: "delta", index: 2, kind: "arguments", delta: '{"command":["ls"]}', callId: "call_a" },
  ]);
  expect(events.at(-1)).toMatchObject({ type: "done", stop: "tool_calls", servedModel: "scripted" });
});

test("a step is streamed in the number of pieces that it asks for, and no character is split", async () => {
  const events = await ask({ script: [[{ text: "a😀b😀c😀", deltas: 3 }]] });
  const deltas = events.flatMap((event) => (event.type === "delta" ? [event.delta] : []));
  expect(deltas).toEqual(["a😀", "b😀", "c😀"]);
});

test("the estimate of tokens gives way to the counts of the script", async () => {
  const [, , estimated] = await ask({ script: [[{ text: "12345678" }]] });
  expect(estimated).toMatchObject({ usage: { output_tokens: 2, reasoning_output_tokens: 0 } });
  const events = await ask({
    script: [[{ text: "12345678" }, { usage: { input_tokens: 1000, cached_input_tokens: 900 } }]],
  });
  expect(events.at(-1)).toMatchObject({
    stop: "completed",
    usage: { input_tokens: 1000, cached_input_tokens: 900, output_tokens: 2 },
  });
});

test("responses are played in order, and a request after the last is an error that says so", async () => {
  const model = createScriptedModel({ script: [[{ text: "one" }], [{ text: "two" }]] });
  expect(textOf(await read(model))).toBe("one");
  expect(textOf(await read(model))).toBe("two");
  await expect(read(model)).rejects.toThrow("The script has 2 responses, and this is request 3.");
});

test("a script that repeats begins again", async () => {
  const model = createScriptedModel({ script: [[{ text: "again" }]], repeat: true });
  await read(model);
  expect(textOf(await read(model))).toBe("again");
});

test("a script may be a function of the request and its number", async () => {
  const model = createScriptedModel({
    script: (request, index) => [{ text: `${request.sessionId}${index}` }],
  });
  await read(model);
  expect(textOf(await read(model))).toBe("s1");
});

test("an error breaks the stream off after what came before it", async () => {
  const events: ModelEvent[] = [];
  const model = createScriptedModel({
    script: [
      [{ text: "half" }, { error: { code: "provider_overloaded", retryable: true, retryAfterMs: 5 } }],
    ],
  });
  const reading = (async () => {
    for await (const event of model.stream(REQUEST, NEVER)) events.push(event);
  })();
  const error = await reading.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AgentError);
  expect(error).toMatchObject({ code: "provider_overloaded", retryable: true, retryAfterMs: 5 });
  expect(textOf(events)).toBe("half");
});

test.each([
  ["hangs", [{ text: "begun" }, { hang: true as const }]],
  ["waits between deltas", [{ text: "begun and not ended", delayMs: 3_600_000 }]],
  ["waits between steps", [{ text: "begun" }, { wait: 3_600_000 }]],
])("a response that %s ends with the reason of the abort", async (_name, steps) => {
  const abort = new AbortController();
  const asked = Promise.withResolvers<void>();
  const model = createScriptedModel({ script: [steps], onRequest: () => asked.resolve() });
  const reading = read(model, abort.signal);
  const failed = reading.catch((thrown: unknown) => thrown);
  await asked.promise;
  abort.abort(new Error("stop now"));
  expect(await failed).toEqual(new Error("stop now"));
});
