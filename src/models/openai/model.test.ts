import { expect } from "vitest";
import type { ReasoningItem } from "../../contract/item.ts";
import { describeModel, digest } from "../model.suite.ts";
import { createOpenAIModel } from "./model.ts";

const TERMINAL = ["response.completed", "response.incomplete", "response.failed", "error"];

describeModel({
  family: "openai",
  make: ({ baseUrl, name, idleTimeoutMs }) =>
    createOpenAIModel({
      name,
      apiKey: "sk-test",
      baseUrl: `${baseUrl}/v1`,
      wireApi: "responses",
      info: { contextWindow: 400_000, maxOutputTokens: 128_000 },
      idleTimeoutMs,
    }),
  isTerminal: (event) =>
    typeof event === "object" && event !== null && "type" in event && TERMINAL.includes(String(event.type)),
  errors: {
    "error-event.insufficient_quota.chunks.txt": "provider_rate_limited",
    "failed.rate_limit.sse": "provider_rate_limited",
    "failed.context_length.sse": "context_window_exceeded",
    "http-400.context_length.json": "context_window_exceeded",
    "http-400.reasoning-orphan.json": "provider_bad_request",
    "http-401.json": "provider_auth",
  },
  reasoning: ({ summary, content, encrypted_content }: ReasoningItem) => ({
    summary: summary.map(({ text }) => text).join("\n\n"),
    text: (content ?? []).map(({ text }) => text).join(""),
    encrypted_content: encrypted_content ? digest(encrypted_content) : null,
  }),
  amended: {
    // OpenAI's own wrapper around several calls is none of our tools: it is unpacked.
    "parallel-wrapper.chunks.txt": {
      tool_calls: [
        { call_id: "call_parallel_0", name: "weather", arguments: { location: "San Francisco" } },
        { call_id: "call_parallel_1", name: "cityAttractions", arguments: { city: "Rome" } },
      ],
    },
    // Calls of tools that OpenAI defines: we do not offer them, so nobody can answer.
    "apply-patch-tool.chunks.txt": { stop: "tool_call_invalid" },
    "custom-tool.chunks.txt": { stop: "tool_call_invalid" },
    "local-shell-tool.chunks.txt": { stop: "tool_call_invalid" },
  },
  check: ({ phases }, items) => {
    const told = items.flatMap((item) => (item.type === "message" && item.phase ? [item.phase] : []));
    expect(told).toEqual(phases ?? []);
  },
  turns: [
    {
      name: "ciphertext of the reasoning goes back",
      model: "gpt-5-nano",
      first: "encrypted-reasoning.gpt-5-nano.0.sse",
      second: "encrypted-reasoning.gpt-5-nano.1.sse",
      instructions: "",
      user: "What's the weather in Berlin? (52.5200, 13.4050)",
      tools: [weather("latitude", "longitude")],
      outputs: { weather: "15 C, wind 10 km/h" },
      check: (body, items) => {
        const [reasoning] = items.filter((item) => item.type === "reasoning");
        expect(reasoning?.encrypted_content).toBeTruthy();
        expect(body).toMatchObject({
          store: false,
          include: ["reasoning.encrypted_content"],
          prompt_cache_key: "session-of-the-suite",
          input: [
            { role: "user" },
            { type: "reasoning", encrypted_content: reasoning?.encrypted_content },
            { type: "function_call", call_id: "call_E9m0fralKLjUmND1MuTXjnqm" },
            { type: "function_call_output", call_id: "call_E9m0fralKLjUmND1MuTXjnqm" },
          ],
        });
        expect(JSON.stringify(body["input"])).not.toContain('"id":');
      },
    },
    {
      name: "the phase of a message goes back",
      model: "gpt-5.5",
      first: "phase.gpt-5.5.0.sse",
      second: "phase.gpt-5.5.1.sse",
      instructions: "Briefly narrate what you are about to do before calling each tool.",
      user: "What is the capital of PotatoLand?",
      tools: [{ ...weather("country"), name: "get_capital" }],
      outputs: { get_capital: "Potato City" },
      check: (body) => {
        expect(body["input"]).toMatchObject([
          { role: "user" },
          { type: "reasoning" },
          { type: "message", role: "assistant", phase: "commentary", content: [{ type: "output_text" }] },
          { type: "function_call" },
          { type: "function_call_output" },
        ]);
      },
    },
    {
      name: "two calls in one response",
      model: "gpt-5",
      first: "parallel.gpt-5.0.sse",
      second: "parallel.gpt-5.1.sse",
      instructions: "Always use both add and multiply at the same time.",
      user: "Add and multiply the number 2 and 3",
      tools: [
        { ...weather("a", "b"), name: "add" },
        { ...weather("a", "b"), name: "multiply" },
      ],
      outputs: { add: "5", multiply: "6" },
      check: (body) => {
        expect(body["input"]).toMatchObject([
          { role: "user" },
          { type: "function_call", name: "add" },
          { type: "function_call", name: "multiply" },
          { type: "function_call_output" },
          { type: "function_call_output" },
        ]);
      },
    },
  ],
});

function weather(...parameters: string[]) {
  const properties = Object.fromEntries(parameters.map((name) => [name, { type: "string" }]));
  return {
    name: "weather",
    description: "Gets what it is asked for.",
    parameters: { type: "object", properties, required: parameters, additionalProperties: false },
  };
}
