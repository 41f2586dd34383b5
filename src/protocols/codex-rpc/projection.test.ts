import { describe, expect, test } from "vitest";
import type { FileChange, ServerBody } from "../../contract/message.ts";
import { Projection } from "./projection.ts";

const FINISHED = { responseId: "r", status: "completed" as const };
const CALL = { type: "function_call", call_id: "c", name: "apply_patch", arguments: "{}" } as const;
const OUTPUT = {
  type: "function_call_output",
  call_id: "c",
  output: JSON.stringify({ output: "fine", metadata: { exit_code: 0, duration_seconds: 0.5 } }),
} as const;

/** What a session's messages come to, within a turn. */
function tell(...bodies: ServerBody[]) {
  const projection = new Projection({ threadId: "thread", contextWindow: () => undefined });
  const turn: ServerBody[] = [
    {
      type: "session_info",
      payload: {
        session_id: "s",
        model: "m",
        provider: "scripted",
        workspace: "/srv",
        approvalPolicy: "suggest",
        sandbox: "read-only",
        state: "idle",
        head_seq: 0,
        server_version: "0",
      },
    },
    { type: "loading_state", payload: { loading: true } },
    ...bodies,
  ];
  const told = turn.flatMap((body, index) =>
    projection.take({ id: `message-${index}`, ...body }, 1000 + index),
  );
  return told.flatMap((entry) => (entry.kind === "notification" ? entry.notification : [])).slice(2);
}

const change = (more: Partial<FileChange>): FileChange => ({
  path: "a.txt",
  kind: "update",
  diff: "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-old\n+new\n",
  before_sha256: null,
  ...more,
});

describe("a patch", () => {
  test.each([
    [change({}), { kind: { type: "update", move_path: null }, diff: "@@ -1 +1 @@\n-old\n+new\n" }],
    [
      change({ kind: "move", move_path: "b.txt" }),
      { kind: { type: "update", move_path: "/srv/b.txt" }, diff: "@@ -1 +1 @@\n-old\n+new\n" },
    ],
    [
      change({ kind: "add", diff: "--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1,2 @@\n+one\n+++two\n" }),
      { kind: { type: "add" }, diff: "one\n++two\n" },
    ],
    [
      change({ kind: "delete", diff: "--- a/a.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-gone\n" }),
      { kind: { type: "delete" }, diff: "gone\n" },
    ],
  ])("of one file: %j", (file, expected) => {
    const [started] = tell({
      type: "status",
      payload: { kind: "tool_started", callId: "c", name: "apply_patch", files: [file] },
    });
    expect(started?.params).toMatchObject({
      item: { type: "fileChange", changes: [{ path: "/srv/a.txt", ...expected }] },
    });
  });

  test("that was applied is in the turn's diff, as git reads it", () => {
    const told = tell(
      { type: "response_item", payload: CALL },
      {
        type: "status",
        payload: { kind: "tool_started", callId: "c", name: "apply_patch", files: [change({ kind: "add" })] },
      },
      { type: "response_item", payload: OUTPUT },
    );
    expect(told.at(-1)).toEqual({
      method: "turn/diff/updated",
      params: {
        threadId: "thread",
        turnId: "message-1",
        diff: `diff --git a/a.txt b/a.txt\nnew file mode 100644\n${change({}).diff}`,
      },
    });
  });
});

describe("a call", () => {
  test("that could not be read is shown as one that failed", () => {
    const told = tell(
      { type: "response_item", payload: { ...CALL, name: "shell", arguments: '{"command":["ls","-l a"]}' } },
      { type: "response_item", payload: { ...OUTPUT, output: "no such tool" } },
    );
    expect(told.map(({ method }) => method)).toEqual(["item/started", "item/completed"]);
    expect(told[1]?.params).toMatchObject({
      item: { status: "failed", command: "ls '-l a'", aggregatedOutput: "no such tool", exitCode: null },
    });
  });

  test("of another turn, whose output comes late, is not shown again", () => {
    expect(tell({ type: "response_item", payload: OUTPUT })).toEqual([]);
  });
});

describe("what happens beside", () => {
  test("an error that does not end the turn is a warning", () => {
    const told = tell(
      { type: "error", payload: { message: "no model x", details: { code: "unknown_model" } } },
      { type: "loading_state", payload: { loading: false } },
      { type: "agent_finished", payload: FINISHED },
    );
    expect(told.map(({ method }) => method)).toEqual(["warning", "thread/status/changed", "turn/completed"]);
    expect(told[2]?.params).toMatchObject({ turn: { status: "completed", error: null } });
  });

  test("a request that is made again is an error that will be retried", () => {
    const payload = { kind: "retrying", inMs: 5, reason: "overloaded", attempt: 1 } as const;
    expect(tell({ type: "status", payload })[0]).toMatchObject({
      method: "error",
      params: { willRetry: true, error: { message: "overloaded" } },
    });
  });

  test("a compaction is an item", () => {
    const payload = { oldTokenCount: 9, newTokenCount: 3, reductionPercent: 66, strategy: "threshold" };
    expect(tell({ type: "context_compacted", payload }).map(({ params }) => params)).toMatchObject([
      { item: { type: "contextCompaction", completedAtMs: null } },
      { item: { type: "contextCompaction", completedAtMs: 1002 } },
    ]);
  });

  test("a model that was changed for a reason is told, one that was asked for is not", () => {
    const payload = { kind: "model_changed", model: "m2", provider: "openai" } as const;
    expect(tell({ type: "status", payload })).toEqual([]);
    const [told] = tell({ type: "status", payload: { ...payload, reason: "m is gone" } });
    expect(told?.params).toMatchObject({ message: "The model is m2 now: m is gone" });
  });

  test("an explanation is commentary, and a provider's own reasoning without words is nothing", () => {
    const told = tell(
      { type: "response_item", payload: { type: "reasoning", summary: [] } },
      {
        type: "response_item",
        payload: {
          type: "message",
          role: "assistant",
          content: [{ type: "output_text", text: "It lists files." }],
          aside: true,
        },
      },
    );
    expect(told).toHaveLength(2);
    expect(told[1]?.params).toMatchObject({ item: { phase: "commentary", text: "It lists files." } });
  });
});
