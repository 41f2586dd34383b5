import { describe, expect, it } from "vitest";
import type { FunctionCallItem, MessageItem, Origin, ResponseItem } from "../../contract/item.ts";
import { toContents } from "./contents.ts";

const GEMINI_2 = { model: "gemini-2.5-pro", needsSignatures: false };
const GEMINI_3 = { model: "gemini-3-pro", needsSignatures: true };
const DUMMY = "skip_thought_signature_validator";

const user = (text: string): MessageItem => ({
  type: "message",
  role: "user",
  content: [{ type: "input_text", text }],
});
const answer = (text: string, origin?: Origin): MessageItem => ({
  type: "message",
  role: "assistant",
  content: [{ type: "output_text", text }],
  ...(origin && { origin }),
});
const call = (call_id: string, name: string, origin?: Origin): FunctionCallItem => ({
  type: "function_call",
  call_id,
  name,
  arguments: `{"of":"${call_id}"}`,
  ...(origin && { origin }),
});
const output = (call_id: string, output = `{"output":"out of ${call_id}"}`): ResponseItem => ({
  type: "function_call_output",
  call_id,
  output,
});
const google = (opaque: object, model = "gemini-3-pro"): Origin => ({ provider: "google", model, opaque });
const hello = { role: "user", parts: [{ text: "hello" }] };

describe("a conversation in Google's words", () => {
  it("has the calls of a step in one content and all their responses in the next, in the order of the calls", () => {
    const items = [user("hello"), call("a", "add"), call("b", "multiply"), output("b"), output("a")];
    expect(toContents(items, GEMINI_2)).toEqual([
      hello,
      {
        role: "model",
        parts: [
          { functionCall: { name: "add", args: { of: "a" } } },
          { functionCall: { name: "multiply", args: { of: "b" } } },
        ],
      },
      {
        role: "user",
        parts: [
          { functionResponse: { name: "add", response: { output: "out of a" } } },
          { functionResponse: { name: "multiply", response: { output: "out of b" } } },
        ],
      },
    ]);
  });

  it("sends Google's own ids back, on the call and on its response", () => {
    const origin = google({ callId: "8hd01vsf", signature: "s" });
    const contents = toContents([user("hello"), call("a", "add", origin), output("a")], GEMINI_3);
    expect(contents[1]?.parts?.[0]?.functionCall).toMatchObject({ id: "8hd01vsf" });
    expect(contents[2]?.parts?.[0]?.functionResponse).toMatchObject({ id: "8hd01vsf", name: "add" });
  });

  it("gives each use of one call id its own output", () => {
    const items = [
      user("hello"),
      call("call_0", "first"),
      output("call_0", '{"output":"1"}'),
      call("call_0", "second"),
      output("call_0", '{"output":"2"}'),
    ];
    const responses = toContents(items, GEMINI_2).flatMap(({ parts }) =>
      (parts ?? []).flatMap(({ functionResponse }) => (functionResponse ? [functionResponse] : [])),
    );
    expect(responses).toEqual([
      { name: "first", response: { output: "1" } },
      { name: "second", response: { output: "2" } },
    ]);
  });

  it("answers a call without an output, and leaves an output without a call out", () => {
    const items = [user("hello"), output("nobody"), call("a", "add"), user("stop"), output("nobody")];
    expect(toContents(items, GEMINI_2)).toEqual([
      hello,
      { role: "model", parts: [{ functionCall: { name: "add", args: { of: "a" } } }] },
      { role: "user", parts: [{ functionResponse: { name: "add", response: { output: "aborted" } } }] },
      { role: "user", parts: [{ text: "stop" }] },
    ]);
  });

  it("brings an output that comes late to its call", () => {
    const contents = toContents([user("hello"), call("a", "add"), user("hurry"), output("a")], GEMINI_2);
    expect(contents.slice(2)).toEqual([
      { role: "user", parts: [{ functionResponse: { name: "add", response: { output: "out of a" } } }] },
      { role: "user", parts: [{ text: "hurry" }] },
    ]);
  });

  it.each([
    ['{"output":"a","metadata":{"exit_code":0}}', { output: "a", metadata: { exit_code: 0 } }],
    ["plain words", { output: "plain words" }],
    ["[1,2]", { output: "[1,2]" }],
    ["null", { output: "null" }],
    ['"text"', { output: '"text"' }],
  ])("gives every response as an object: %s", (text, response) => {
    const contents = toContents([user("hello"), call("a", "add"), output("a", text)], GEMINI_2);
    expect(contents[2]?.parts?.[0]?.functionResponse?.response).toEqual(response);
  });

  it("sends a call whose arguments were cut off without any", () => {
    const cut: ResponseItem = { ...call("a", "add"), arguments: '{"command": ["rm', status: "incomplete" };
    const contents = toContents([user("hello"), cut, output("a")], GEMINI_2);
    expect(contents[1]?.parts).toEqual([{ functionCall: { name: "add", args: {} } }]);
  });

  it("merges what one side says in a row, and keeps responses apart from the user's words", () => {
    const items = [
      user("hello"),
      user("again"),
      answer("I look"),
      answer(" closer."),
      call("a", "add"),
      output("a"),
      user("well?"),
      user("now?"),
    ];
    expect(toContents(items, GEMINI_2).map(({ role, parts }) => [role, parts?.length])).toEqual([
      ["user", 2],
      ["model", 3],
      ["user", 1],
      ["user", 2],
    ]);
  });

  it("has no empty parts and no empty contents", () => {
    const items = [user("hello"), user(""), answer(""), { ...user(""), content: [] }, user("there")];
    expect(toContents(items, GEMINI_2)).toEqual([
      { role: "user", parts: [{ text: "hello" }, { text: "there" }] },
    ]);
  });

  it("sends a refusal as text", () => {
    const refusal: MessageItem = {
      ...answer(""),
      content: [{ type: "refusal", refusal: "I will not." }],
    };
    expect(toContents([user("hello"), refusal, user("why?")], GEMINI_2)[1]).toEqual({
      role: "model",
      parts: [{ text: "I will not." }],
    });
  });

  it("marks a system message within the conversation, as the user's", () => {
    const system: MessageItem = {
      type: "message",
      role: "developer",
      content: [
        { type: "input_text", text: "Be brief." },
        { type: "input_image", image_url: "data:image/png;base64,AA==" },
      ],
    };
    expect(toContents([user("hello"), system], GEMINI_2)).toEqual([
      {
        role: "user",
        parts: [
          { text: "hello" },
          { text: "<system_message>\nBe brief.\n</system_message>" },
          { inlineData: { mimeType: "image/png", data: "AA==" } },
        ],
      },
    ]);
  });

  it.each<[string, ResponseItem[]]>([
    ["nothing", []],
    ["an answer", [answer("done"), user("thanks")]],
    ["a call", [call("a", "add"), output("a")]],
  ])("begins with the user when it began with %s", (_, items) => {
    expect(toContents(items, GEMINI_3)[0]).toEqual({ role: "user", parts: [{ text: expect.any(String) }] });
  });

  it("ends with the user when it ended with the model", () => {
    expect(toContents([user("hello"), answer("I")], GEMINI_2).at(-1)).toEqual({
      role: "user",
      parts: [{ text: expect.stringContaining("Continue") }],
    });
  });

  it("does not grow when it is asked for twice", () => {
    const items = [user("hello"), user("again"), call("a", "add"), output("a")];
    expect(toContents(items, GEMINI_3)).toEqual(toContents(items, GEMINI_3));
  });
});

describe("a thought signature", () => {
  it("goes back on its exact call", () => {
    const items = [
      user("hello"),
      call("a", "add", google({ callId: "x", signature: "secret" })),
      call("b", "multiply", google({ callId: "y" })),
    ];
    expect(toContents(items, GEMINI_3)[1]?.parts).toEqual([
      { functionCall: { id: "x", name: "add", args: { of: "a" } }, thoughtSignature: "secret" },
      { functionCall: { id: "y", name: "multiply", args: { of: "b" } } },
    ]);
  });

  it("goes back on its exact part of a text, which may be empty", () => {
    const signed = [
      { from: 6, to: 12, signature: "first" },
      { from: 18, to: 18, signature: "last" },
    ];
    const items = [user("hello"), answer("Hello dear world!!", google({ signed })), user("hi")];
    expect(toContents(items, GEMINI_3)[1]?.parts).toEqual([
      { text: "Hello " },
      { text: "dear w", thoughtSignature: "first" },
      { text: "orld!!" },
      { text: "", thoughtSignature: "last" },
    ]);
  });

  it("takes its thought back with it; thoughts without one stay here", () => {
    const thought = (origin: Origin): ResponseItem => ({
      type: "reasoning",
      summary: [{ type: "summary_text", text: "Hm." }],
      origin,
    });
    const signed = google({ signed: [{ from: 3, to: 3, signature: "secret" }] });
    const items = [user("hello"), thought(google({})), answer("A"), thought(signed), user("hi")];
    expect(toContents(items, GEMINI_3)[1]?.parts).toEqual([
      { text: "A" },
      { text: "Hm.", thought: true },
      { text: "", thought: true, thoughtSignature: "secret" },
    ]);
  });

  it("brings back, in its place, a part that only Google understands", () => {
    const part = { executableCode: { code: "print(1)", language: "PYTHON" }, thoughtSignature: "s" };
    const item: ResponseItem = { type: "provider_item", origin: google({ part }) };
    expect(toContents([user("hello"), item, answer("1"), user("hi")], GEMINI_3)[1]?.parts).toEqual([
      part,
      { text: "1" },
    ]);
  });

  it.each([
    ["another provider's", { provider: "openai", model: "gemini-3-pro", opaque: { signature: "secret" } }],
    ["another model's", google({ signature: "secret", callId: "x" }, "gemini-2.5-pro")],
    ["nobody's", undefined],
    ["unreadable", { provider: "google", model: "gemini-3-pro", opaque: "secret" }],
  ] as const)("is replaced by the documented word on the first call of a step that is %s", (_, origin) => {
    const items = [
      user("hello"),
      call("a", "add", origin),
      call("b", "multiply", origin),
      output("a"),
      output("b"),
      call("c", "add", origin),
      output("c"),
    ];
    const contents = toContents(items, GEMINI_3);
    const args = (of: string) => ({ args: { of } });
    expect([contents[1]?.parts, contents[3]?.parts]).toEqual([
      [
        { functionCall: { name: "add", ...args("a") }, thoughtSignature: DUMMY },
        { functionCall: { name: "multiply", ...args("b") } },
      ],
      [{ functionCall: { name: "add", ...args("c") }, thoughtSignature: DUMMY }],
    ]);
  });

  it("is not made up for models that do not ask for one", () => {
    const parts = toContents([user("hello"), call("a", "add"), output("a")], GEMINI_2)[1]?.parts;
    expect(parts?.[0]).not.toHaveProperty("thoughtSignature");
  });

  it("never leaves another provider's secrets or items in the conversation", () => {
    const origin: Origin = { provider: "anthropic", model: "claude", opaque: { signed: "secret", part: {} } };
    const items: ResponseItem[] = [
      user("hello"),
      { type: "reasoning", summary: [], encrypted_content: "secret", origin },
      { type: "provider_item", origin },
      answer("A", origin),
      user("hi"),
    ];
    expect(toContents(items, GEMINI_3)).toEqual([
      hello,
      { role: "model", parts: [{ text: "A" }] },
      { role: "user", parts: [{ text: "hi" }] },
    ]);
  });

  it("is the model's own, however the model is named", () => {
    const origin = google({ signature: "secret" }, "models/gemini-3-pro");
    const items = [user("hello"), call("a", "add", origin), output("a")];
    const contents = toContents(items, { model: "gemini-3-pro@001", needsSignatures: true });
    expect(contents[1]?.parts?.[0]).toHaveProperty("thoughtSignature", "secret");
  });
});
