import { describe, expect, it } from "vitest";
import { AgentError } from "../../contract/error.ts";
import type { ScriptedResponse } from "../../models/scripted/script.ts";
import { openLinked } from "../../testing/linked-connection.ts";
import { createTestSessions, logLines, type TestSessions } from "../../testing/test-session.ts";
import { openAgentStream } from "./agent-stream.ts";

type Frame = Record<string, unknown> & { type: string };

const HELLO: ScriptedResponse = [{ text: "hello", deltas: 2 }];
const ASKING: ScriptedResponse = [{ call: { name: "shell", arguments: { say: "x" } } }];
const HANGING: ScriptedResponse = [{ hang: true }];

const IMAGE = "data:image/png;base64,AA==";
const readImage = (workspace: string, path: string) =>
  path === "in.png"
    ? Promise.resolve(`${IMAGE}#${workspace}`)
    : Promise.reject(new AgentError("invalid_message", `imagePaths: not ${path}`));

const HOUSE = (setup: TestSessions = {}) => {
  const house = createTestSessions(setup);
  const connect = async (id = "client") => {
    const client = await openLinked(openAgentStream(readImage), { sessions: house.sessions, id });
    return {
      ...client,
      client,
      tell: (frame: object) => client.send(JSON.stringify(frame)),
      /** The next frame that has these fields. */
      find: async (wanted: Record<string, unknown>) => {
        for (;;) {
          const frame = (await client.next()) as Frame;
          if (Object.entries(wanted).every(([name, value]) => frame[name] === value)) return frame;
        }
      },
      types: () => client.frames.map((frame) => (JSON.parse(frame) as Frame).type),
    };
  };
  return { ...house, connect };
};

const message = (content: string, more: object = {}) => ({ type: "user_message", content, ...more });
const finished = { type: "status", message: "turn finished" };

describe("a stream of frames", () => {
  it("begins a session with the first message and tells the turn in order", async () => {
    const { connect } = HOUSE({ script: [HELLO] });
    const { tell, find, frames } = await connect();
    tell(message("hi"));
    const { details } = await find(finished);
    expect(details).toMatchObject({ status: "completed", usage: { output_tokens: expect.any(Number) } });
    const told = frames.map((frame) => JSON.parse(frame) as Frame);
    expect(told.map(({ type, message: text, responseItem }) => [type, text ?? responseItem])).toEqual([
      ["status", "session initialised"],
      ["status", "turn started"],
      ["item", expect.objectContaining({ role: "user" })],
      ["item", expect.objectContaining({ role: "assistant" })],
      ["status", "response finished"],
      ["status", "turn finished"],
    ]);
    expect(told[0]).toMatchObject({ details: { session_id: told[0]?.["sessionId"] } });
    expect(new Set(told.map(({ sessionId }) => sessionId)).size).toBe(1);
  });

  it("sends partial text to those who ask for it, and not to others", async () => {
    const { connect } = HOUSE({ script: [HELLO, HELLO] });
    const { tell, find, frames } = await connect();
    const deltas = () => frames.filter((frame) => frame.includes('"delta"'));
    tell(message("hi"));
    await find(finished);
    expect(deltas()).toEqual([]);
    tell(message("again", { configOverrides: { stream: true } }));
    await find(finished);
    const text = deltas().map((frame) => JSON.parse(frame).delta.delta);
    expect(text.join("")).toBe("hello");
  });

  it.each([
    ["allow", "YES", true],
    ["deny", "NO_CONTINUE", false],
    ["Always", "ALWAYS", true],
    ["no-exit", "NO", false],
  ])("takes the decision %s as %s", async (decision, review, runs) => {
    const { connect, toolbox } = HOUSE({ script: [ASKING, HELLO] });
    const { tell, find } = await connect();
    tell(message("do it", { sessionId: "mine" }));
    const prompt = await find({ type: "command_prompt" });
    expect(prompt).toMatchObject({
      command: ["shell", "x"],
      explanation: "shell is under test",
      sessionId: "mine",
    });
    tell({
      type: "approve",
      sessionId: "mine",
      commandId: prompt["commandId"],
      decision,
      explanation: "why",
    });
    const { details } = await find({ type: "status", message: "command prompt answered" });
    expect(details).toMatchObject({ commandId: prompt["commandId"], review, decidedBy: "client" });
    await find(finished);
    expect(toolbox.runs.length).toBe(runs ? 1 : 0);
  });

  it("tells the model why a command was denied", async () => {
    const { connect } = HOUSE({ script: [ASKING, HELLO] });
    const { tell, find, frames } = await connect();
    tell(message("do it"));
    const { commandId } = await find({ type: "command_prompt" });
    tell({ type: "approve", commandId, decision: "deny", explanation: "use the other file" });
    await find(finished);
    expect(frames.join()).toContain("use the other file");
  });

  it("cancels a turn", async () => {
    const { connect } = HOUSE({ script: [HANGING] });
    const { tell, find } = await connect();
    tell(message("hi", { sessionId: "a" }));
    await find({ type: "item" });
    tell({ type: "cancel", sessionId: "a" });
    expect((await find(finished))["details"]).toMatchObject({ status: "cancelled" });
  });

  it("answers a heartbeat, and has one of its own", async () => {
    const { connect } = HOUSE();
    const { tell, find, client } = await connect();
    tell({ type: "heartbeat" });
    expect(Date.parse(String((await find({ type: "heartbeat" }))["timestamp"]))).toBeGreaterThan(0);
    expect(JSON.parse(client.protocol.heartbeat?.() ?? "")).toMatchObject({ type: "heartbeat" });
  });

  it("hands images of the workspace to the model, and refuses others", async () => {
    const { connect } = HOUSE({ script: [HELLO] });
    const { tell, find } = await connect();
    tell(message("look", { imagePaths: ["../out.png"] }));
    expect(await find({ type: "error" })).toMatchObject({
      code: "INVALID_FRAME",
      message: "imagePaths: not ../out.png",
    });
    tell(message("look", { imagePaths: ["in.png"] }));
    const { responseItem } = await find({ type: "item" });
    expect(responseItem).toMatchObject({
      content: [{ text: "look" }, { type: "input_image", image_url: `${IMAGE}#/workspace` }],
    });
  });

  it("handles frames one after the other, also those that come while its session is opened", async () => {
    const { connect } = HOUSE({ script: [HANGING] });
    const { tell, find } = await connect();
    tell(message("hi", { sessionId: "a", imagePaths: ["in.png"] }));
    tell({ type: "cancel", sessionId: "a" });
    expect((await find(finished))["details"]).toMatchObject({ status: "cancelled" });
  });
});

describe("a client's name for its session", () => {
  it("leads to the same session on a later stream, with its conversation", async () => {
    const { connect, sessions } = HOUSE({ script: [HELLO, HELLO] });
    const first = await connect("first");
    first.tell(message("one", { sessionId: "repo-42" }));
    const { details } = await first.find({ message: "session initialised" });
    await first.find(finished);
    first.leave();
    const second = await connect("second");
    second.tell(message("two", { sessionId: "repo-42" }));
    const again = await second.find({ message: "session initialised" });
    expect(again["details"]).toMatchObject({
      session_id: (details as Record<string, unknown>)["session_id"],
    });
    await second.find(finished);
    expect(sessions.size).toBe(1);
  });

  it("leads to it when it has ended, and when the server was started anew", async () => {
    const before = HOUSE({ script: [HELLO], options: { detachMs: 0 } });
    const first = await before.connect();
    first.tell(message("the word is heron", { sessionId: "repo-42" }));
    await first.find(finished);
    await before.sessions.close("server_restart");
    const after = HOUSE({ script: [HELLO], logs: before.logs });
    const second = await after.connect();
    second.tell(message("which word?", { sessionId: "repo-42" }));
    const info = (await second.find({ message: "session initialised" }))["details"] as Record<
      string,
      number | string
    >;
    await second.find(finished);
    const lines = await logLines(before.logs, String(info["session_id"]));
    expect(JSON.stringify(lines)).toMatch(/heron.*which word/);
  });

  it("is one session for streams that come at once", async () => {
    const { connect, sessions } = HOUSE({ script: () => [HELLO].flat() });
    const clients = await Promise.all(Array.from({ length: 5 }, (_, index) => connect(`client-${index}`)));
    for (const { tell } of clients) tell(message("hi", { sessionId: "shared" }));
    const told = await Promise.all(clients.map(({ find }) => find({ message: "session initialised" })));
    expect(new Set(told.map(({ details }) => (details as Record<string, unknown>)["session_id"])).size).toBe(
      1,
    );
    expect(sessions.size).toBe(1);
  });

  it("is told in the session's log", async () => {
    const { connect, logs } = HOUSE({ script: [HELLO] });
    const { tell, find } = await connect();
    tell(message("hi", { sessionId: "repo-42" }));
    const { details } = await find({ message: "session initialised" });
    await find(finished);
    const lines = await logLines(logs, String((details as Record<string, unknown>)["session_id"]));
    expect(lines.map((line) => line.message_data)).toContainEqual(
      expect.objectContaining({ type: "status", payload: { kind: "named", name: "repo-42" } }),
    );
  });

  it("may be a session's own id: a session of another door can be answered and cancelled", async () => {
    const { connect, sessions } = HOUSE({ script: [ASKING, HANGING] });
    const { id } = await sessions.create({});
    const { tell, find } = await connect();
    tell(message("do it", { sessionId: id }));
    const { commandId } = await find({ type: "command_prompt" });
    const other = await connect("other");
    other.tell({ type: "approve", sessionId: id, commandId, decision: "allow" });
    await find({ message: "command prompt answered" });
    const third = await connect("third");
    third.tell({ type: "cancel", sessionId: id });
    expect((await find(finished))["details"]).toMatchObject({ status: "cancelled" });
  });
});

describe("what a client gets wrong", () => {
  it.each([
    ["not json", "INVALID_FRAME", "Expected one JSON object"],
    ["[]", "INVALID_FRAME", "expected object"],
    ['{"type":"dance"}', "INVALID_FRAME", "type"],
    ['{"type":"user_message"}', "INVALID_FRAME", "content"],
    [
      '{"type":"user_message","content":"x","configOverrides":{"approvalPolicy":"all"}}',
      "INVALID_FRAME",
      "approvalPolicy",
    ],
    [
      '{"type":"user_message","content":"x","configOverrides":{"approvalPolicy":"full-auto"}}',
      "INVALID_FRAME",
      "wider",
    ],
    ['{"type":"approve","commandId":"1","decision":"allow"}', "SESSION_NOT_INIT", "user_message"],
    ['{"type":"approve","sessionId":"x","commandId":"1","decision":"maybe"}', "INVALID_FRAME", "decision"],
    ['{"type":"cancel"}', "SESSION_NOT_INIT", "user_message"],
    ['{"type":"cancel","sessionId":"nobody"}', "SESSION_NOT_INIT", "user_message"],
  ])("%s is answered, and the stream goes on", async (frame, code, words) => {
    const { connect } = HOUSE({ script: [HELLO] });
    const { client, find, tell } = await connect();
    client.send(frame);
    const error = await find({ type: "error" });
    expect(error).toMatchObject({ code, retryable: false });
    expect(error["message"]).toContain(words);
    tell(message("hi"));
    await find(finished);
  });

  it("is answered by the session's errors when it has one, and stands in its log", async () => {
    const { connect, logs } = HOUSE({ script: [HELLO] });
    const { client, find, tell } = await connect();
    tell(message("hi"));
    const { details } = await find({ message: "session initialised" });
    await find(finished);
    client.send("{nonsense");
    expect(await find({ type: "error" })).toMatchObject({ code: "INVALID_FRAME" });
    tell({ type: "approve", commandId: "1", decision: "allow" });
    expect(await find({ type: "error" })).toMatchObject({ code: "NO_PENDING_APPROVAL" });
    const lines = await logLines(logs, String((details as Record<string, unknown>)["session_id"]));
    expect(lines.map((line) => line.message_data)).toContain("{nonsense");
  });

  it("does not change the session of a stream", async () => {
    const { connect } = HOUSE({ script: [HELLO, HELLO] });
    const { find, tell } = await connect();
    tell(message("hi", { sessionId: "a" }));
    await find(finished);
    tell(message("hi", { sessionId: "b" }));
    expect(await find({ type: "error" })).toMatchObject({ code: "SESSION_ID_MISMATCH" });
    tell(message("hi", { sessionId: "a", configOverrides: { approvalPolicy: "suggest" } }));
    await find(finished);
  });

  it("too large, or too often, has a code of its own", async () => {
    const { connect } = HOUSE();
    const { client, find } = await connect();
    client.protocol.oversized("{");
    expect(await find({ type: "error" })).toMatchObject({ code: "FRAME_TOO_LARGE" });
    client.protocol.limited?.();
    expect(await find({ type: "error" })).toMatchObject({ code: "RATE_LIMITED", retryable: true });
    expect(JSON.parse(client.protocol.farewell?.("message_too_large") ?? "")).toEqual({
      type: "terminate",
      reason: "message_too_large",
    });
  });
});

describe("a client that sends no more", () => {
  it("is told the rest of its turn, and then ended", async () => {
    const { connect } = HOUSE({ script: [HELLO] });
    const { client, tell, find } = await connect();
    tell(message("hi"));
    client.protocol.finished?.();
    await find(finished);
    while (client.ended === undefined) await new Promise((resolve) => setImmediate(resolve));
    expect(client.ended).toBe("session_ended");
    expect(client.protocol.farewell?.("session_ended")).toBe('{"type":"terminate","reason":"finished"}');
  });

  it("and asked for nothing is ended at once", async () => {
    const { connect } = HOUSE();
    const { client } = await connect();
    client.protocol.finished?.();
    while (client.ended === undefined) await new Promise((resolve) => setImmediate(resolve));
    expect(client.frames).toEqual([]);
  });
});
