import { describe, expect, it } from "vitest";
import { chunk, origin, read } from "./chunks.suite.ts";

describe("the id of a call", () => {
  const twoCalls = chunk([{ functionCall: { name: "a" } }, { functionCall: { name: "a" } }], "STOP");

  it("is made where Google gives none, and is different in every response", async () => {
    const first = (await read([twoCalls])).calls;
    const second = (await read([{ ...twoCalls, responseId: "response-2" }])).calls;
    const third = (await read([{ ...twoCalls, responseId: "not/portable" }])).calls;
    const fourth = (await read([{ ...twoCalls, responseId: undefined }])).calls;
    const ids = [...first, ...second, ...third, ...fourth].map((call) => call.call_id);
    expect(new Set(ids).size).toBe(8);
    for (const id of ids) expect(id).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
  });

  it("is made anew when the conversation has it already, and Google's goes back", async () => {
    const { calls } = await read(
      [chunk([{ functionCall: { name: "a", id: "0" } }, { functionCall: { name: "b", id: "0" } }], "STOP")],
      [{ type: "function_call", call_id: "0", name: "a", arguments: "{}" }],
    );
    const ids = new Set(["0", ...calls.map((call) => call.call_id)]);
    expect(ids.size).toBe(3);
    expect(calls.map((call) => call.origin?.opaque)).toEqual([{ callId: "0" }, { callId: "0" }]);
  });
});

describe("a call that comes in pieces", () => {
  const start = { functionCall: { name: "shell", willContinue: true }, thoughtSignature: "s" };
  const piece = (stringValue: string, more: object = { willContinue: true }) => ({
    functionCall: { partialArgs: [{ jsonPath: "$.command[0]", stringValue, willContinue: true }], ...more },
  });
  const end = { functionCall: {} };

  it("is one call with all its arguments", async () => {
    const parts = [start, piece("l"), piece("s"), end, start, piece("pwd", {})];
    const { calls, done } = await read([
      ...parts.map((part) => chunk([part])),
      chunk([{ text: "" }], "STOP"),
    ]);
    expect(calls).toMatchObject([
      {
        name: "shell",
        arguments: '{"command":["ls"]}',
        status: "completed",
        origin: origin({ signature: "s" }),
      },
      { name: "shell", arguments: '{"command":["pwd"]}', status: "completed" },
    ]);
    expect(done).toMatchObject({ stop: "tool_calls" });
  });

  it.each([
    ["the response ends", [start, piece("rm -rf /tmp/bui")], "MAX_TOKENS"],
    ["the response ends as if it were whole", [start, piece("rm -rf /tmp/bui")], "STOP"],
    [
      "another call begins",
      [start, piece("rm -rf /tmp/bui"), { functionCall: { name: "b", args: {} } }],
      "STOP",
    ],
    ["a text begins", [start, piece("rm -rf /tmp/bui"), { text: "Hm" }], "STOP"],
    ["a piece has no place", [start, { functionCall: { partialArgs: [{ jsonPath: "?" }] } }], "STOP"],
  ])("is never run when %s before its end", async (_, parts, finishReason) => {
    const { calls } = await read([...parts.map((part) => chunk([part])), chunk([], finishReason)]);
    expect(calls[0]).toMatchObject({ name: "shell", status: "incomplete" });
  });
});
