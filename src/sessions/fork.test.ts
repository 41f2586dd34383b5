import { describe, expect, test } from "vitest";
import { createMemoryLogStore } from "../audit/memory.ts";
import type { Agent } from "../contract/agent.ts";
import { AgentError } from "../contract/error.ts";
import type { Session } from "../contract/session.ts";
import { createTestSessions, logLines, TestClient } from "../testing/test-session.ts";

const DONE = [{ text: "done" }];

async function say(session: Session, text: string): Promise<void> {
  const client = new TestClient();
  const detach = session.attach(client);
  const input = [
    { type: "message" as const, role: "user" as const, content: [{ type: "input_text" as const, text }] },
  ];
  const payload = { input, previousResponseId: undefined, model: undefined };
  session.receive({ id: "1", type: "user_input", payload }, '{"mine":1}', client);
  await client.next("agent_finished");
  detach();
}

describe("a forked session", () => {
  test("goes on from the other one's conversation, which stays as it was", async () => {
    const lengths: number[] = [];
    const { sessions, logs } = createTestSessions({
      script: ({ items }) => {
        lengths.push(items.length);
        return DONE;
      },
    });
    const source = await sessions.create({});
    await say(source, "one");
    const { head_seq: end } = source.info();
    await say(source, "two");
    const before = await logLines(logs, source.id);
    const fork = await sessions.fork(source.id, end, {});
    await say(fork, "three");
    expect(lengths).toEqual([1, 3, 3]);
    expect((await logLines(logs, source.id)).length).toBe(before.length);
  });

  test("says in its log where it comes from, and holds nothing that was for one client alone", async () => {
    const { sessions, logs } = createTestSessions({ script: () => DONE });
    const source = await sessions.create({});
    await say(source, "one");
    const fork = await sessions.fork(source.id, Infinity, {});
    const lines = await logLines(logs, fork.id);
    expect(lines[1]?.message_data).toMatchObject({
      type: "status",
      payload: { kind: "forked", from: source.id },
    });
    const types = lines.slice(1).map((line) => (line.message_data as { type: string }).type);
    expect(types).not.toContain("session_info");
    expect(types).not.toContain("response_delta");
  });

  test("has spent what it took itself, not what the other one took", async () => {
    const logs = createMemoryLogStore();
    const usage = { input_tokens: 100, output_tokens: 10 };
    const { sessions } = createTestSessions({ logs, script: () => [...DONE, { usage }] });
    const tokensOf = async (id: string) => (await logs.records.summary(id))?.tokens.input_tokens;
    const source = await sessions.create({});
    await say(source, "one");
    const fork = await sessions.fork(source.id, Infinity, {});
    expect([await tokensOf(source.id), await tokensOf(fork.id)]).toEqual([100, 0]);
    await say(fork, "two");
    const fork2 = await sessions.fork(fork.id, Infinity, {});
    await say(fork2, "three");
    expect(await Promise.all([source.id, fork.id, fork2.id].map(tokensOf))).toEqual([100, 100, 100]);
  });

  test("that cannot be taken up leaves nothing open behind it", async () => {
    const logs = createMemoryLogStore();
    const source = await createTestSessions({ logs, script: () => DONE }).sessions.create({});
    await say(source, "one");
    const fault = new Error("no memory");
    let closed = 0;
    const agent = {
      restore: () => Promise.reject(fault),
      close: async () => void (closed += 1),
    } as Partial<Agent> as Agent;
    const { sessions } = createTestSessions({ logs, options: { createAgent: () => agent } });
    await expect(sessions.fork(source.id, Infinity, {})).rejects.toBe(fault);
    const states: string[] = [];
    for await (const { session_id, state } of logs.list()) if (session_id !== source.id) states.push(state);
    expect([states, closed, sessions.size]).toEqual([["ended"], 1, 0]);
  });

  test("is not made of a session that does not exist, nor wider than the server", async () => {
    const { sessions } = createTestSessions({ script: () => DONE });
    await expect(sessions.fork("0".repeat(32), 1, {})).rejects.toThrow(AgentError);
    const source = await sessions.create({});
    await expect(sessions.fork(source.id, 1, { approvalPolicy: "full-auto" })).rejects.toThrow("wider");
  });
});

describe("a note about a session", () => {
  test("is told to everyone, and in the log with what asked for it", async () => {
    const { sessions, logs } = createTestSessions({});
    const session = await sessions.create({});
    const client = new TestClient();
    session.attach(client);
    session.note({ kind: "named", name: "Fruit" }, '{"asked":1}', { id: "other", door: "test" });
    expect(await client.next("status")).toMatchObject({ payload: { kind: "named", name: "Fruit" } });
    const [asked] = (await logLines(logs, session.id)).filter(({ audit }) => audit?.client?.id === "other");
    expect(asked).toMatchObject({ direction: "incoming", message_data: { asked: 1 } });
  });
});

describe("a session's place", () => {
  test("is the one that was asked for, and the same when it is taken up again", async () => {
    const setup = { script: () => DONE };
    const options = { approvalPolicy: "full-auto" as const };
    const { sessions, logs } = createTestSessions({ ...setup, options });
    const own = {
      workspace: "/workspace/inner",
      sandbox: "read-only" as const,
      approvalPolicy: "suggest" as const,
    };
    const session = await sessions.create(own);
    expect(session.info()).toMatchObject(own);
    await say(session, "one");
    expect((await sessions.fork(session.id, Infinity, {})).info()).toMatchObject(own);
    await sessions.close("session_ended");
    const later = createTestSessions({ ...setup, options, logs });
    expect((await later.sessions.open(session.id)).info()).toMatchObject(own);
  });

  test("does not get wider than the server when it is taken up", async () => {
    const setup = { script: () => DONE };
    const { sessions, logs } = createTestSessions({ ...setup, options: { approvalPolicy: "full-auto" } });
    const session = await sessions.create({});
    await say(session, "one");
    await sessions.close("session_ended");
    const later = createTestSessions({ ...setup, logs, options: { approvalPolicy: "auto-edit" } });
    expect((await later.sessions.open(session.id)).info().approvalPolicy).toBe("auto-edit");
  });

  test("is the server's own where the former one may not be had any more", async () => {
    const setup = { script: () => DONE };
    const { sessions, logs } = createTestSessions(setup);
    const session = await sessions.create({ workspace: "/elsewhere" });
    await say(session, "one");
    await sessions.close("session_ended");
    const own = {
      workspace: "/own",
      sandbox: {
        mode: "read-only" as const,
        run: () => {
          throw new Error("never");
        },
      },
    };
    const openPlace = async ({ workspace }: { workspace?: string | undefined }) => {
      if (workspace !== undefined) throw new AgentError("invalid_message", "outside");
      return own;
    };
    const later = createTestSessions({ ...setup, logs, options: { openPlace } });
    expect((await later.sessions.open(session.id)).info().workspace).toBe("/own");
  });
});
