import { describe, expect, it } from "vitest";
import { createMemoryLogStore } from "../audit/memory.ts";
import { AgentError } from "../contract/error.ts";
import type { LogStore, SessionLog } from "../contract/log.ts";
import { ClientMessage, ServerMessage } from "../contract/message.ts";
import type { Session, Subscriber } from "../contract/session.ts";
import { createTestSessions, logLines, TestClient, type TestSessions } from "../testing/test-session.ts";

const send = (session: Session, from: Subscriber, message: object) => {
  const json = JSON.stringify({ id: "m1", ...message });
  session.receive(ClientMessage.parse(JSON.parse(json)), json, from);
};

const input = (text: string, more: object = {}) => ({
  type: "user_input",
  payload: { input: text, ...more },
});

async function start(setup: TestSessions) {
  const parts = createTestSessions(setup);
  const session = await parts.sessions.create({});
  const client = new TestClient();
  const detach = session.attach(client);
  return { ...parts, session, client, detach };
}

/** The messages of a turn, without those about tokens and deltas. */
const story = (client: TestClient) =>
  client.messages.filter((message) => message.type !== "response_delta" && message.type !== "session_info");

describe("a session", () => {
  it("tells a turn in the protocol's order", async () => {
    const { session, client } = await start({ script: [[{ text: "hello" }]] });
    send(session, client, input("hi"));
    const finished = await client.next("agent_finished");
    expect(story(client).map(({ type }) => type)).toEqual([
      "loading_state",
      "response_item",
      "response_item",
      "status",
      "loading_state",
      "agent_finished",
    ]);
    expect(finished.payload).toMatchObject({ status: "completed", usage: { cost_usd: 0 } });
    expect(finished.payload.responseId).not.toBe("");
  });

  it("sends only what is in the log, the same bytes, under the log's number", async () => {
    const { session, client, logs } = await start({ script: [[{ text: "hello" }]] });
    send(session, client, input("hi"));
    await client.next("agent_finished");
    const lines = await logLines(logs, session.id);
    for (const { seq, message, json } of client.entries) {
      expect(ServerMessage.parse(message)).toEqual(message);
      if (message.type === "response_delta") continue;
      expect(lines[seq]?.message_data).toEqual(JSON.parse(json));
      expect(lines[seq]?.direction).toBe("outgoing");
    }
  });

  it("logs every delta, in batches, before the item that repeats them", async () => {
    const { session, client, logs } = await start({
      script: [[{ text: "one two three four five", deltas: 5 }]],
    });
    send(session, client, input("hi"));
    await client.next("agent_finished");
    const logged = (await logLines(logs, session.id)).map(
      (line) => line.message_data as { type?: string; payload: { delta: string } },
    );
    const deltas = logged.filter((data) => data.type === "response_delta");
    expect(deltas.map((data) => data.payload.delta).join("")).toBe("one two three four five");
    expect(deltas.length).toBeLessThan(5);
    expect(logged.indexOf(deltas[0] ?? logged[0]!)).toBeLessThan(
      logged.findLastIndex((data) => data.type === "response_item"),
    );
  });

  it("answers a refused input with a whole turn", async () => {
    const { session, client } = await start({ script: [[{ text: "one" }]] });
    send(session, client, input("a"));
    await client.next("agent_finished");
    const from = client.entries.length;
    send(session, client, input("b", { previousResponseId: "nope" }));
    const finished = await client.next("agent_finished");
    expect(client.types().slice(from)).toEqual(["loading_state", "error", "loading_state", "agent_finished"]);
    expect(finished.payload.status).toBe("failed");
  });

  it("tells a fault of ours as internal, keeps the rest for the server's log, and goes on", async () => {
    let broken = true;
    const { session, client, faults } = await start({
      script: () => {
        if (!broken) return [{ text: "fine" }];
        broken = false;
        throw new TypeError("a secret of ours");
      },
    });
    send(session, client, input("a"));
    const error = await client.next("error");
    expect(error.payload.details?.code).toBe("internal");
    expect(JSON.stringify(client.messages)).not.toContain("a secret of ours");
    expect(faults).toHaveLength(1);
    expect((await client.next("agent_finished")).payload.status).toBe("failed");
    send(session, client, input("b"));
    expect((await client.next("agent_finished")).payload.status).toBe("completed");
  });

  it("steers a running turn, and does after the turn what came too late for it", async () => {
    const { session, client } = await start({
      script: [
        [{ call: { name: "shell", arguments: { say: "x" } } }],
        [{ text: "two" }],
        [{ text: "three" }],
      ],
    });
    send(session, client, input("a"));
    await client.next("approval_request");
    send(session, client, input("b"));
    send(session, client, { type: "approval_response", payload: { review: "yes" } });
    await client.next("agent_finished");
    const users = client.messages.flatMap((message) =>
      message.type === "response_item" &&
      message.payload.type === "message" &&
      message.payload.role === "user"
        ? message.payload.content
        : [],
    );
    expect(users).toEqual([
      { type: "input_text", text: "a" },
      { type: "input_text", text: "b" },
    ]);
  });

  it("cancels the turn on request, and takes the next input", async () => {
    const { session, client } = await start({
      script: [[{ text: "one" }, { hang: true }], [{ text: "two" }]],
    });
    send(session, client, input("a"));
    await client.next("response_delta");
    send(session, client, { type: "cancel" });
    expect((await client.next("agent_finished")).payload.status).toBe("cancelled");
    send(session, client, input("b"));
    expect((await client.next("agent_finished")).payload.status).toBe("completed");
  });

  it("answers an approval response that nobody waits for, to its sender alone", async () => {
    const { session, client } = await start({});
    const other = new TestClient("client-2");
    session.attach(other);
    send(session, client, { type: "approval_response", payload: { review: "YES" } });
    expect(client.messages.at(-1)).toMatchObject({
      type: "error",
      payload: { details: { code: "no_pending_approval" } },
    });
    expect(other.types()).toEqual(["session_info"]);
  });

  it("tells every client the same, and the first answer to an approval wins", async () => {
    const { session, client, toolbox } = await start({
      script: [[{ call: { name: "shell", arguments: { say: "x" } } }], [{ text: "done" }]],
    });
    const other = new TestClient("client-2");
    session.attach(other);
    send(session, client, input("a"));
    const request = await other.next("approval_request");
    send(session, other, {
      type: "approval_response",
      payload: { review: "NO_CONTINUE", requestId: request.id },
    });
    send(session, client, { type: "approval_response", payload: { review: "YES", requestId: request.id } });
    await client.next("agent_finished");
    expect(toolbox.runs).toEqual([]);
    expect(client.messages.find(({ type }) => type === "approval_resolved")?.payload).toMatchObject({
      review: "NO_CONTINUE",
      client: "client-2",
    });
    const shared = (who: TestClient) =>
      who.entries.filter(({ message }) => !["session_info", "error"].includes(message.type));
    expect(shared(other)).toEqual(shared(client));
  });

  it("tells the context to the one who asked, and compacts on request", async () => {
    const words = "word ".repeat(500);
    const { session, client } = await start({
      script: [[{ text: words }], [{ text: words }], [{ text: "Objective: short." }]],
    });
    send(session, client, input("a"));
    await client.next("agent_finished");
    send(session, client, input("b"));
    await client.next("agent_finished");
    send(session, client, { type: "get_context_info" });
    expect(client.messages.at(-1)).toMatchObject({ type: "context_info", payload: { transcriptLength: 4 } });
    send(session, client, { type: "manual_compact" });
    const compacted = await client.next("context_compacted");
    expect(compacted.payload.newTokenCount).toBeLessThan(compacted.payload.oldTokenCount);
  });

  it("records a frame that was no message, cut to 4 KiB", async () => {
    const { session, client, logs } = await start({});
    session.refuse("x".repeat(10_000), new AgentError("invalid_json", "not JSON"), client);
    expect(client.messages.at(-1)).toMatchObject({ type: "error", payload: { message: "not JSON" } });
    const lines = await logLines(logs, session.id);
    expect(lines.some((line) => line.message_data === "x".repeat(4096))).toBe(true);
  });

  it("ends some time after its last client has left, cancels its turn, and closes its log", async () => {
    const { session, client, detach, logs, sessions } = await start({
      script: [[{ hang: true }]],
      options: { detachMs: 1 },
    });
    send(session, client, input("a"));
    detach();
    await sessionEnded(logs, session.id);
    const types = (await logLines(logs, session.id)).map(
      (line) => (line.message_data as { type?: string; event?: string }).type ?? "event",
    );
    expect(types.slice(-3)).toEqual(["loading_state", "agent_finished", "event"]);
    expect(sessions.size).toBe(0);
  });

  it("lives on when a client comes back in time", async () => {
    const { session, client, detach } = await start({
      script: [[{ text: "still here" }]],
      options: { detachMs: 5 },
    });
    detach();
    session.attach(client);
    send(session, client, input("a"));
    expect((await client.next("agent_finished")).payload.status).toBe("completed");
  });
});

/** Resolves when the log has its last line. */
async function sessionEnded(logs: LogStore, id: string): Promise<void> {
  await expect.poll(async () => (await logs.summary(id))?.state).toBe("ended");
}

describe("a session whose log fails", () => {
  /** A log that takes a number of lines and then no more, as a full disk does. */
  const failingAfter = (lines: number): LogStore => {
    const logs = createMemoryLogStore();
    return {
      ...logs,
      create: (id) => failing(logs.create(id), lines),
    };
  };

  const failing = (log: SessionLog, lines: number): SessionLog => ({
    get head() {
      return log.head;
    },
    append(...line) {
      if (log.head >= lines) throw new AgentError("log_unavailable", "the disk is full");
      return log.append(...line);
    },
    barrier: () => log.barrier(),
    end: () => log.end(),
  });

  it("refuses new turns, and says why", async () => {
    const { session, client, toolbox } = await start({
      script: [[{ text: "never" }]],
      logs: failingAfter(1),
    });
    send(session, client, input("a"));
    expect(client.messages.at(-1)).toMatchObject({
      type: "error",
      payload: { details: { code: "log_unavailable" } },
    });
    expect(toolbox.runs).toEqual([]);
  });

  it("ends the running turn before its next tool, and every client learns that it has ended", async () => {
    const call = { call: { name: "look", arguments: { say: "x" } } };
    const { session, client, toolbox } = await start({ script: () => [call], logs: failingAfter(9) });
    send(session, client, input("a"));
    const finished = await client.next("agent_finished");
    expect(finished.payload.status).toBe("failed");
    expect(client.messages).toContainEqual(
      expect.objectContaining({
        type: "error",
        payload: expect.objectContaining({ message: "the disk is full" }),
      }),
    );
    const started = client.messages.filter(
      (message) => message.type === "status" && message.payload.kind === "tool_started",
    );
    expect(toolbox.runs.length).toBeLessThanOrEqual(started.length);
  });
});

describe("all sessions", () => {
  it("do not see each other", async () => {
    const { sessions } = createTestSessions({
      script: (request) => [{ text: `${request.items.length} items` }],
    });
    const run = async (id: string) => {
      const session = await sessions.create({});
      const client = new TestClient(id);
      session.attach(client);
      send(session, client, input(`I am ${id}`));
      await client.next("agent_finished");
      return JSON.stringify(client.messages);
    };
    const [one, two] = await Promise.all([run("c1"), run("c2")]);
    expect(one).not.toContain("I am c2");
    expect(two).toContain("1 items");
  });

  it("are refused beyond the limit, and while the server stops", async () => {
    const { sessions } = createTestSessions({ options: { maxSessions: 1 } });
    await sessions.create({});
    await expect(sessions.create({})).rejects.toThrow(/MAX_SESSIONS/);
    await sessions.close("server_restart");
    await expect(sessions.create({})).rejects.toThrow(/stopping/);
  });

  it("take a narrower approval policy and refuse a wider one", async () => {
    const { sessions } = createTestSessions({ options: { approvalPolicy: "auto-edit" } });
    expect((await sessions.create({ approvalPolicy: "suggest" })).info().approvalPolicy).toBe("suggest");
    await expect(sessions.create({ approvalPolicy: "full-auto" })).rejects.toThrow(/wider/);
  });
});
