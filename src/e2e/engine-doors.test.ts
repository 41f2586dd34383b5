import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { at } from "../testing/codex-client.ts";
import { EventClient } from "../testing/event-client.ts";
import { FrameClient } from "../testing/frame-client.ts";
import { RpcSocket } from "../testing/rpc-socket.ts";
import { SocketClient, assistantText } from "../testing/socket-client.ts";
import { ENGINE_KEY, type EngineBed, startEngineBed } from "./engine-bed.ts";
import { items, payloads } from "./test-bed.ts";

/** Each starts processes of 300 MB: a loaded machine takes its time. */
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let bed: EngineBed;
beforeAll(async () => {
  bed = await startEngineBed();
});
afterAll(() => bed.close());

const inWorkspace = (name: string) => join(bed.workspace, name);

async function post(path: string, body: object): Promise<number> {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(bed.server.origin + path, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  await answer.text();
  return answer.status;
}

/** The session's log is whole and signed. */
async function verified(id: string): Promise<unknown> {
  return (await fetch(`${bed.server.origin}/sessions/${id}/verify`)).json();
}

test("by WebSocket: a command, a patch, text, and a log that verifies and holds no key", async () => {
  const client = await bed.connect();
  const first = await client.turn("run echo hi | tee ws.txt, then create made.txt with Hello");
  expect(first.finished).toMatchObject({ status: "completed" });
  const requests = payloads(first.messages, "approval_request");
  expect(requests.map(({ tool }) => tool)).toEqual(["shell", "apply_patch"]);
  expect(await readFile(inWorkspace("ws.txt"), "utf8")).toBe("hi\n");
  expect(await readFile(inWorkspace("made.txt"), "utf8")).toBe("Hello\n");
  expect(assistantText(first.messages)).toContain("All 2 steps are done.");
  expect(client.messages[0]).toMatchObject({
    type: "session_info",
    payload: { provider: "codex", model: "mock-model", sandbox: "workspace-write" },
  });
  client.send("get_context_info");
  expect((await client.next("context_info")).payload).toMatchObject({ strategy: "codex" });
  client.close();
  expect(await bed.log(client.sessionId)).not.toContain(ENGINE_KEY);
  expect(await verified(client.sessionId)).toMatchObject({ ok: true, problems: [] });
});

test("by JSON-RPC: text and an approval", async () => {
  const { client, threadId } = await RpcSocket.inThread(`${bed.server.url}api/v1/sre/socket`);
  const say = (text: string) => client.ask("turn/start", { threadId, input: [{ type: "text", text }] });
  await say("run echo hi | tee rpc.txt");
  const asked = await client.until(({ method }) => method === "item/commandExecution/requestApproval");
  client.send({ id: asked.id, result: { decision: "accept" } });
  await client.until(({ method }) => method === "turn/completed");
  const done = client.arrived.find(
    ({ method, params }) => method === "item/completed" && at(params, "item", "type") === "commandExecution",
  );
  expect(at(done, "params", "item")).toMatchObject({
    status: "completed",
    exitCode: 0,
    aggregatedOutput: "hi\n",
  });
  expect(client.arrived.some(({ method }) => method === "item/agentMessage/delta")).toBe(true);
  expect(existsSync(inWorkspace("rpc.txt"))).toBe(true);
  client.close();
});

test("by the events of an investigation: text and an approval", async () => {
  const events = await EventClient.open(`${bed.server.origin}/api/stream/investigate`, {
    body: { connectionId: "mine", text: "run echo hi | tee sse.txt" },
  });
  const { data } = await events.next("approval_required");
  const approval = { tool_call_id: data["tool_call_id"], decision: "approve" };
  const payload = { connectionId: "mine", payload: { approval } };
  expect(await post("/api/stream/investigate/send", payload)).toBe(200);
  const result = await events.next("tool_calling_result");
  expect(result.data["result"]).toMatchObject({ status: "success", return_code: 0, data: "hi\n" });
  expect((await events.next("ai_answer_end")).data).toMatchObject({ status: "completed" });
  expect(existsSync(inWorkspace("sse.txt"))).toBe(true);
  events.leave();
});

test("by POST /messages: text and an approval", async () => {
  const events = await EventClient.open(`${bed.server.origin}/messages`, {
    body: { type: "user_message", message: "run echo hi | tee messages.txt", id: "m-1" },
  });
  const { data } = await events.next("session_configured");
  const id = String(at(data, "msg", "session_id"));
  await events.next("exec_approval_request");
  expect(await post("/messages", { type: "user_confirm", id })).toBe(200);
  await events.ended;
  expect(events.names()).toContain("exec_command_end");
  expect(events.names().at(-1)).toBe("task_complete");
  expect(existsSync(inWorkspace("messages.txt"))).toBe(true);
});

test("by HTTP/2: text and an approval", async () => {
  const client = await FrameClient.open(bed.server.origin);
  client.send(JSON.stringify({ type: "user_message", sessionId: "h2", content: "run echo hi | tee h2.txt" }));
  const prompt = await client.find({ type: "command_prompt" });
  const { commandId } = prompt;
  client.send(JSON.stringify({ type: "approve", sessionId: "h2", commandId, decision: "yes" }));
  await client.find({ message: "turn finished" });
  expect(existsSync(inWorkspace("h2.txt"))).toBe(true);
  client.session.destroy();
});

test("an interrupt by one client ends the turn for all, and nothing goes on", async () => {
  const driver = await bed.connect();
  const watcher = await SocketClient.connect(`${bed.server.url}ws/${driver.sessionId}?stream=true`);
  driver.say("run while sleep 0.05; do date | tee alive.txt; done");
  const request = await watcher.next("approval_request");
  watcher.send("approval_response", { review: "YES", requestId: request.id });
  await driver.next("approval_resolved");
  for (;;) if ((await watcher.next("response_delta")).payload.kind === "output") break;
  watcher.send("cancel");
  expect((await driver.next("agent_finished")).payload.status).toBe("cancelled");
  expect((await watcher.next("agent_finished")).payload.status).toBe("cancelled");
  expect(items(driver.messages, "function_call_output")).toHaveLength(1);
  watcher.close();
  driver.close();
});

test("a session of the engine does not change to another one, nor one of the loop to it", async () => {
  const client = await bed.connect();
  client.say("hello", { model: "scripted" });
  expect((await client.next("error")).payload.message).toContain("A session cannot change its engine");
  client.close();
  const loop = await bed.connect("?stream=true&model=scripted");
  loop.say("hello", { model: "codex:other" });
  expect((await loop.next("error")).payload.message).toContain("A session cannot change its engine");
  await loop.next("agent_finished");
  expect((await loop.turn("hello")).finished.status).toBe("completed");
  loop.close();
});
