import { expect } from "vitest";
import type { Origin, ResponseItem } from "../../contract/item.ts";
import { describeModel, digest, type ModelOptions, type ToolTurn } from "../model.suite.ts";
import { Chunk } from "./chunk.ts";
import { createGoogleModel } from "./model.ts";
import { opaqueFor } from "./opaque.ts";

const make = (options: ModelOptions) =>
  createGoogleModel({
    ...options,
    credentials: { apiKey: "test-key" },
    info: { contextWindow: 1_000_000, maxOutputTokens: 65_536 },
  });

const schemaOf = (type: string, ...names: string[]) => ({
  type: "object",
  properties: Object.fromEntries(names.map((name) => [name, { type }])),
  required: names,
  additionalProperties: false,
});

const opaqueOf = (origin: Origin | undefined) => opaqueFor(origin?.model ?? "", origin);

/** The signatures of a response, with the kind of part that each stood on. */
function signaturesOf(items: ResponseItem[]) {
  return items.flatMap((item) => {
    if (item.type === "function_call_output") return [];
    const { signature, signed = [] } = opaqueOf(item.origin);
    if (signature !== undefined) return [{ on: "functionCall", sig: digest(signature) }];
    return signed.map((span) => ({ on: "text", sig: digest(span.signature) }));
  });
}

/** What the real API got in the recorded second requests, but for the form of the outputs. */
const turnOf = (body: Record<string, unknown>, items: ResponseItem[], expected: object[]) => {
  const calls = items.filter((item) => item.type === "function_call");
  expect(body["contents"]).toEqual([
    { role: "user", parts: [{ text: expect.any(String) }] },
    {
      role: "model",
      parts: calls.map(({ name, arguments: args, origin }) => {
        const { callId, signature } = opaqueOf(origin);
        const functionCall = { ...(callId && { id: callId }), name, args: JSON.parse(args) };
        return { functionCall, ...(signature && { thoughtSignature: signature }) };
      }),
    },
    { role: "user", parts: expected },
  ]);
};

const response = (name: string, output: string, id?: string) => ({
  functionResponse: {
    ...(id && { id }),
    name,
    response: { output, metadata: { exit_code: 0, duration_seconds: 0.1 } },
  },
});

const weather = {
  instructions: "You are a helpful assistant",
  user: "What's the weather in Florence,Italy?",
  tools: [
    { name: "weather", description: "Get weather information", parameters: schemaOf("string", "location") },
  ],
  outputs: { weather: "40 C" },
};

const sums = {
  instructions: "You are a helpful assistant. Always use both add and multiply at the same time.",
  user: "Add and multiply the number 2 and 3",
  tools: [
    { name: "add", description: "Add two numbers", parameters: schemaOf("integer", "a", "b") },
    { name: "multiply", description: "Multiply two numbers", parameters: schemaOf("integer", "a", "b") },
  ],
  outputs: { add: "5", multiply: "6" },
};

const turns: ToolTurn[] = [
  {
    ...weather,
    name: "a signed call",
    model: "gemini-3.1-pro-preview",
    first: "tool.gemini-3.1-pro.0.sse",
    second: "tool.gemini-3.1-pro.1.sse",
    check: (body, items) => {
      expect(signaturesOf(items)).toHaveLength(1);
      turnOf(body, items, [response("weather", "40 C", "89nz05jy")]);
    },
  },
  {
    ...sums,
    name: "two calls, the first signed",
    model: "gemini-3.1-pro-preview",
    first: "parallel.gemini-3.1-pro.0.sse",
    second: "parallel.gemini-3.1-pro.1.sse",
    check: (body, items) => {
      expect(signaturesOf(items)).toHaveLength(1);
      turnOf(body, items, [response("add", "5", "8hd01vsf"), response("multiply", "6", "k0srpqrc")]);
    },
  },
  {
    ...sums,
    name: "two calls without ids",
    model: "gemini-2.5-flash",
    first: "parallel.gemini-2.5-flash.0.sse",
    second: "parallel.gemini-3.1-pro.1.sse",
    check: (body, items) => turnOf(body, items, [response("add", "5"), response("multiply", "6")]),
  },
  {
    ...weather,
    name: "a thought before a signed call",
    model: "gemini-2.5-pro",
    first: "thinking.gemini-2.5-pro.0.sse",
    second: "tool.gemini-3.1-pro.1.sse",
    check: (body, items) => {
      expect(items[0]?.type).toBe("reasoning");
      turnOf(body, items, [response("weather", "40 C")]);
    },
  },
];

describeModel({
  family: "google",
  make,
  isTerminal: (event) => {
    const chunk = Chunk.parse(event);
    return Boolean(chunk.candidates?.[0]?.finishReason ?? chunk.promptFeedback?.blockReason);
  },
  errors: {
    "error-chunk.503.sse": "provider_overloaded",
    "http-429.retryinfo.json": "provider_rate_limited",
    "http-400.context.json": "context_window_exceeded",
    "http-400.api_key.json": "provider_auth",
  },
  reasoning: (item) => ({ text: item.summary.map((part) => part.text).join("") }),
  otherItem: (item) => Object.keys(opaqueOf(item.origin).part ?? {}).join(),
  check: (expectation, items) => {
    expect(signaturesOf(items)).toEqual(expectation["signatures"] ?? []);
  },
  turns,
});
