import { describe, expect, it } from "vitest";
import { Issued } from "../issued.ts";
import { anthropic } from "../wires/anthropic.ts";
import { google } from "../wires/google.ts";
import { openai } from "../wires/openai.ts";
import { signedCall } from "./google.ts";

/** Changes a valid request somewhere in its midst. */
type Spoil = (conversation: Record<string, unknown>[]) => unknown;

const user = (text: string) => ({ type: "input_text", text });

describe("the rules of the Responses API", () => {
  const read = (spoil: Spoil) => {
    const issued = new Issued();
    const encrypted_content = issued.sign("reasoning");
    issued.bind("c1", encrypted_content);
    const input: Record<string, unknown>[] = [
      { type: "message", role: "user", content: [user("hi")] },
      { type: "reasoning", summary: [], encrypted_content },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "yes" }] },
      { type: "function_call", call_id: "c1", name: "shell", arguments: "{}" },
      { type: "function_call_output", call_id: "c1", output: "done" },
    ];
    spoil(input);
    const body = { model: "gpt-5.6", input, store: false, stream: true, prompt_cache_key: "s", tools: [] };
    return openai.read(body, "", issued).problems.join("\n");
  };

  it("accept what is valid", () => expect(read(() => {})).toBe(""));

  it.each<[string, Spoil, RegExp]>([
    ["an output without a call", (input) => input.splice(3, 1), /no call for the output c1/],
    ["a call without an output", (input) => input.splice(4, 1), /no output for the call c1/],
    ["two outputs", (input) => input.push({ ...input[4] }), /no call for the output c1/],
    [
      "two calls of one id",
      (input) => input.push({ ...input[3] }, { ...input[4] }),
      /two calls with the id c1/,
    ],
    ["lost reasoning", (input) => input.splice(1, 1), /reasoning before the call c1 is missing/],
    ["reasoning that leads nowhere", (input) => input.splice(2, 3), /without its required following item/],
    [
      "a changed ciphertext",
      (input) => Object.assign(input[1] ?? {}, { encrypted_content: "x" }),
      /not ours/,
    ],
    ["an empty text", (input) => Object.assign(input[0] ?? {}, { content: [user("")] }), /empty text/],
    ["an empty message", (input) => Object.assign(input[0] ?? {}, { content: [] }), /content: empty/],
    [
      "a user's part of the assistant",
      (input) => Object.assign(input[2] ?? {}, { content: [user("x")] }),
      /input_text of assistant/,
    ],
    [
      "arguments that were cut off",
      (input) => Object.assign(input[3] ?? {}, { arguments: '{"a' }),
      /no JSON object/,
    ],
    [
      "an id of something that is not stored",
      (input) => Object.assign(input[0] ?? {}, { id: "msg_1" }),
      /never stored/,
    ],
    [
      "a long call id",
      (input) => Object.assign(input[3] ?? {}, { call_id: "x".repeat(65) }),
      /longer than 64/,
    ],
  ])("refuse %s", (_, spoil, problem) => expect(read(spoil)).toMatch(problem));
});

describe("the rules of the Messages API", () => {
  type Blocks = Record<string, unknown>[];
  const read = (spoil: (messages: { role: string; content: Blocks }[]) => unknown, more: object = {}) => {
    const issued = new Issued();
    const signature = issued.sign("hm");
    issued.bind("t1", signature);
    const messages = [
      { role: "user", content: [{ type: "text", text: "hi" }] as Blocks },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "hm", signature },
          { type: "tool_use", id: "t1", name: "shell", input: {} },
        ] as Blocks,
      },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "t1", content: "done" }] as Blocks },
    ];
    spoil(messages);
    const body = { model: "claude-sonnet-5", max_tokens: 100, stream: true, messages, ...more };
    return anthropic.read(body, "", issued).problems.join("\n");
  };
  const text = (said: string) => ({ type: "text", text: said });
  const mark = { cache_control: { type: "ephemeral" } };
  const hour = { cache_control: { type: "ephemeral", ttl: "1h" } };

  it("accept what is valid", () => expect(read(() => {})).toBe(""));

  it.each<[string, (messages: { role: string; content: Blocks }[]) => unknown, RegExp]>([
    [
      "a call without its result",
      (messages) => messages.splice(2, 1, { role: "user", content: [text("x")] }),
      /without its tool_result/,
    ],
    [
      "a result without its call",
      (messages) => messages[1]?.content.splice(1, 1),
      /unexpected tool_use_id t1/,
    ],
    [
      "a result after a text",
      (messages) => messages[2]?.content.unshift(text("x")),
      /results must come before/,
    ],
    [
      "two results",
      (messages) => messages[2]?.content.push({ ...messages[2]?.content[0] }),
      /two results of one call/,
    ],
    [
      "lost thinking",
      (messages) => messages[1]?.content.splice(0, 1),
      /thinking before the call t1 is missing/,
    ],
    [
      "changed thinking",
      (messages) => Object.assign(messages[1]?.content[0] ?? {}, { thinking: "h" }),
      /has been changed/,
    ],
    ["an empty text", (messages) => messages[0]?.content.push(text(" ")), /an empty text/],
    ["an empty message", (messages) => messages[0]?.content.splice(0), /messages.0: empty/],
    [
      "roles that do not alternate",
      (messages) => messages.unshift({ role: "user", content: [text("x")] }),
      /two messages of user/,
    ],
    ["an end by the assistant", (messages) => messages.splice(2), /the last must be the user's/],
    [
      "an input that is no dictionary",
      (messages) => Object.assign(messages[1]?.content[1] ?? {}, { input: [] }),
      /no dictionary/,
    ],
    [
      "a mark on thinking",
      (messages) => Object.assign(messages[1]?.content[0] ?? {}, mark),
      /where it may not be/,
    ],
    [
      "five marks",
      (messages) => messages[0]?.content.push(...[1, 2, 3, 4, 5].map(() => ({ ...text("x"), ...mark }))),
      /at most 4 blocks/,
    ],
    [
      "a long mark after a short one",
      (messages) => messages[0]?.content.push({ ...text("x"), ...mark }, { ...text("x"), ...hour }),
      /1h after a shorter/,
    ],
  ])("refuse %s", (_, spoil, problem) => expect(read(spoil)).toMatch(problem));

  it("refuse more thinking than there may be output", () => {
    expect(read(() => {}, { thinking: { type: "enabled", budget_tokens: 100 } })).toMatch(/max_tokens/);
  });
});

describe("the rules of the Gemini API", () => {
  type Contents = { role: string; parts: Record<string, unknown>[] }[];
  const read = (spoil: (contents: Contents) => unknown) => {
    const issued = new Issued();
    const call = { id: "fc0", name: "shell", args: { a: 1 } };
    const thoughtSignature = issued.sign(signedCall(call));
    issued.bind(signedCall(call), thoughtSignature);
    const contents: Contents = [
      { role: "user", parts: [{ text: "hi" }] },
      { role: "model", parts: [{ functionCall: call, thoughtSignature }] },
      { role: "user", parts: [{ functionResponse: { id: "fc0", name: "shell", response: {} } }] },
    ];
    spoil(contents);
    return google.read({ contents }, "/v1beta/models/gemini-3.1-pro:x", issued).problems.join("\n");
  };
  const part = (contents: Contents, nth: number) => contents[nth]?.parts[0] ?? {};

  it("accept what is valid", () => expect(read(() => {})).toBe(""));

  it.each<[string, (contents: Contents) => unknown, RegExp]>([
    [
      "a call without its response",
      (contents) => contents.splice(2, 1, { role: "user", parts: [{ text: "x" }] }),
      /do not fit the function calls/,
    ],
    [
      "a response without its call",
      (contents) => contents.splice(1, 1),
      /immediately after a function call turn/,
    ],
    [
      "a call that lost its signature",
      (contents) => delete part(contents, 1)["thoughtSignature"],
      /missing a thought_signature/,
    ],
    [
      "a call with the signature of a foreign one",
      (contents) =>
        Object.assign(part(contents, 1), { thoughtSignature: "skip_thought_signature_validator" }),
      /lost its own signature/,
    ],
    [
      "a signed call that was changed",
      (contents) =>
        Object.assign(part(contents, 1), { functionCall: { id: "fc0", name: "shell", args: {} } }),
      /has been changed/,
    ],
    ["an empty text", (contents) => Object.assign(part(contents, 0), { text: "" }), /an empty text/],
    ["no parts", (contents) => contents[0]?.parts.splice(0), /must not be empty/],
    ["an end by the model", (contents) => contents.splice(2), /the last must be the user's/],
  ])("refuse %s", (_, spoil, problem) => expect(read(spoil)).toMatch(problem));
});
