import { expect, test } from "vitest";
import { at, CodexClient } from "../../testing/codex-client.ts";
import { createTestDoor } from "../../testing/codex-door.ts";

test("a turn of text comes in the order of the Codex app-server", async () => {
  const { open, sessions } = createTestDoor({ script: [[{ text: "hello you", deltas: 2 }]] });
  const client = await CodexClient.ready(open, sessions);
  const started = await client.call("thread/start", {
    cwd: null,
    model: null,
    approvalPolicy: null,
    sandbox: null,
  });
  const threadId = at(started, "thread", "id");
  expect(threadId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  expect(started["threadId"]).toBe(threadId);
  await client.call("turn/start", { threadId, input: [{ type: "text", text: "hi" }] });
  await client.next("turn/completed");
  expect(client.methods()).toEqual([
    "thread/started",
    "thread/status/changed",
    "turn/started",
    "item/started",
    "item/completed",
    "item/started",
    "item/agentMessage/delta",
    "item/agentMessage/delta",
    "item/completed",
    "thread/tokenUsage/updated",
    "account/rateLimits/updated",
    "thread/status/changed",
    "turn/completed",
  ]);
});
