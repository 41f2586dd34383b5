import { describe, expect, it } from "vitest";
import type { ResponseItem } from "../../contract/item.ts";
import { conversationTurns } from "./conversation.ts";
import { THINKING, aborted, assistant, call, output, reasoning, result, text, use, user } from "./samples.ts";

const CONTINUE = { role: "user", content: [{ type: "text", text: "Continue." }] };

describe("conversationTurns", () => {
  it("keeps the order of text, thinking and calls, and thinking exactly as it came, also when it is empty", () => {
    const empty = { type: "thinking", thinking: "", signature: "sig-2", later: { field: 1 } };
    const redacted = { type: "redacted_thinking", data: "xyz" };
    const items = [
      user("a"),
      reasoning(empty),
      assistant("b"),
      reasoning(redacted),
      reasoning(),
      call("c1"),
      output("c1"),
    ];
    expect(conversationTurns(items)).toEqual([
      { role: "user", content: [text("a")] },
      { role: "assistant", content: [empty, text("b"), redacted, THINKING, use("c1")] },
      { role: "user", content: [result("c1")] },
    ]);
  });

  it("leaves out the reasoning and the own items of other providers", () => {
    const foreign: ResponseItem = {
      type: "provider_item",
      origin: { provider: "openai", model: "gpt-5", opaque: { type: "x" } },
    };
    const items = [user("a"), reasoning({ type: "thinking" }, "openai"), foreign, assistant("b"), user("c")];
    expect(conversationTurns(items)).toEqual([
      { role: "user", content: [text("a")] },
      { role: "assistant", content: [text("b")] },
      { role: "user", content: [text("c")] },
    ]);
  });

  it("leaves out thinking that was cut off or that nothing followed", () => {
    const cutOff: ResponseItem = {
      type: "reasoning",
      summary: [],
      origin: { provider: "anthropic", model: "m" },
    };
    expect(
      conversationTurns([user("a"), cutOff, assistant("b"), reasoning(), user("c"), reasoning(), user("d")]),
    ).toEqual([
      { role: "user", content: [text("a")] },
      { role: "assistant", content: [text("b")] },
      { role: "user", content: [text("c"), text("d")] },
    ]);
  });

  it("holds no blank text, and refusals as text", () => {
    const refused: ResponseItem = {
      type: "message",
      role: "assistant",
      content: [{ type: "refusal", refusal: "No." }],
    };
    expect(
      conversationTurns([user("a"), user(""), assistant("\n\n"), refused, user(" "), user("b")]),
    ).toEqual([
      { role: "user", content: [text("a")] },
      { role: "assistant", content: [text("No.")] },
      { role: "user", content: [text("b")] },
    ]);
  });

  it("puts all results of a step first into one turn, one for each call, in the order of the calls", () => {
    const items = [
      user("a"),
      call("c1"),
      call("c2"),
      output("c2", "2"),
      user("steer"),
      output("c1", "1"),
      output("c1", "again"),
    ];
    expect(conversationTurns(items)).toEqual([
      { role: "user", content: [text("a")] },
      { role: "assistant", content: [use("c1"), use("c2")] },
      { role: "user", content: [result("c1", "1"), result("c2", "2"), text("steer")] },
    ]);
  });

  it("answers a call without output right after it, and drops an output without call", () => {
    expect(conversationTurns([user("a"), output("c0"), call("c1"), user("b"), call("c2")])).toEqual([
      { role: "user", content: [text("a")] },
      { role: "assistant", content: [use("c1")] },
      { role: "user", content: [aborted("c1"), text("b")] },
      { role: "assistant", content: [use("c2")] },
      { role: "user", content: [aborted("c2")] },
    ]);
  });

  it("gives every call an id of its own that the API takes, the same each time", () => {
    const items = [user("a"), call("call:1"), call("call.1"), output("call.1", "2"), output("call:1", "1")];
    const later = [...items, call("call:1"), user("b"), call("call:1"), output("call:1", "4")];
    expect(conversationTurns(items)).toEqual([
      { role: "user", content: [text("a")] },
      { role: "assistant", content: [use("call_1"), use("call_1_2")] },
      { role: "user", content: [result("call_1", "1"), result("call_1_2", "2")] },
    ]);
    expect(conversationTurns(later)).toEqual([
      ...conversationTurns(items),
      { role: "assistant", content: [use("call_1_3")] },
      { role: "user", content: [aborted("call_1_3"), text("b")] },
      { role: "assistant", content: [use("call_1_4")] },
      { role: "user", content: [result("call_1_4", "4")] },
    ]);
  });

  it.each(['{"command": ["ls', "[1]", "null", "", "7"])(
    "sends no arguments for those that are no object: %s",
    (args) => {
      expect(conversationTurns([user("a"), call("c1", args), output("c1", "not run")])).toMatchObject([
        {},
        { content: [use("c1", {})] },
        { content: [result("c1", "not run")] },
      ]);
    },
  );

  it("keeps the arguments and repairs the name of a tool that does not exist", () => {
    const items = [user("a"), call("c1", '{"b":1,"a":{"z":[]}}', "functions.shell"), output("c1")];
    expect(JSON.stringify(conversationTurns(items))).toContain(
      '"name":"functions_shell","input":{"b":1,"a":{"z":[]}}',
    );
  });

  it("has an empty result where a tool said nothing", () => {
    expect(conversationTurns([user("a"), call("c1"), output("c1", "")])).toMatchObject([
      {},
      {},
      { content: [{ type: "tool_result", tool_use_id: "c1" }] },
    ]);
  });

  it("marks instructions within the conversation", () => {
    const developer: ResponseItem = { ...user("Use tabs."), role: "developer" };
    expect(
      conversationTurns([user("a"), assistant("b"), { ...user("Now."), role: "system" }, developer]),
    ).toMatchObject([
      {},
      {},
      {
        role: "user",
        content: [
          text("<system_message>\nNow.\n</system_message>"),
          text("<developer_message>\nUse tabs.\n</developer_message>"),
        ],
      },
    ]);
  });

  it("sends images as data or by address, and says what cannot be sent", () => {
    const image = (image_url: string) => ({ type: "input_image" as const, image_url });
    const content = [
      image("data:image/png;base64,iVBORw0KGgo="),
      image("data:image/jpg;base64,/9j/4AAQ"),
      image("https://example.org/a.png"),
      image("data:image/svg+xml;base64,PHN2Zz4="),
    ];
    expect(conversationTurns([{ type: "message", role: "user", content }])).toEqual([
      {
        role: "user",
        content: [
          { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" } },
          { type: "image", source: { type: "base64", media_type: "image/jpeg", data: "/9j/4AAQ" } },
          { type: "image", source: { type: "url", url: "https://example.org/a.png" } },
          text(
            '[image left out: expected an https URL or a base64 data URL of a PNG, JPEG, GIF or WebP image, got "data:image/svg+xml;base64"]',
          ),
        ],
      },
    ]);
  });

  it("lets the user speak first and last", () => {
    expect(conversationTurns([assistant("b")])).toEqual([
      CONTINUE,
      { role: "assistant", content: [text("b")] },
      CONTINUE,
    ]);
    expect(conversationTurns([])).toEqual([CONTINUE]);
  });

  it("goes on from a pause with the provider's own blocks unchanged and nothing after them", () => {
    const block = { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "a" } };
    const paused: ResponseItem = {
      type: "provider_item",
      origin: { provider: "anthropic", model: "m", opaque: block },
    };
    expect(conversationTurns([user("a"), assistant("b"), paused])).toEqual([
      { role: "user", content: [text("a")] },
      { role: "assistant", content: [text("b"), block] },
    ]);
  });
});
