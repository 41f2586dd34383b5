import { describe, expect, it } from "vitest";
import { AgentError } from "../../contract/error.ts";
import type { ModelEvent } from "../../contract/model.ts";
import { responseReader } from "./stream.ts";

const MODEL = { provider: "anthropic" as const, name: "claude-test" };
const ORIGIN = { provider: "anthropic", model: "claude-test" };

interface Told {
  events: ModelEvent[];
  items: unknown[];
  done: ModelEvent | undefined;
  error: unknown;
}

function read(...wire: unknown[]): Told {
  const told: Told = { events: [], items: [], done: undefined, error: undefined };
  try {
    const reader = responseReader(MODEL);
    for (const sent of wire) {
      for (const event of reader.take(JSON.stringify(sent))) {
        told.events.push(event);
        if (event.type === "item") told.items.push(event.item);
        if (event.type === "done") told.done = event;
      }
    }
  } catch (error) {
    told.error = error;
  }
  return told;
}

const start = (usage: object = { input_tokens: 10, output_tokens: 1 }, id = "msg_1") => ({
  type: "message_start",
  message: { id, model: "claude-test-20260101", usage },
});
const open = (index: number, content_block: object) => ({
  type: "content_block_start",
  index,
  content_block,
});
const delta = (index: number, type: string, fields: object) => ({
  type: "content_block_delta",
  index,
  delta: { type, ...fields },
});
const close = (index: number) => ({ type: "content_block_stop", index });
const end = (stop_reason: string | null, usage: object = { output_tokens: 5 }, more: object = {}) => [
  { type: "message_delta", delta: { stop_reason, ...more }, usage },
  { type: "message_stop" },
];
const text = (index: number, words: string) => [
  open(index, { type: "text", text: "" }),
  delta(index, "text_delta", { text: words }),
  close(index),
];
const tool = (index: number, id: string, json: string) => [
  open(index, { type: "tool_use", id, name: "shell", input: {} }),
  delta(index, "input_json_delta", { partial_json: json }),
  close(index),
];
const thought = (index: number, signature: string) => [
  open(index, { type: "thinking", thinking: "", signature: "" }),
  delta(index, "thinking_delta", { thinking: "hm" }),
  delta(index, "signature_delta", { signature }),
  close(index),
];

describe("the reader of a response", () => {
  it("passes ping and all types that are new to it without harm", () => {
    const { items, done } = read(
      { type: "ping" },
      start(),
      { type: "weather_report", index: "north" },
      ...text(0, "Hi").slice(0, 2),
      delta(0, "citations_delta", { citation: { url: "a" } }),
      delta(7, "text_delta", { text: "of no block" }),
      close(0),
      open(1, { type: "hologram", id: "h1" }),
      delta(1, "hologram_delta", { content: "x" }),
      close(1),
      ...end("end_turn"),
    );
    expect(items).toEqual([
      {
        type: "message",
        role: "assistant",
        content: [{ type: "output_text", text: "Hi" }],
        status: "completed",
        origin: ORIGIN,
      },
      { type: "provider_item", origin: { ...ORIGIN, opaque: { type: "hologram", id: "h1" } } },
    ]);
    expect(done).toMatchObject({ stop: "completed" });
  });

  it("keeps a block of a server's tool whole, its arguments and all", () => {
    const { items, done } = read(
      start(),
      open(0, {
        type: "server_tool_use",
        id: "s1",
        name: "web_search",
        input: {},
        caller: { type: "direct" },
      }),
      delta(0, "input_json_delta", { partial_json: '{"query":' }),
      delta(0, "input_json_delta", { partial_json: '"a"}' }),
      close(0),
      ...end("pause_turn"),
    );
    const opaque = {
      type: "server_tool_use",
      id: "s1",
      name: "web_search",
      input: { query: "a" },
      caller: { type: "direct" },
    };
    expect(items).toEqual([{ type: "provider_item", origin: { ...ORIGIN, opaque } }]);
    expect(done).toMatchObject({ stop: "pause" });
  });

  it("takes what gateways put whole into the start of a block", () => {
    const { events, items } = read(
      start(),
      open(0, { type: "text", text: "Hi" }),
      close(0),
      open(1, { type: "tool_use", id: "t1", name: "shell", input: { command: ["ls"] } }),
      close(1),
      ...end("end_turn"),
    );
    expect(events[1]).toEqual({ type: "delta", index: 0, kind: "text", delta: "Hi" });
    expect(items).toMatchObject([
      { content: [{ text: "Hi" }] },
      { call_id: "t1", arguments: '{"command":["ls"]}', status: "completed" },
    ]);
    expect(events.at(-1)).toMatchObject({ type: "done", stop: "tool_calls" });
  });

  it("tells deltas with the index of their item, and calls by their id", () => {
    const { events } = read(
      start(),
      ...thought(0, "sig"),
      ...text(1, "Hi"),
      ...tool(2, "t1", '{"a":1}'),
      ...end("tool_use"),
    );
    expect(events.slice(0, -1)).toMatchObject([
      { type: "begun", usage: { input_tokens: 10, output_tokens: 1 } },
      { type: "delta", index: 0, kind: "reasoning", delta: "hm" },
      { type: "delta", index: 1, kind: "text", delta: "Hi" },
      {
        type: "item",
        index: 0,
        item: { type: "reasoning", summary: [{ type: "summary_text", text: "hm" }] },
      },
      { type: "item", index: 1, item: { type: "message" } },
      { type: "delta", index: 2, kind: "arguments", delta: '{"a":1}', callId: "t1" },
      { type: "item", index: 2, item: { type: "function_call" } },
    ]);
  });

  it("voids what came before a gateway started over, and uses none of its indexes again", () => {
    const { events, items } = read(
      start({ input_tokens: 99 }),
      ...thought(0, "sig-first"),
      ...tool(1, "t-first", "{}"),
      start({ input_tokens: 7 }, "msg_2"),
      ...thought(0, "sig-second"),
      ...tool(1, "t-second", "{}"),
      ...end("tool_use"),
    );
    expect(items).toMatchObject([
      { origin: { opaque: { signature: "sig-second" } } },
      { call_id: "t-second" },
    ]);
    expect(events.filter(({ type }) => type === "item")).toMatchObject([{ index: 2 }, { index: 3 }]);
    expect(events.at(-1)).toMatchObject({ responseId: "msg_2", usage: { input_tokens: 7 } });
  });

  it("calls a stream broken that starts over after a text was finished and passed on", () => {
    const { items, error } = read(start(), ...text(0, "Hi"), start(), ...text(0, "Hi"), ...end("end_turn"));
    expect(items).toHaveLength(1);
    expect(error).toBeInstanceOf(AgentError);
    expect(error).toMatchObject({ code: "provider_stream_broken", retryable: true });
  });

  it.each([
    ['{"command":', ""],
    ["[1]", "content_block_stop"],
    ["", ""],
    ["", "content_block_stop"],
  ])("marks a call incomplete whose arguments the limit cut off: %j %s", async (json, closing) => {
    const events = tool(0, "t1", json).filter(({ type }) => type !== "content_block_stop" || closing !== "");
    const { items, done } = read(start(), ...events, ...end("max_tokens"));
    expect(items).toMatchObject([{ type: "function_call", status: "incomplete" }]);
    expect(done).toMatchObject({ stop: "max_output_tokens" });
  });

  it("shows thinking that was cut off but keeps nothing of it to send back", () => {
    const { items } = read(start(), ...thought(0, "sig").slice(0, 2), ...end("max_tokens"));
    expect(items).toEqual([
      { type: "reasoning", summary: [{ type: "summary_text", text: "hm" }], origin: ORIGIN },
    ]);
  });

  it.each([
    ["end_turn", "completed"],
    ["stop_sequence", "completed"],
    ["max_tokens", "max_output_tokens"],
    ["pause_turn", "pause"],
    ["refusal", "refusal"],
    ["model_context_window_exceeded", "context_window"],
    ["something_new", "completed"],
    [null, "completed"],
  ])("reads the stop reason %s as %s", async (reason, stop) => {
    expect(read(start(), ...text(0, "Hi"), ...end(reason)).done).toMatchObject({ stop });
  });

  it("shows the provider's explanation of a refusal only where the model said nothing", () => {
    const details = {
      stop_details: { type: "refusal", category: "cyber", explanation: "Against the policy." },
    };
    const silent = read(start(), ...end("refusal", {}, details));
    expect(silent.items).toMatchObject([{ content: [{ type: "refusal", refusal: "Against the policy." }] }]);
    const thoughtful = read(start(), ...thought(0, "sig"), ...end("refusal", {}, details));
    expect(thoughtful.items).toMatchObject([{ type: "reasoning" }, { content: [{ type: "refusal" }] }]);
    const spoken = read(start(), ...text(0, "Hi"), ...end("refusal", {}, details));
    expect(spoken.items).toMatchObject([{ content: [{ type: "output_text", text: "Hi" }] }]);
    expect(read(start(), ...end("refusal")).items).toEqual([]);
  });

  it("takes the newest counts, and counts what is cached as input", () => {
    const { done } = read(
      start({
        input_tokens: 10,
        cache_read_input_tokens: 200,
        cache_creation_input_tokens: 30,
        cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
        output_tokens: 1,
      }),
      { type: "message_delta", delta: {}, usage: { output_tokens: 3 } },
      ...end("end_turn", {
        input_tokens: null,
        cache_read_input_tokens: 300,
        output_tokens: 8,
        output_tokens_details: { thinking_tokens: 6 },
      }),
    );
    expect(done).toMatchObject({
      servedModel: "claude-test-20260101",
      usage: {
        input_tokens: 340,
        cached_input_tokens: 300,
        cache_write_input_tokens: 30,
        hour_cache_write_input_tokens: 20,
        output_tokens: 8,
        reasoning_output_tokens: 6,
      },
    });
  });

  it.each([
    ["overloaded_error", "provider_overloaded", true],
    ["api_error", "provider_overloaded", true],
    ["timeout_error", "provider_overloaded", true],
    ["rate_limit_error", "provider_rate_limited", true],
    ["authentication_error", "provider_auth", false],
    ["invalid_request_error", "provider_bad_request", false],
    ["request_too_large", "context_window_exceeded", false],
    ["something_new", "provider_overloaded", true],
  ])("throws for the error event %s an error with code %s", async (type, code, retryable) => {
    const { error } = read(start(), { type: "error", error: { type, message: "No." } });
    expect(error).toBeInstanceOf(AgentError);
    expect(error).toMatchObject({ code, retryable, details: { provider_code: type } });
  });

  it("calls a known event in an unknown form broken, for it cannot know what it missed", () => {
    const { error } = read(start(), {
      type: "content_block_delta",
      delta: { type: "text_delta", text: 7 },
    });
    expect(error).toMatchObject({ code: "provider_stream_broken" });
    expect(String(error)).toContain("content_block_delta");
  });

  it("does not claim to be done without message_stop", () => {
    expect(read(start(), ...text(0, "Hi"), ...end("end_turn").slice(0, 1)).done).toBeUndefined();
  });
});
