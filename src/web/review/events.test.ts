import { describe, expect, it } from "vitest";
import { describeEvent } from "./events.ts";
import { lineMaker } from "./test-lines.ts";

const { tell, hear, line } = lineMaker();
const item = (payload: object) => tell("response_item", payload);

describe("an event in words", () => {
  it.each([
    [line({ event: "session_started" }), "session", "The session began"],
    [hear("user_input", { input: "fix it" }), "user", "fix it"],
    [hear("user_input", { input: [{ type: "input_text", text: "one\ntwo" }] }), "user", "one two"],
    [
      hear("user_input", { input: [{ role: "user", content: [{ type: "input_text", text: "deep" }] }] }),
      "user",
      "deep",
    ],
    [
      item({ type: "message", role: "assistant", content: [{ type: "output_text", text: "done" }] }),
      "assistant",
      "done",
    ],
    [item({ type: "message", role: "user", standing: true, content: "Use tabs." }), "status", "Use tabs."],
    [
      item({ type: "function_call", name: "shell", arguments: '{"command":["bash","-lc","ls -l"]}' }),
      "call",
      "shell ls -l",
    ],
    [item({ type: "function_call", name: "shell", arguments: "{cut off" }), "call", "shell {cut off"],
    [
      item({
        type: "function_call_output",
        output: '{"output":"\\u001b[31mred\\u001b[0m","metadata":{"exit_code":2,"duration_seconds":1}}',
      }),
      "output",
      "exit 2, 1 s · red",
    ],
    [
      tell("approval_request", { command: ["rm", "-r", "a b"], reason: "It deletes." }),
      "approval",
      "rm -r 'a b': It deletes.",
    ],
    [
      tell("approval_request", {
        command: ["apply_patch", "..."],
        files: [{ kind: "add", path: "x.ts" }],
        reason: "New.",
      }),
      "approval",
      "add x.ts: New.",
    ],
    [
      tell("approval_resolved", { review: "NO_CONTINUE", decidedBy: "timeout" }),
      "approval",
      "Denied because nobody answered",
    ],
    [tell("agent_finished", { status: "cancelled" }), "turn", "The turn was stopped"],
    [
      tell("error", { message: "too many", details: { code: "rate_limited" } }),
      "error",
      "rate_limited: too many",
    ],
    [
      tell("response_delta", {
        kind: "text",
        delta: "a b",
        timing: [
          [0, 1],
          [5, 2],
        ],
      }),
      "delta",
      "text, 2 pieces: a b",
    ],
    [tell("status", { kind: "something_new", x: 1 }), "status", '{"kind":"something_new","x":1}'],
    [tell("something_new", { x: 1 }), "other", expect.stringContaining('"something_new"')],
  ])("%#: %j", (line, kind, words) => {
    expect(describeEvent(line)).toMatchObject({ kind, words });
  });

  it.each([
    null,
    5,
    "text",
    [],
    {},
    { type: 7 },
    { type: "response_item", payload: null },
    { type: "constructor", payload: {} },
    { type: "__proto__" },
  ])("is made of %j too", (message) => {
    expect(describeEvent(line(message))).toMatchObject({ kind: "other" });
  });

  it("says that a line was erased", () => {
    expect(describeEvent(line(undefined))).toMatchObject({ label: "Erased", tone: "warn" });
  });

  it("is one short line in which nothing hides", () => {
    const text = `evil \u202etxt.exe\u0007\n${"x".repeat(1_000_000)}`;
    const { words } = describeEvent(hear("user_input", { input: text }));
    expect(words).toMatch(/^evil \\u202etxt\.exe\\u0007 x+…$/);
    expect(words.length).toBeLessThan(260);
  });
});
