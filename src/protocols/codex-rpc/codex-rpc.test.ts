import { describe, expect, test } from "vitest";
import { at, CodexClient } from "../../testing/codex-client.ts";
import { checkAllMessages, createTestDoor } from "../../testing/codex-door.ts";
import { logLines } from "../../testing/test-session.ts";
import { toSessionId } from "./thread-id.ts";

checkAllMessages();

const CALL = [{ call: { name: "shell", arguments: { say: "x" } } }];
const DONE = [{ text: "done" }];

describe("a turn", () => {
  test("comes in the order of the Codex app-server", async () => {
    const { inThread } = createTestDoor({ script: [[{ text: "hello you", deltas: 2 }]] });
    const { client, say } = await inThread();
    await say("hi");
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

  test("is answered before anything of it is told", async () => {
    const { inThread } = createTestDoor({ script: [DONE] });
    const { client, say } = await inThread();
    await say("hi");
    await client.next("turn/completed");
    const places = client.arrived.map(({ id, method }) => (method === undefined ? id : method));
    expect(places.indexOf("request-3")).toBe(places.indexOf("thread/status/changed") - 1);
  });

  test("that fails says so with the Codex app-server's word for it", async () => {
    const error = { code: "context_window_exceeded" as const, message: "too long", retryable: false };
    const { inThread } = createTestDoor({ script: [[{ error }]] });
    const { client, say } = await inThread();
    await say("hi");
    const told = { message: "too long", codexErrorInfo: "contextWindowExceeded" };
    expect(await client.next("error")).toMatchObject({ error: told, willRetry: false });
    expect(await client.next("turn/completed")).toMatchObject({ turn: { status: "failed", error: told } });
  });

  test("tells the tokens of the thread and of the last response", async () => {
    const usage = { usage: { input_tokens: 10, output_tokens: 2 } };
    const { inThread } = createTestDoor({
      script: [
        [...DONE, usage],
        [...DONE, usage],
      ],
    });
    const { client, say } = await inThread();
    await say("one");
    await client.next("turn/completed");
    await say("two");
    await client.next("turn/completed");
    const last = client.arrived.findLast(({ method }) => method === "thread/tokenUsage/updated");
    expect(last?.params?.["tokenUsage"]).toMatchObject({
      total: { totalTokens: 24 },
      last: { totalTokens: 12 },
      modelContextWindow: 128_000,
    });
  });

  test("while one runs: the input goes into it, under its id", async () => {
    const { inThread, toolbox } = createTestDoor({
      script: [[{ call: { name: "look", arguments: { hang: true } } }], DONE],
    });
    const { client, threadId, say } = await inThread();
    const hanging = new Promise((resolve) => toolbox.started.addEventListener("hanging", resolve));
    const first = await say("one");
    await hanging;
    const second = await say("two");
    const turnId = at(first, "turn", "id");
    expect(at(second, "turn", "id")).toBe(turnId);
    expect(await client.call("turn/interrupt", { threadId, turnId })).toEqual({});
    expect(await client.next("turn/completed")).toMatchObject({ turn: { status: "interrupted" } });
  });

  test("is left out where a client does not want to be told", async () => {
    const { open, sessions } = createTestDoor({ script: [DONE] });
    const client = await CodexClient.connect(open, sessions);
    const optOutNotificationMethods = ["item/agentMessage/delta", "turn/started"];
    await client.call("initialize", {
      clientInfo: { name: "x", version: "1" },
      capabilities: { optOutNotificationMethods },
    });
    const { threadId } = await client.call("thread/start", {});
    await client.call("turn/start", { threadId, input: [{ type: "text", text: "hi" }] });
    await client.next("turn/completed");
    for (const method of optOutNotificationMethods) expect(client.methods()).not.toContain(method);
  });
});

describe("a question", () => {
  test.each([
    [{ decision: "accept" }, "completed", true, "completed"],
    [{ decision: "allow" }, "completed", true, "completed"],
    [{ decision: "acceptForSession" }, "completed", true, "completed"],
    [{ decision: "decline" }, "declined", false, "completed"],
    [{ decision: "deny" }, "declined", false, "completed"],
    [{ decision: "cancel" }, "declined", false, "interrupted"],
    [{ decision: "toString" }, "declined", false, "completed"],
    [{ decision: { acceptWithExecpolicyAmendment: {} } }, "declined", false, "completed"],
    ["nonsense", "declined", false, "completed"],
    [undefined, "declined", false, "completed"],
  ])("answered with %j: the call is %s", async (result, itemStatus, ran, turnStatus) => {
    const { inThread, toolbox } = createTestDoor({ script: [CALL, DONE] });
    const { client, say } = await inThread();
    await say("go");
    const { id } = await client.next("item/commandExecution/requestApproval");
    client.send(result === undefined ? { id, error: { code: 1, message: "no" } } : { id, result });
    expect(await client.next("turn/completed")).toMatchObject({ turn: { status: turnStatus } });
    expect(toolbox.runs.length > 0).toBe(ran);
    const item = client.arrived.findLast(
      ({ method, params }) =>
        method === "item/completed" && at(params, "item", "type") === "commandExecution",
    );
    expect(at(item, "params", "item", "status")).toBe(itemStatus);
  });

  test("is answered by a client of the first version, with null for its id", async () => {
    const { inThread, toolbox } = createTestDoor({ script: [CALL, DONE] });
    const { client, say } = await inThread();
    await say("go");
    await client.next("item/commandExecution/requestApproval");
    client.send('{"id": null, \n "result": {"decision": "allow"}}');
    await client.next("turn/completed");
    expect(toolbox.runs).toHaveLength(1);
  });

  test("is not answered by another id, or by null when nothing is open", async () => {
    const { inThread, toolbox } = createTestDoor({ script: [CALL, DONE] });
    const { client, say } = await inThread();
    client.send({ id: null, result: { decision: "accept" } });
    await say("go");
    const { id } = await client.next("item/commandExecution/requestApproval");
    client.send({ id: 4711, result: { decision: "accept" } });
    client.send({ id: String(id), result: { decision: "accept" } });
    client.send({ id, result: { decision: "decline" } });
    await client.next("turn/completed");
    expect(toolbox.runs).toEqual([]);
  });

  test("goes to every client under one id; the first answer counts, and all are told", async () => {
    const { ready, inThread, toolbox } = createTestDoor({ script: [DONE, CALL, DONE] });
    const { client: one, threadId, say } = await inThread();
    await say("hi");
    await one.next("turn/completed");
    const other = await ready("other");
    await other.call("thread/resume", { threadId });
    await say("go");
    const asked = await one.next("item/commandExecution/requestApproval");
    expect((await other.next("item/commandExecution/requestApproval")).id).toBe(asked.id);
    other.send({ id: asked.id, result: { decision: "decline" } });
    one.send({ id: asked.id, result: { decision: "accept" } });
    for (const client of [one, other]) {
      expect(await client.next("serverRequest/resolved")).toEqual({ threadId, requestId: asked.id });
      await client.next("turn/completed");
    }
    expect(toolbox.runs).toEqual([]);
  });

  test("that is open comes again, under its id, when a client comes back", async () => {
    const { ready, inThread, toolbox } = createTestDoor({ script: [CALL, DONE] });
    const { client, threadId, say } = await inThread();
    await say("go");
    const asked = await client.next("item/commandExecution/requestApproval");
    client.leave();
    const back = await ready("back");
    const { thread } = await back.call("thread/resume", { threadId });
    expect(thread).toMatchObject({
      status: { type: "active", activeFlags: ["waitingOnApproval"] },
      turns: [{ status: "inProgress", items: [{ type: "userMessage" }, { type: "commandExecution" }] }],
    });
    const again = await back.next("item/commandExecution/requestApproval");
    expect(again).toEqual({ ...asked, startedAtMs: expect.any(Number) });
    back.send({ id: again.id, result: { decision: "accept" } });
    expect(await back.next("turn/completed")).toMatchObject({ turn: { status: "completed" } });
    expect(toolbox.runs).toHaveLength(1);
  });

  test("has another number in every thread", async () => {
    const { inThread } = createTestDoor({ script: [CALL, CALL] });
    const [one, other] = [await inThread(), await inThread()];
    await one.say("go");
    await other.say("go");
    const first = await one.client.next("item/commandExecution/requestApproval");
    const second = await other.client.next("item/commandExecution/requestApproval");
    expect([first.id, second.id]).toEqual([0, 1]);
  });
});

test("what a client sent stands in the session's log as it was", async () => {
  const { inThread, logs } = createTestDoor({ script: [DONE] });
  const { client, threadId, say } = await inThread();
  await say("hi");
  await client.next("turn/completed");
  const lines = await logLines(logs, toSessionId(threadId));
  const incoming = lines.filter(({ direction }) => direction === "incoming").map((line) => line.message_data);
  expect(incoming).toContainEqual({
    id: "request-3",
    method: "turn/start",
    params: { threadId, input: [{ type: "text", text: "hi" }] },
  });
});

test("a client that comes back in the midst of a turn has what it missed, and the rest", async () => {
  const { ready, inThread } = createTestDoor({
    script: [[{ text: "one two three four", deltas: 4, delayMs: 20 }]],
  });
  const { client, threadId, say } = await inThread();
  await say("count");
  await client.next("item/agentMessage/delta");
  client.leave();
  const back = await ready("back");
  const { thread } = await back.call("thread/resume", { threadId });
  await back.next("turn/completed");
  const before = at(thread, "turns", 0, "items", 1, "text");
  const after = back.arrived
    .filter(({ method }) => method === "item/agentMessage/delta")
    .map(({ params }) => String(params?.["delta"]));
  expect(`${typeof before === "string" ? before : ""}${after.join("")}`).toBe("one two three four");
});
