import { describe, expect, it } from "vitest";
import type { InputItem } from "../../contract/message.ts";
import type { PageRequest } from "../../contract/page.ts";
import type { ScriptedResponse } from "../../models/scripted/script.ts";
import { LinkedEvents, pageRequest } from "../../testing/linked-events.ts";
import { createTestSessions, logLines, type TestSessions } from "../../testing/test-session.ts";
import { investigate } from "./investigate.ts";

const HELLO: ScriptedResponse = [
  { reasoning: "Let me see.", deltas: 1 },
  { text: "hello", deltas: 2 },
];
const ASKING: ScriptedResponse = [{ call: { name: "shell", call_id: "call-1", arguments: { say: "x" } } }];
const LOOKING: ScriptedResponse = [{ call: { name: "look", call_id: "call-1", arguments: { say: "seen" } } }];
const HANGING: ScriptedResponse = [{ hang: true }];

function door(setup: TestSessions = {}, idleMs = 60_000) {
  const house = createTestSessions(setup);
  const { stream, send } = investigate({ sessions: house.sessions, idleMs });
  const open = async (request: Partial<PageRequest>) => {
    const answer = await stream(pageRequest(request));
    if (!("open" in answer)) throw new Error("expected an event stream");
    return await LinkedEvents.open(answer);
  };
  return {
    ...house,
    open,
    post: (body: object, query: Record<string, string> = {}) =>
      open({ body: JSON.stringify(body), query: new URLSearchParams(query) }),
    get: (query: Record<string, string> = {}, lastEventId?: string) =>
      open({
        query: new URLSearchParams(query),
        headers: { accept: "text/event-stream", "last-event-id": lastEventId },
      }),
    send: (body: object) => send(pageRequest({ body: JSON.stringify(body) })),
  };
}

const ALERT = {
  source: "prometheus",
  title: "High CPU",
  subject: { pod: "api-1" },
  context: { start_time: "2026-01-01T00:00:00Z", cluster: "east ``` </x>" },
  description: "over 90 %",
};

describe("an investigation", () => {
  it("is acknowledged, and told in order to the end of the turn", async () => {
    const { post } = door({ script: [LOOKING, HELLO] });
    const client = await post({ connectionId: "alert-1", payload: { text: "why?" } });
    const ack = await client.next("connection_ack");
    expect(ack).toMatchObject({ connectionId: "alert-1", session_id: client.headers["X-Session-Id"] });
    const end = await client.next("ai_answer_end");
    expect(end).toMatchObject({ sections: {}, analysis: "hello", status: "completed" });
    expect(client.names()).toEqual([
      "connection_ack",
      "start_tool_calling",
      "token_count",
      "tool_output_delta",
      "tool_calling_result",
      "ai_message_delta",
      "ai_message",
      "ai_message_delta",
      "ai_message_delta",
      "ai_message",
      "token_count",
      "ai_answer_end",
    ]);
    const ids = client.events.map(({ id }) => Number(id));
    expect(ids).toEqual(ids.toSorted((one, two) => one - two));
    expect(client.ended).toBeUndefined();
  });

  it("tells of a tool's call and its result", async () => {
    const { post } = door({ script: [LOOKING, HELLO] });
    const client = await post({ text: "look" });
    expect(await client.next("start_tool_calling")).toEqual({ tool_name: "look", id: "call-1" });
    expect(await client.next("tool_output_delta")).toEqual({ id: "call-1", delta: "seen" });
    expect(await client.next("tool_calling_result")).toEqual({
      tool_call_id: "call-1",
      role: "tool",
      name: "look",
      description: "look",
      result: {
        schema_version: "1.0",
        status: "success",
        error: null,
        return_code: 0,
        data: "seen",
        invocation: '{"say":"seen"}',
      },
    });
    expect(await client.next("ai_message")).toEqual({ content: "Let me see.", is_reasoning: true });
  });

  it.each([
    ["in payload", { payload: ALERT }],
    ["as the body itself", ALERT],
  ])(
    "of an alert %s asks for cause, evidence and remedy, with what the alert says as data",
    async (_, body) => {
      const { post, logs } = door({ script: [HELLO] });
      const client = await post(body);
      await client.next("ai_answer_end");
      const lines = await logLines(logs, client.headers["X-Session-Id"] ?? "");
      const asked = lines
        .map((line) => line.message_data as { type?: string; payload: { input: InputItem[] } })
        .find(({ type }) => type === "user_input");
      const part = asked?.payload.input[0]?.content[0];
      const text = part?.type === "input_text" ? part.text : "";
      expect(text).toMatch(/Alert:\n```json\n\{\n {2}"source": "prometheus",\n {2}"title": "High CPU"/);
      expect(text).toMatch(/Time range:\n```json\n\{\n {2}"start_time": "2026-01-01T00:00:00Z"\n\}/);
      expect(text).toContain('"pod": "api-1"');
      expect(text).toMatch(/Context:\n````json\n[^]*east ``` <\/x>[^]*\n````/);
      expect(text).toMatch(/Cause, Evidence, Remedy/);
    },
  );

  it.each([{ text: "hi" }, { message: "hi" }, { input: "hi" }])(
    "takes the user's message %j",
    async (payload) => {
      const { post } = door({ script: [HELLO] });
      await (await post({ payload })).next("ai_answer_end");
    },
  );

  it("begins with a GET as well", async () => {
    const { get } = door({ script: [HELLO] });
    const client = await get({ text: "hi", connectionId: "c", once: "true" });
    await client.next("ai_answer_end");
    expect(await client.untilEnded()).toBe("session_ended");
  });

  it("stays open for more, and ends after its first turn only for those who asked for once", async () => {
    const { post, send } = door({ script: [HELLO, HELLO] });
    const client = await post({ connectionId: "a", text: "one" });
    await client.next("ai_answer_end");
    expect(await send({ connectionId: "a", payload: { text: "two" } })).toEqual({
      status: 200,
      body: '{"ok":true}',
    });
    await client.next("ai_answer_end");
    expect(client.ended).toBeUndefined();
    const once = await post({ text: "three" }, { once: "true" });
    await once.untilEnded();
    expect(once.names().at(-1)).toBe("ai_answer_end");
  });

  it("is ended when nothing is asked of it for too long, and never in a turn", async () => {
    const { get, post, sessions } = door({ script: [HANGING] }, 20);
    const idle = await get();
    const busy = await post({ connectionId: "busy", text: "hang" });
    expect(await idle.untilEnded()).toBe("session_ended");
    expect(busy.ended).toBeUndefined();
    expect(sessions.size).toBe(2);
  });
});

describe("an approval", () => {
  it.each([
    ["approve", "YES", 1],
    ["decline", "NO_CONTINUE", 0],
    ["always", "ALWAYS", 1],
    ["cancel", "NO", 0],
  ])("is given by %s", async (decision, review, runs) => {
    const { post, send, toolbox } = door({ script: [ASKING, HELLO] });
    const client = await post({ connectionId: "a", text: "do" });
    expect(await client.next("approval_required")).toEqual({
      tool_call_id: "call-1",
      description: "shell x",
      reason: "shell is under test",
      risk: "low",
    });
    await send({
      connectionId: "a",
      payload: { approval: { tool_call_id: "call-1", decision, message: "so" } },
    });
    expect(await client.next("approval_resolved")).toMatchObject({
      tool_call_id: "call-1",
      review,
      decidedBy: "client",
    });
    await client.next("ai_answer_end");
    expect(toolbox.runs.length).toBe(runs);
  });

  it("that shows its diff is explained, and asked for again", async () => {
    const patch = { call: { name: "apply_patch", call_id: "call-1", arguments: { input: "*** Begin" } } };
    const { post, send } = door({ script: [[patch], [{ text: "It changes nothing." }], HELLO] });
    const client = await post({ connectionId: "a", text: "do" });
    expect(await client.next("approval_required")).toMatchObject({ diff: "" });
    await send({ connectionId: "a", approval: { tool_call_id: "call-1", decision: "explain" } });
    expect(await client.next("ai_message")).toEqual({ content: "It changes nothing." });
    expect(await client.next("approval_required")).toMatchObject({ tool_call_id: "call-1" });
    await send({ connectionId: "a", approval: { tool_call_id: "call-1", decision: "decline" } });
    await client.next("ai_answer_end");
  });

  it("that nobody asked for, or of another call, is a conflict", async () => {
    const { post, send } = door({ script: [ASKING] });
    const client = await post({ connectionId: "a" });
    const approval = { tool_call_id: "call-2", decision: "approve" };
    const refused = { code: "no_pending_approval" };
    await expect(send({ connectionId: "a", payload: { approval } })).rejects.toMatchObject(refused);
    await send({ connectionId: "a", payload: { text: "do" } });
    await client.next("approval_required");
    await expect(send({ connectionId: "a", payload: { approval } })).rejects.toMatchObject(refused);
  });
});

describe("a turn", () => {
  it("is cancelled, and only while it runs", async () => {
    const { post, send } = door({ script: [HANGING] });
    const client = await post({ connectionId: "a", text: "hang" });
    await send({ connectionId: "a", payload: { cancel: true } });
    expect(await client.next("ai_answer_end")).toMatchObject({ status: "cancelled" });
    await expect(send({ connectionId: "a", cancel: true })).rejects.toMatchObject({ code: "conflict" });
  });

  it("that fails says why", async () => {
    const { post } = door({ script: [[{ error: { code: "provider_auth", message: "no key" } }]] });
    const client = await post({ text: "hi" });
    expect(await client.next("error")).toEqual({ error: "no key", code: "provider_auth", retryable: false });
    expect(await client.next("ai_answer_end")).toMatchObject({ status: "failed" });
  });
});

describe("a client that comes again", () => {
  it("gets what it missed, once, and its text is not asked again", async () => {
    const { get } = door({ script: [HELLO] });
    const first = await get({ connectionId: "a", text: "hi" });
    await first.next("ai_answer_end");
    const whole = first.events.map(({ id, event, data }) => ({ id, event, data }));
    const middle = whole.findIndex(({ event }) => event === "ai_message");
    first.leave();
    const again = await get({ connectionId: "a", text: "hi" }, whole[middle]?.id);
    await again.next("ai_answer_end");
    // Deltas come back in larger pieces.
    const names = (events: { event?: string | undefined }[]) =>
      events.flatMap(({ event }) => (event === "ai_message_delta" ? [] : [event]));
    expect(names(again.events)).toEqual(["connection_ack", ...names(whole.slice(middle + 1))]);
    expect(
      again.events.map(({ data }) => data).filter((data) => data.includes("hel")).length,
    ).toBeGreaterThan(0);
    expect(again.events.at(-1)).toEqual(whole.at(-1));
    expect(again.headers).toEqual(first.headers);
  });

  it("ends its own connection that is still there, and goes on with what runs", async () => {
    const { get, send } = door({ script: [ASKING, HELLO] });
    const first = await get({ connectionId: "a", text: "do" });
    await first.next("approval_required");
    const again = await get({ connectionId: "a", text: "do" }, first.events.at(-1)?.id);
    expect(await first.untilEnded()).toBe("session_ended");
    await again.next("approval_required");
    await send({ connectionId: "a", approval: { tool_call_id: "call-1", decision: "approve" } });
    await again.next("ai_answer_end");
  });

  it("by its session's id finds it also when the server was started anew", async () => {
    const before = door({ script: [HELLO] });
    const first = await before.get({ text: "hi" });
    await first.next("ai_answer_end");
    const id = first.headers["X-Session-Id"] ?? "";
    await before.sessions.close("server_restart");
    const after = door({ logs: before.logs });
    const again = await after.get({ connectionId: id }, "0");
    expect(await again.next("ai_answer_end")).toMatchObject({ analysis: "hello" });
  });

  it("by a name that nobody knows is told so", async () => {
    const { get } = door();
    await expect(get({ connectionId: "nobody" }, "7")).rejects.toMatchObject({ code: "unknown_session" });
  });
});

describe("a connection's id", () => {
  it("is the session's own when the client has none", async () => {
    const { get, send } = door({ script: [HELLO] });
    const client = await get();
    const { connectionId, session_id } = await client.next("connection_ack");
    expect(connectionId).toBe(session_id);
    await send({ connectionId, payload: { text: "hi" } });
    await client.next("ai_answer_end");
  });

  it("is taken while its client is there, and free when it has left", async () => {
    const { get } = door();
    const first = await get({ connectionId: "a" });
    await expect(get({ connectionId: "a" })).rejects.toMatchObject({ code: "conflict" });
    first.leave();
    const second = await get({ connectionId: "a" });
    expect(second.headers["X-Session-Id"]).not.toBe(first.headers["X-Session-Id"]);
  });

  it("is given to one of two that come at once", async () => {
    const { get } = door();
    const results = await Promise.allSettled([get({ connectionId: "a" }), get({ connectionId: "a" })]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  it("that is a session's lets many watch that session", async () => {
    const { get, sessions, send } = door({ script: [HELLO] });
    const { id } = await sessions.create({});
    const watchers = [await get({ connectionId: id }), await get({ connectionId: id })];
    await send({ connectionId: id, payload: { text: "hi" } });
    for (const watcher of watchers) await watcher.next("ai_answer_end");
    expect(sessions.size).toBe(1);
  });
});

describe("what a client gets wrong", () => {
  it.each<[Partial<PageRequest>, RegExp]>([
    [{ headers: { accept: "application/json" } }, /^Accept: expected text\/event-stream/],
    [{ headers: {} }, /^Accept/],
    [{ body: "{" }, /JSON/],
    [{ body: '{"connectionId":"a b"}' }, /^connectionId: expected 1 to 128 of/],
    [{ body: '{"payload":5}' }, /^payload: expected an alert/],
    [{ body: '{"payload":{"title":"no source"}}' }, /^payload: expected an alert/],
    [{ body: '{"payload":{"text":""}}' }, /^payload: expected an alert/],
    [{ body: '{"what":"else"}' }, /^payload: expected an alert/],
    [{ headers: { accept: "text/event-stream", "last-event-id": "x" } }, /^Last-Event-ID/],
    [{ query: new URLSearchParams({ connectionId: "" }) }, /^connectionId/],
  ])("in %j is said before a session is made", async (request, words) => {
    const { open, sessions } = door();
    await expect(open(request)).rejects.toThrow(words);
    expect(sessions.size).toBe(0);
  });

  it.each([
    [{ payload: { text: "hi" } }, "invalid_message"],
    [{ connectionId: "a", payload: { what: "else" } }, "invalid_message"],
    [{ connectionId: "a", payload: { cancel: "yes" } }, "invalid_message"],
    [
      { connectionId: "a", payload: { approval: { tool_call_id: "1", decision: "maybe" } } },
      "invalid_message",
    ],
    [{ connectionId: "b", payload: { text: "hi" } }, "unknown_session"],
  ])("in what it sends (%j) is %s", async (body, code) => {
    const { get, send } = door();
    await get({ connectionId: "a" });
    await expect(send(body)).rejects.toMatchObject({ code });
  });
});
