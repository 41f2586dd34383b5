import { describe, expect, it } from "vitest";
import type { Connection } from "../contract/protocol.ts";
import { openLinked } from "../testing/linked-connection.ts";
import { createTestSessions, logLines, type TestSessions } from "../testing/test-session.ts";
import { openAgentloop } from "./agentloop.ts";

interface Frame {
  id: string;
  type: string;
  seq?: number;
  payload: Record<string, unknown>;
}

/** A client of the protocol without a socket. */
async function connect(setup: TestSessions, query = "") {
  const { sessions, logs } = createTestSessions(setup);
  const frames: Frame[] = [];
  const raw: string[] = [];
  let arrived = Promise.withResolvers<void>();
  const connection: Connection = {
    sessions,
    info: { id: "client-1", door: "agentloop" },
    query: new URLSearchParams(query),
    params: {},
    send(frame) {
      raw.push(frame);
      frames.push(JSON.parse(frame) as Frame);
      arrived.resolve();
      arrived = Promise.withResolvers();
    },
    drained: async () => {},
    fail: (error) => expect.fail(String(error)),
    end: () => {},
  };
  const { protocol, headers } = await openAgentloop(connection);
  const until = async (type: string) => {
    while (!frames.some((frame) => frame.type === type)) await arrived.promise;
    return frames.find((frame) => frame.type === type);
  };
  return { protocol, frames, raw, until, logs, sessionId: headers["X-Session-Id"] ?? "" };
}

const userInput = (input: unknown, more: object = {}) =>
  JSON.stringify({ id: "1", type: "user_input", payload: { input, ...more } });

const INPUTS: [string, unknown][] = [
  ["messages", [{ type: "message", role: "user", content: [{ type: "input_text", text: "hi" }] }]],
  ["messages without a type", [{ role: "user", content: "hi" }]],
  ["bare content parts", [{ type: "input_text", text: "hi" }]],
  ["a plain string", "hi"],
];

describe("the AgentLoop protocol", () => {
  it.each(INPUTS)("takes %s as input", async (_form, input) => {
    const { protocol, frames, until } = await connect({ script: [[{ text: "hello" }]] });
    protocol.receive(userInput(input, { previousResponseId: null }));
    await until("agent_finished");
    expect(frames.find((frame) => frame.type === "response_item")?.payload).toMatchObject({
      role: "user",
      content: [{ type: "input_text", text: "hi" }],
    });
  });

  it("sends a client of the first version only what it knows, without numbers", async () => {
    const { protocol, frames, until } = await connect({ script: [[{ text: "hello" }]] });
    protocol.receive(userInput("hi"));
    await until("agent_finished");
    expect(frames.map(({ type }) => type)).toEqual([
      "loading_state",
      "response_item",
      "response_item",
      "loading_state",
      "agent_finished",
    ]);
    expect(frames.every((frame) => frame.seq === undefined)).toBe(true);
  });

  it("sends everything with the log's numbers to a client that asked for stream=true", async () => {
    const { protocol, frames, until } = await connect({ script: [[{ text: "hello" }]] }, "stream=true");
    protocol.receive(userInput("hi"));
    await until("agent_finished");
    expect(frames[0]).toMatchObject({
      type: "session_info",
      payload: { state: "idle", provider: "scripted" },
    });
    expect(frames.map(({ type }) => type)).toContain("response_delta");
    const numbers = frames.map((frame) => frame.seq ?? -1);
    expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
    expect(numbers[0]).toBeGreaterThan(0);
  });

  it("names the session in the header of the upgrade", async () => {
    const { sessionId } = await connect({});
    expect(sessionId).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each([
    ["yes", "YES"],
    ["No-Exit", "NO"],
    ["no-continue", "NO_CONTINUE"],
    ["Always", "ALWAYS"],
  ])("reads the review %s", async (word, review) => {
    const script = [[{ call: { name: "shell", arguments: { say: "x" } } }], [{ text: "done" }]];
    const { protocol, until } = await connect({ script }, "stream=true");
    protocol.receive(userInput("go"));
    await until("approval_request");
    protocol.receive(
      JSON.stringify({ id: "2", type: "approval_response", payload: { review: word, applyPatch: null } }),
    );
    expect((await until("approval_resolved"))?.payload).toMatchObject({ review });
  });

  it.each([
    ["text that is no JSON", "{nope", "invalid_json", "not JSON"],
    ["a JSON value that is no object", "[1]", "invalid_message", "expected"],
    ["an unknown type", '{"id":"1","type":"shout"}', "unknown_type", "user_input"],
    ["a missing id", '{"type":"cancel"}', "invalid_message", "id"],
    ["an input that is empty", userInput([]), "invalid_message", "payload.input"],
    ["an input of a foreign kind", userInput([{ type: "input_audio" }]), "invalid_message", "payload.input"],
    [
      "a review that is none",
      '{"id":"1","type":"approval_response","payload":{"review":"MAYBE"}}',
      "invalid_message",
      "payload.review",
    ],
    ["an approval without a payload", '{"id":"1","type":"approval_response"}', "invalid_message", "payload"],
  ])("answers %s, and goes on", async (_what, frame, code, said) => {
    const { protocol, frames, until, logs, sessionId } = await connect({ script: [[{ text: "hello" }]] });
    protocol.receive(frame);
    expect(frames.at(-1)).toMatchObject({ type: "error", payload: { details: { code } } });
    expect(frames.at(-1)?.payload["message"]).toContain(said);
    expect((await logLines(logs, sessionId)).map((line) => line.message_data)).toContain(frame);
    protocol.receive(userInput("hi"));
    await until("agent_finished");
  });

  it("keeps the client's own bytes in the log: big numbers, repeated keys, and text over several lines", async () => {
    const { protocol, logs, sessionId } = await connect({ script: [[{ text: "hello" }]] });
    protocol.receive('{"id":"1",\n "type":"get_context_info",\r\n "payload":{"n":12345678901234567890}}');
    const line = (await logLines(logs, sessionId)).find(
      (entry) => entry.direction === "incoming" && entry.seq > 0,
    );
    expect(line?.message_data).toMatchObject({ type: "get_context_info" });
  });

  it("offers a client that comes back and is told of no answers only the request that still waits", async () => {
    const call = (id: string) => [{ call: { name: "shell", arguments: { say: id }, call_id: id } }];
    const { sessions } = createTestSessions({ script: [call("first"), call("second")] });
    const come = async (query: Record<string, string>, id?: string) =>
      openLinked(openAgentloop, { sessions, query, params: id === undefined ? {} : { session_id: id } });
    const next = async (client: Awaited<ReturnType<typeof come>>, type: string) => {
      for (;;) {
        const frame = (await client.next()) as Frame;
        if (frame.type === type) return frame;
      }
    };
    const asked = (frames: readonly string[]) =>
      frames.map((frame) => JSON.parse(frame) as Frame).filter(({ type }) => type === "approval_request");

    const client = await come({ stream: "true" });
    client.send(userInput("go"));
    await next(client, "approval_request");
    client.send('{"id":"2","type":"approval_response","payload":{"review":"YES"}}');
    const open = await next(client, "approval_request");

    const back = await come({ after: "-1" }, client.headers["X-Session-Id"]);
    expect((await next(back, "approval_request")).id).toBe(open.id);
    expect(asked(back.frames)).toHaveLength(1);
    const told = await come({ after: "-1", stream: "true" }, client.headers["X-Session-Id"]);
    await next(told, "approval_resolved");
    expect((await next(told, "approval_request")).id).toBe(open.id);
    expect(asked(told.frames)).toHaveLength(2);
  });

  it("refuses an approval policy that does not exist, before there is a session", async () => {
    await expect(connect({}, "approvalPolicy=yolo")).rejects.toThrow(/suggest, auto-edit, full-auto/);
  });
});
