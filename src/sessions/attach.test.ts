import { describe, expect, it } from "vitest";
import { ClientMessage } from "../contract/message.ts";
import type { Session, Subscriber } from "../contract/session.ts";
import type { ModelRequest } from "../contract/model.ts";
import { createScriptedModel } from "../models/scripted/model.ts";
import { createTestSessions, logLines, TestClient, type TestSessions } from "../testing/test-session.ts";

const send = (session: Session, from: Subscriber, message: object) => {
  const json = JSON.stringify({ id: "m1", ...message });
  session.receive(ClientMessage.parse(JSON.parse(json)), json, from);
};

const say = (session: Session, from: Subscriber, text: string, more: object = {}) =>
  send(session, from, { type: "user_input", payload: { input: text, ...more } });

/** Messages that everyone is told, without deltas. */
const shared = (client: TestClient) =>
  client.entries.filter(
    ({ message }) => message.type !== "session_info" && message.type !== "response_delta",
  );

async function start(setup: TestSessions) {
  const parts = createTestSessions(setup);
  const session = await parts.sessions.create({});
  const client = new TestClient("first");
  const detach = session.attach(client);
  return { ...parts, session, client, detach };
}

const asking = [{ call: { name: "shell", arguments: { say: "x" }, call_id: "c_1" } }];

describe("attaching to a running session", () => {
  it("replays what was missed, and goes on with what comes, without a gap or a double", async () => {
    const { session, client } = await start({ script: [asking, [{ text: "done" }]] });
    say(session, client, "go");
    await client.next("approval_request");
    const second = new TestClient("second");
    session.attach(second, -1);
    await second.next("approval_request");
    send(session, second, { type: "approval_response", payload: { review: "YES" } });
    await Promise.all([client.next("agent_finished"), second.next("agent_finished")]);
    expect(shared(second).map(({ seq, json }) => [seq, JSON.parse(json) as unknown])).toEqual(
      shared(client).map(({ seq, json }) => [seq, JSON.parse(json) as unknown]),
    );
  });

  it("replays only what lies after the number that the client has", async () => {
    const { session, client } = await start({ script: [asking, [{ text: "done" }]] });
    say(session, client, "go");
    await client.next("approval_request");
    const at = shared(client)[1]?.seq ?? 0;
    const second = new TestClient("second");
    session.attach(second, at);
    await second.next("approval_request");
    expect(second.entries[0]).toMatchObject({ seq: at, message: { type: "session_info" } });
    expect(shared(second).map(({ seq }) => seq)).toEqual(
      shared(client)
        .map(({ seq }) => seq)
        .filter((seq) => seq > at),
    );
  });

  it("offers the open request again to a client that asks for no replay, once", async () => {
    const { session, client } = await start({ script: [asking, [{ text: "done" }]] });
    say(session, client, "go");
    const request = await client.next("approval_request");
    const second = new TestClient("second");
    session.attach(second);
    expect(second.types()).toEqual(["session_info", "approval_request"]);
    expect(second.messages[1]?.id).toBe(request.id);
    const level = new TestClient("third");
    session.attach(level, client.entries.at(-1)?.seq ?? 0);
    expect((await level.next("approval_request")).id).toBe(request.id);
    send(session, second, { type: "approval_response", payload: { review: "NO" } });
    await client.next("agent_finished");
    const late = new TestClient("late");
    session.attach(late);
    expect(late.types()).toEqual(["session_info"]);
  });

  it("does not replay what was told to one client alone", async () => {
    const { session, client } = await start({});
    send(session, client, { type: "approval_response", payload: { review: "YES" } });
    const second = new TestClient("second");
    session.attach(second, -1);
    say(session, client, "go");
    await second.next("agent_finished");
    expect(second.messages.filter(({ type }) => type === "error")).toHaveLength(
      client.messages.filter(({ type }) => type === "error").length - 1,
    );
  });

  it("gives every delta to a client that was cut at any moment, if it forgets those that followed its last number", async () => {
    const text = Array.from({ length: 400 }, (_, index) => `word${index}`).join(" ");
    const { session, client, sessions } = await start({ script: [[{ text, deltas: 400, delayMs: 1 }]] });
    say(session, client, "go");
    const cut = new CutClient();
    const finished = client.next("agent_finished");
    for (let round = 0; round < 100; round += 1) {
      const again = await sessions.open(session.id);
      const part = new TestClient(`part-${round}`);
      const detach = again.attach(part, cut.last);
      await Promise.race([part.next("response_delta"), finished]);
      detach();
      cut.take(part);
    }
    await finished;
    const rest = new TestClient("rest");
    session.attach(rest, cut.last);
    if (!cut.finished) await rest.next("agent_finished");
    cut.take(rest);
    expect(cut.text).toBe(text);
    expect(cut.seqs).toEqual(shared(client).map(({ seq }) => seq));
  });

  it("is refused when the session has as many clients as it may", async () => {
    const { session } = await start({ options: { maxClientsPerSession: 1 } });
    expect(() => session.attach(new TestClient("second"))).toThrow(/MAX_CLIENTS_PER_SESSION/);
  });
});

/** Follows the rule for clients that reconnect. */
class CutClient {
  last = -1;
  readonly seqs: number[] = [];
  finished = false;
  #deltas: { seq: number; delta: string }[] = [];

  get text() {
    return this.#deltas.map(({ delta }) => delta).join("");
  }

  take({ entries }: TestClient): void {
    this.#deltas = this.#deltas.filter(({ seq }) => seq !== this.last);
    for (const { seq, message } of entries) {
      if (message.type === "session_info") continue;
      if (message.type === "response_delta") this.#deltas.push({ seq, delta: message.payload.delta });
      else this.seqs.push(seq);
      if (message.type === "agent_finished") this.finished = true;
      this.last = Math.max(this.last, seq);
    }
  }
}

describe("taking up a session that has ended", () => {
  /** Two servers' lives on one store of logs. */
  async function twoLives(setup: TestSessions, later: TestSessions = setup) {
    const first = await start(setup);
    return {
      ...first,
      again: async () => {
        await first.sessions.close("server_restart");
        const second = createTestSessions({ ...later, logs: first.logs });
        const session = await second.sessions.open(first.session.id);
        const client = new TestClient("later");
        session.attach(client);
        return { ...second, session, client };
      },
    };
  }

  it("continues the conversation in the same log, on the model that it had", async () => {
    const requests: ModelRequest[] = [];
    const later = createScriptedModel({
      script: [[{ text: "three" }]],
      onRequest: (request) => requests.push({ ...request, items: [...request.items] }),
    });
    const { session, client, again, logs } = await twoLives(
      { script: [[{ text: "one" }]] },
      { model: later },
    );
    say(session, client, "a");
    const before = await client.next("agent_finished");
    const second = await again();
    const head = second.session.info().head_seq;
    say(second.session, second.client, "b", { previousResponseId: before.payload.responseId });
    await second.client.next("agent_finished");
    expect(
      requests[0]?.items.map((item) => (item.type === "message" ? item.content[0] : item)),
    ).toMatchObject([{ text: "a" }, { text: "one" }, { text: "b" }]);
    const lines = await logLines(logs, session.id);
    expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index));
    expect(lines.length).toBeGreaterThan(head);
  });

  it("forgets what was rewound, and keeps what a compaction left", async () => {
    const words = "word ".repeat(500);
    const requests: ModelRequest[] = [];
    const later = createScriptedModel({
      script: [[{ text: "end" }]],
      onRequest: (request) => requests.push({ ...request, items: [...request.items] }),
    });
    const { session, client, again } = await twoLives(
      { script: [[{ text: words }], [{ text: "dropped" }], [{ text: words }], [{ text: "Objective: x" }]] },
      { model: later },
    );
    say(session, client, "a");
    const first = await client.next("agent_finished");
    say(session, client, "dropped too");
    await client.next("agent_finished");
    say(session, client, "c", { previousResponseId: first.payload.responseId });
    await client.next("agent_finished");
    send(session, client, { type: "manual_compact" });
    await client.next("context_compacted");
    const second = await again();
    say(second.session, second.client, "d");
    await second.client.next("agent_finished");
    const seen = JSON.stringify(requests[0]?.items);
    expect(seen).toContain("Objective: x");
    expect(seen).not.toContain("dropped");
    expect(requests[0]?.items.map((item) => item.type === "message" && item.role)).toEqual([
      "user",
      "system",
      "user",
      "assistant",
      "user",
    ]);
  });

  it("answers calls that were open when it ended, and asks again for what ALWAYS allowed", async () => {
    const { session, client, again } = await twoLives(
      { script: [asking, asking, [{ text: "x" }]] },
      { script: [asking, [{ text: "y" }]] },
    );
    say(session, client, "a");
    await client.next("approval_request");
    send(session, client, { type: "approval_response", payload: { review: "ALWAYS" } });
    await client.next("agent_finished");
    const second = await again();
    say(second.session, second.client, "b");
    await second.client.next("approval_request");
    send(second.session, second.client, { type: "approval_response", payload: { review: "YES" } });
    expect((await second.client.next("agent_finished")).payload.status).toBe("completed");
  });

  it("is one session, however many ask for it at once", async () => {
    const { again, session } = await twoLives({});
    const second = await again();
    const [one, two] = await Promise.all([
      second.sessions.open(session.id),
      second.sessions.open(session.id),
    ]);
    expect(one).toBe(two);
  });

  it("fails for a session that there never was", async () => {
    const { sessions } = createTestSessions({});
    await expect(sessions.open("0".repeat(32))).rejects.toMatchObject({ code: "unknown_session" });
  });
});
