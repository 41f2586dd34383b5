import { describe, expect, it } from "vitest";
import { AgentError } from "../../contract/error.ts";
import type { ScriptedResponse } from "../../models/scripted/script.ts";
import { LinkedEvents, pageRequest } from "../../testing/linked-events.ts";
import { createTestSessions, type TestSessions } from "../../testing/test-session.ts";
import { messages } from "./codex-events.ts";

interface CodexEvent {
  id: string;
  msg: { type: string; [field: string]: unknown };
}

const HELLO: ScriptedResponse = [
  { reasoning: "Let me see.", deltas: 1 },
  { text: "hello", deltas: 2 },
];
const ASKING: ScriptedResponse = [{ call: { name: "shell", call_id: "call-1", arguments: { say: "x" } } }];
const PATCHING: ScriptedResponse = [
  { call: { name: "apply_patch", call_id: "call-1", arguments: { say: "done", input: "*** Begin" } } },
];
const LOOKING: ScriptedResponse = [{ call: { name: "look", call_id: "call-1", arguments: { say: "seen" } } }];
const HANGING: ScriptedResponse = [{ hang: true }];

function door(setup: TestSessions = {}) {
  const house = createTestSessions(setup);
  const page = messages(house.sessions);
  const post = (body: object) => page(pageRequest({ body: JSON.stringify(body) }));
  const say = async (message: string, more: object = {}) => {
    const answer = await post({ type: "user_message", message, ...more });
    if (!("open" in answer)) throw new Error("expected an event stream");
    const client = await LinkedEvents.open(answer);
    return {
      client,
      id: client.headers["X-Session-Id"] ?? "",
      next: async (type: string) => ((await client.next(type)) as unknown as CodexEvent).msg,
      msgs: () => client.events.map(({ data }) => (JSON.parse(data) as CodexEvent).msg),
    };
  };
  return { ...house, post, say };
}

describe("a conversation", () => {
  it("is told as Codex events, to its end", async () => {
    const { say } = door({ script: [LOOKING, HELLO] });
    const { client, id, msgs, next } = await say("hi", { id: "request-7" });
    expect(await next("task_complete")).toEqual({ type: "task_complete", last_agent_message: "hello" });
    expect(await client.untilEnded()).toBe("session_ended");
    expect(client.events.map(({ data }) => (JSON.parse(data) as CodexEvent).id)).toEqual(
      client.events.map(() => "request-7"),
    );
    expect(client.names()).toEqual(msgs().map(({ type }) => type));
    expect(msgs()[0]).toMatchObject({ session_id: id, model: "scripted", cwd: "/workspace" });
    expect(client.names()).toEqual([
      "session_configured",
      "task_started",
      "token_count",
      "exec_command_begin",
      "exec_command_output_delta",
      "exec_command_end",
      "agent_reasoning",
      "agent_message_delta",
      "agent_message_delta",
      "agent_message",
      "token_count",
      "task_complete",
    ]);
  });

  it("tells a command's beginning, output and end", async () => {
    const { say } = door({ script: [LOOKING, HELLO] });
    const { next } = await say("look");
    expect(await next("exec_command_begin")).toMatchObject({
      call_id: "call-1",
      command: ["look", "seen"],
      cwd: "/workspace",
    });
    expect(await next("exec_command_output_delta")).toEqual({
      type: "exec_command_output_delta",
      call_id: "call-1",
      stream: "stdout",
      chunk: Buffer.from("seen").toString("base64"),
    });
    expect(await next("exec_command_end")).toMatchObject({ call_id: "call-1", stdout: "seen", exit_code: 0 });
  });

  it("adds up its tokens", async () => {
    const usage = { input_tokens: 10, cached_input_tokens: 4, output_tokens: 5, reasoning_output_tokens: 1 };
    const { say } = door({
      script: [
        [...LOOKING, { usage }],
        [...HELLO, { usage }],
      ],
    });
    const { next } = await say("look");
    await next("token_count");
    expect(await next("token_count")).toMatchObject({
      info: {
        last_token_usage: { ...usage, total_tokens: 15 },
        total_token_usage: { input_tokens: 20, cached_input_tokens: 8, output_tokens: 10, total_tokens: 30 },
      },
    });
  });

  it("that fails says why, and is complete", async () => {
    const { say } = door({ script: [[{ error: { code: "provider_auth", message: "no key" } }]] });
    const { next } = await say("hi");
    expect(await next("error")).toEqual({ type: "error", message: "no key", code: "provider_auth" });
    expect(await next("task_complete")).toMatchObject({ last_agent_message: null });
  });

  it("is a session of its own, which ends with it", async () => {
    const { say, sessions } = door({ script: [HELLO, HELLO] });
    const [one, two] = await Promise.all([say("one"), say("two")]);
    expect(one.id).not.toBe(two.id);
    await Promise.all([one.client.untilEnded(), two.client.untilEnded()]);
    while (sessions.size > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it("is cancelled when its client leaves, and its session ends", async () => {
    const { say, sessions, toolbox } = door({
      script: [[{ call: { name: "look", arguments: { hang: true } } }], HELLO],
    });
    const hanging = new Promise((resolve) => toolbox.started.addEventListener("hanging", resolve));
    const { client, msgs } = await say("hang");
    await hanging;
    client.leave();
    while (sessions.size > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(msgs().at(-1)?.type).not.toBe("agent_message");
  });

  it("works in the folder that was asked for, if it may be had", async () => {
    const asked: unknown[] = [];
    const openPlace = ({ workspace }: { workspace?: string | undefined }) => {
      asked.push(workspace);
      return Promise.reject(new AgentError("invalid_message", "workspace: expected a folder inside"));
    };
    const { say, sessions } = door({ options: { openPlace } });
    await expect(say("hi", { work_dir: "/etc" })).rejects.toMatchObject({ code: "invalid_message" });
    expect(asked).toEqual(["/etc"]);
    expect(sessions.size).toBe(0);
  });
});

describe("a conversation that waits for an approval", () => {
  it("asks with the command", async () => {
    const { say } = door({ script: [ASKING] });
    expect(await (await say("do")).next("exec_approval_request")).toEqual({
      type: "exec_approval_request",
      call_id: "call-1",
      command: ["shell", "x"],
      cwd: "/workspace",
      reason: "shell is under test",
    });
  });

  it("runs it when it is confirmed", async () => {
    const { say, post, toolbox } = door({ script: [ASKING, HELLO] });
    const { id, next } = await say("do");
    await next("exec_approval_request");
    expect(await post({ type: "user_confirm", id })).toEqual({ status: 200, body: '{"ok":true}' });
    await next("task_complete");
    expect(toolbox.runs).toMatchObject([{ name: "shell" }]);
  });

  it("stops when it is cancelled", async () => {
    const { say, post, toolbox } = door({ script: [ASKING, HELLO] });
    const { id, next, msgs } = await say("do");
    await next("exec_approval_request");
    await post({ type: "user_cancel", id });
    expect(await next("turn_aborted")).toEqual({ type: "turn_aborted", reason: "interrupted" });
    expect(toolbox.runs).toEqual([]);
    expect(msgs().map(({ type }) => type)).not.toContain("exec_command_end");
  });

  it("goes on with the correction when it is edited", async () => {
    const seen: string[] = [];
    const { say, post } = door({
      script: ({ items }) => {
        seen.push(JSON.stringify(items));
        return seen.length === 1 ? ASKING : HELLO;
      },
    });
    const { id, next } = await say("do");
    await next("exec_approval_request");
    await post({ type: "user_edit", id, message: "use the other file" });
    await next("task_complete");
    expect(seen[1]).toContain("use the other file");
  });

  it("asks for a patch with its files, and tells its end", async () => {
    const { say, post } = door({ script: [PATCHING, HELLO] });
    const { id, next } = await say("patch");
    expect(await next("apply_patch_approval_request")).toMatchObject({ call_id: "call-1", changes: {} });
    await post({ type: "user_confirm", id });
    expect(await next("patch_apply_begin")).toMatchObject({ call_id: "call-1" });
    expect(await next("patch_apply_end")).toMatchObject({ call_id: "call-1", success: true });
  });

  it("can be answered once, and by its own id only", async () => {
    const { say, post } = door({ script: [ASKING, HANGING] });
    const { id, next } = await say("do");
    await next("exec_approval_request");
    await expect(post({ type: "user_confirm", id: "other" })).rejects.toMatchObject({
      code: "unknown_session",
    });
    await post({ type: "user_confirm", id });
    await next("exec_command_end");
    await expect(post({ type: "user_confirm", id })).rejects.toMatchObject({ code: "no_pending_approval" });
  });
});

describe("what a client gets wrong", () => {
  it.each([
    [{}, /^type: expected one of user_message, user_confirm, user_cancel, user_edit/],
    [{ type: "agent_message", message: "x" }, /^type: expected one of/],
    [{ type: "user_message" }, /^message: expected the text of the message/],
    [{ type: "user_message", message: "" }, /^message/],
    [{ type: "user_message", message: "x", work_dir: 5 }, /^work_dir/],
    [{ type: "user_confirm" }, /^id: expected the session_id/],
    [{ type: "user_edit", id: "x" }, /^message: expected the correction/],
  ])("%j is refused", async (body, words) => {
    const { post, sessions } = door();
    await expect(post(body)).rejects.toThrow(words);
    expect(sessions.size).toBe(0);
  });
});
