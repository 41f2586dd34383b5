import { expect, test } from "vitest";
import type { ResponseItem } from "../../contract/item.ts";
import { parsePatch } from "../../tools/apply-patch/parse.ts";
import { knownCall } from "./calls.ts";
import { failureOf } from "./failure.ts";
import { callItem, historyItems, messageItem, outcomeOf, outputItem } from "./items.ts";
import { linesOf } from "./lines.ts";
import { patchOf } from "./patch.ts";
import { Seats } from "./seats.ts";
import type { RawCall } from "./wire.ts";

const raw = (name: string, args: object): RawCall => ({
  type: "function_call",
  id: "fc_1",
  name,
  arguments: JSON.stringify(args),
  call_id: "c1",
});

test.each([
  ["exec_command", { cmd: "ls", yield_time_ms: 100 }, { command: ["bash", "-lc", "ls"] }],
  ["shell_command", { command: "ls", workdir: "/w" }, { command: ["bash", "-lc", "ls"], workdir: "/w" }],
  ["shell", { command: ["ls", "-l"], timeout_ms: 5 }, { command: ["ls", "-l"], timeout_ms: 5 }],
])("%s is our shell", (name, args, expected) => {
  const call = knownCall(raw(name, args));
  expect(call).toMatchObject({ name: "shell", escalates: false });
  expect(JSON.parse(call.arguments)).toEqual(expected);
});

test.each([
  [{ sandbox_permissions: "require_escalated" }, true],
  [{ sandbox_permissions: "with_additional_permissions" }, true],
  [{ additional_permissions: {} }, true],
  [{ with_escalated_permissions: true }, true],
  [{ sandbox_permissions: "use_default", additional_permissions: null }, false],
])("%j escalates: %s", (more, escalates) => {
  expect(knownCall(raw("exec_command", { cmd: "ls", ...more })).escalates).toBe(escalates);
});

test("calls of the engine's own tools keep their names, and what cannot be read stays as it is", () => {
  expect(knownCall(raw("update_plan", { plan: [] }))).toMatchObject({ name: "update_plan" });
  expect(knownCall({ ...raw("exec_command", {}), arguments: "{" } as RawCall)).toMatchObject({
    name: "exec_command",
    arguments: "{",
  });
  const patch: RawCall = {
    type: "custom_tool_call",
    name: "apply_patch",
    input: "*** Begin Patch",
    call_id: "c",
  };
  expect(knownCall(patch)).toMatchObject({ name: "apply_patch", arguments: '{"input":"*** Begin Patch"}' });
});

test("a conversation goes back as the engine wrote it, and as it reads it", () => {
  const custom: RawCall = {
    type: "custom_tool_call",
    id: "x",
    name: "apply_patch",
    input: "p",
    call_id: "c2",
  };
  const said = messageItem(
    { type: "message", id: "m", role: "assistant", content: [{ type: "output_text", text: "t" }] },
    "m",
    undefined,
  );
  const items: ResponseItem[] = [
    said,
    callItem(raw("exec_command", { cmd: "ls" }), "m"),
    outputItem("c1", "o1", { output: "a", exitCode: 0, seconds: 0 }),
    callItem(custom, "m"),
    outputItem("c2", "o2", { output: "b", exitCode: 0, seconds: 0 }),
    { type: "function_call", call_id: "c3", name: "shell", arguments: "{}" } as const,
    {
      type: "reasoning",
      summary: [],
      origin: { provider: "openai", model: "gpt-5" },
      encrypted_content: "x",
    } as const,
  ];
  expect(historyItems(items)).toMatchObject([
    { type: "message", role: "assistant" },
    { type: "function_call", name: "exec_command", arguments: '{"cmd":"ls"}' },
    { type: "function_call_output", call_id: "c1" },
    { type: "custom_tool_call", name: "apply_patch", input: "p" },
    { type: "custom_tool_call_output", call_id: "c2" },
    { type: "function_call", name: "shell" },
  ]);
});

test.each([
  [
    "Chunk ID: a1\nWall time: 1.4 seconds\nProcess exited with code 3\nOriginal token count: 4\nOutput:\nx\n",
    "x\n",
    3,
    1.4,
  ],
  [
    "Wall time: 0.1 seconds\nOutput:\nExit code: 0\nWall time: 0.2 seconds\nOutput:\nDone\n",
    "Done\n",
    0,
    0.2,
  ],
  ["exec_command failed: no", "exec_command failed: no", null, 0],
])("what the model reads of a call is taken apart: %j", (told, output, exitCode, seconds) => {
  expect(outcomeOf(told)).toEqual({ output, exitCode, seconds });
});

test("its changes are a patch of ours, with paths relative to the workspace where they can be", () => {
  const patch = patchOf(
    [
      { path: "/w/a.txt", kind: { type: "add" }, diff: "one\ntwo\n" },
      {
        path: "/w/b.txt",
        kind: { type: "update", move_path: "/w/c.txt" },
        diff: "@@ -1 +1 @@\n-x\n+y\n\\ No newline at end of file\n",
      },
      { path: "/etc/passwd", kind: { type: "delete" }, diff: "" },
    ],
    "/w",
  );
  expect(parsePatch(patch)).toMatchObject([
    { kind: "add", path: "a.txt", content: "one\ntwo\n" },
    { kind: "update", path: "b.txt", movePath: "c.txt", hunks: [{ lines: [{ text: "x" }, { text: "y" }] }] },
    { kind: "delete", path: "/etc/passwd" },
  ]);
});

test.each([
  ["contextWindowExceeded", "context_window_exceeded"],
  [{ httpConnectionFailed: { httpStatusCode: 401 } }, "provider_auth"],
  [{ responseTooManyFailedAttempts: { httpStatusCode: 429 } }, "provider_rate_limited"],
  [{ responseStreamDisconnected: { httpStatusCode: null } }, "provider_stream_broken"],
  [{ somethingNew: {} }, "internal"],
  [null, "internal"],
])("%j is %s", (codexErrorInfo, code) => {
  expect(failureOf({ message: "no", codexErrorInfo })).toMatchObject({ code, message: "no" });
});

test("lines end at line feeds alone, wherever the pieces are cut", async () => {
  const bytes = Buffer.from('{"a":"é\u2028"}\n\n{"b":1}\nhalf');
  async function* pieces() {
    for (const byte of bytes) yield Buffer.from([byte]);
  }
  const lines: string[] = [];
  for await (const line of linesOf(pieces())) lines.push(line);
  expect(lines).toEqual(['{"a":"é\u2028"}', "", '{"b":1}']);
});

test("an idle holder makes room, a busy one does not", async () => {
  const seats = new Seats(2);
  const gone: string[] = [];
  const holder = (name: string, isIdle: boolean) => ({ isIdle, letGo: async () => void gone.push(name) });
  const [busy, idle, third] = [holder("busy", false), holder("idle", true), holder("third", false)];
  await seats.take(busy);
  await seats.take(idle);
  await seats.take(third);
  expect(gone).toEqual(["idle"]);
  await expect(seats.take(holder("fourth", false))).rejects.toMatchObject({
    code: "rate_limited",
    retryable: true,
  });
  await seats.take(third);
  seats.free(busy);
  await seats.take(holder("fifth", false));
});
