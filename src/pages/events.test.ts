import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLogStore } from "../audit/log.ts";
import type { AuditStore, ReadFact, SessionLog } from "../contract/log.ts";
import { createServer, routeTable, type Server } from "../server/server.ts";
import { askPage, jsonOfPage } from "../testing/ask-page.ts";
import { EventClient, type ReceivedEvent } from "../testing/event-client.ts";
import { noSessions } from "../testing/no-sessions.ts";
import { showEvents } from "./events.ts";

const ID = "0190f0f0f0f07000800000000000000a";

/** Lines 1 to 6 after `session_started`. */
function fill(log: SessionLog): void {
  for (const turn of [1, 2]) {
    log.append("incoming", `{"id":"${turn}","type":"user_input","payload":{"input":"hello"}}`);
    log.append("outgoing", `{"id":"${turn}","type":"loading_state","payload":{"loading":true}}`);
    log.append("outgoing", `{"id":"${turn}","type":"loading_state","payload":{"loading":false}}`);
  }
}

describe("GET /sessions/{session_id}/events", () => {
  let store: AuditStore;
  beforeEach(() => {
    store = createLogStore({ folder: "" });
    fill(store.create(ID));
  });

  const ask = (query: Record<string, string> = {}, session_id = ID) =>
    jsonOfPage<{ events: { seq: number }[]; next_after: number | null }>(
      askPage(showEvents(store), { query, session_id }),
    );

  it("tells the lines as they stand in the log", async () => {
    expect((await ask({ limit: "2" })).events).toMatchObject([
      { seq: 0, message_data: { event: "session_started" } },
      {
        seq: 1,
        event_type: "websocket_message_received",
        direction: "incoming",
        message_data: { id: "1", type: "user_input", payload: { input: "hello" } },
      },
    ]);
  });

  it.each([
    [{}, [0, 1, 2, 3, 4, 5, 6], null],
    [{ after: "-1" }, [0, 1, 2, 3, 4, 5, 6], null],
    [{ after: "4" }, [5, 6], null],
    [{ after: "6" }, [], null],
    [{ after: "99" }, [], null],
    [{ limit: "3" }, [0, 1, 2], 2],
    [{ limit: "3", after: "2" }, [3, 4, 5], 5],
    [{ limit: "3", after: "5" }, [6], null],
    [{ limit: "7" }, [0, 1, 2, 3, 4, 5, 6], null],
    [{ direction: "incoming" }, [0, 1, 4], null],
    [{ type: "user_input" }, [1, 4], null],
    [{ type: "user_input", limit: "1" }, [1], 1],
    [{ type: "session_started" }, [0], null],
    [{ type: "loading_state", direction: "outgoing", limit: "2", after: "2" }, [3, 5], 5],
    [{ type: "loading_state", direction: "incoming" }, [], null],
  ])("answers %j with the lines %j and next_after %j", async (query, expected, next_after) => {
    const answer = await ask(query);
    expect([answer.events.map(({ seq }) => seq), answer.next_after]).toEqual([expected, next_after]);
  });

  it.each([
    [{ after: "x" }, 'after: expected a seq, or -1 for all, got "x"'],
    [{ after: "-2" }, 'after: expected a seq, or -1 for all, got "-2"'],
    [{ after: "" }, 'after: expected a seq, or -1 for all, got ""'],
    [{ limit: "0" }, 'limit: expected a number from 1 to 10000, got "0"'],
    [{ limit: "10001" }, 'limit: expected a number from 1 to 10000, got "10001"'],
    [{ limit: "1e3" }, 'limit: expected a number from 1 to 10000, got "1e3"'],
    [{ direction: "up" }, 'direction: expected incoming or outgoing, got "up"'],
    [{ since: "1" }, "since: unknown parameter"],
  ])("refuses %j and says what it expected", async (query, message) => {
    await expect(ask(query)).rejects.toMatchObject({ code: "invalid_message", message });
  });

  it("knows no other session", async () => {
    await expect(ask({}, "b".repeat(32))).rejects.toMatchObject({ code: "unknown_session" });
  });

  it("is on the record: who read what", async () => {
    const read: ReadFact[] = [];
    const page = showEvents({ ...store, recordRead: (fact) => read.push(fact) });
    await askPage(page, { session_id: ID, query: { after: "3" } });
    expect(read).toEqual([{ action: "events", session_id: ID, query: { after: "3" }, peer: "127.0.0.9" }]);
  });
});

describe("a live tail", () => {
  let folder: string;
  let store: AuditStore;
  let server: Server;
  let url: string;
  const clients: EventClient[] = [];
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "agentloop-tail-"));
    store = createLogStore({ folder, durability: "off" });
    server = createServer({
      host: "127.0.0.1",
      port: 0,
      allowedOrigins: [],
      allowedHosts: [],
      sessions: noSessions,
      ...routeTable(store, noSessions),
      log: pino({ level: "silent" }),
    });
    const { port } = await server.listen();
    url = `http://127.0.0.1:${port}/sessions/${ID}/events`;
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.leave();
    await server.close({ deadlineMs: 0 });
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function follow(query = "", headers: Record<string, string> = {}): Promise<EventClient> {
    const client = await EventClient.open(`${url}${query}`, { headers });
    clients.push(client);
    return client;
  }

  async function take(client: EventClient, count: number): Promise<ReceivedEvent[]> {
    const events: ReceivedEvent[] = [];
    while (events.length < count) events.push(await client.events.take());
    return events;
  }

  const ids = (events: ReceivedEvent[]) => events.map(({ id }) => Number(id));

  it("tells what is there, then each line as it is written", async () => {
    const log = store.create(ID);
    fill(log);
    const client = await follow();
    expect(ids(await take(client, 7))).toEqual([0, 1, 2, 3, 4, 5, 6]);
    log.append("incoming", '{"id":"x","type":"cancel"}');
    expect(await take(client, 1)).toMatchObject([
      { id: "7", event: undefined, data: { seq: 7, message_data: { type: "cancel" } } },
    ]);
    await log.end();
    expect(await take(client, 1)).toMatchObject([
      { id: "8", data: { message_data: { event: "session_ended" } } },
    ]);
    const again = await store.open(ID);
    again.append("incoming", "{}");
    expect(ids(await take(client, 1))).toEqual([9]);
    expect(client.response.headers["x-accel-buffering"]).toBe("no");
  });

  it("is seen whole and once by a client that leaves and comes back, whenever it does", async () => {
    const log = store.create(ID);
    const total = 1000;
    const seen: number[] = [];
    const writing = (async () => {
      for (let count = 1; count < total; count += 1) {
        log.append(
          "outgoing",
          JSON.stringify({ id: "1", type: "status", payload: { text: "x".repeat(count) } }),
        );
        if (count % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    for (let connection = 1; seen.length < total; connection += 1) {
      const last = seen.at(-1);
      const client = await follow("", last === undefined ? {} : { "Last-Event-ID": String(last) });
      const want = Math.min(connection * 31, total - seen.length);
      const events = await take(client, want);
      expect(events.every(({ event }) => event === undefined)).toBe(true);
      seen.push(...ids(events));
      client.leave();
    }
    await writing;
    expect(seen).toEqual(Array.from({ length: total }, (_, seq) => seq));
  });

  it("keeps to what was asked for", async () => {
    const log = store.create(ID);
    fill(log);
    const client = await follow("?type=user_input&after=1");
    expect(ids(await take(client, 1))).toEqual([4]);
    log.append("incoming", '{"id":"x","type":"cancel"}');
    log.append("incoming", '{"id":"3","type":"user_input","payload":{"input":"more"}}');
    expect(ids(await take(client, 1))).toEqual([8]);
  });

  it("says so when lines are missing: after a number that was never given, and between two numbers", async () => {
    const log = store.create(ID);
    fill(log);
    const ahead = await follow("", { "Last-Event-ID": "50" });
    expect(await take(ahead, 1)).toMatchObject([{ event: "gap", data: { after: 50, next: 7 } }]);
    log.append("incoming", "{}");
    expect(ids(await take(ahead, 1))).toEqual([7]);

    const nonsense = await follow("", { "Last-Event-ID": "abc" });
    expect(await take(nonsense, 2)).toMatchObject([
      { event: "gap", data: { after: "abc", next: 0 } },
      { id: "0" },
    ]);
  });

  it("tells of a damaged middle by a gap, and goes on", async () => {
    const lines = [0, 1, 2, 3].map((seq) =>
      JSON.stringify({
        timestamp: "2026-01-01T00:00:00.000Z",
        event_type: "websocket_message_received",
        direction: "incoming",
        message_data: {},
        seq,
      }),
    );
    writeFileSync(
      join(folder, `${ID}.jsonl`),
      `${lines[0]}\n${lines[1]?.slice(5)}\n${lines[2]}\n${lines[3]}\n`,
    );
    expect(await take(await follow(), 4)).toMatchObject([
      { id: "0" },
      { event: "gap", data: { after: 0, next: 2 } },
      { id: "2" },
      { id: "3" },
    ]);
  });

  it("is refused for what is no session, or with a limit", async () => {
    await expect(follow()).rejects.toThrow(/^404 .*unknown_session/);
    store.create(ID);
    await expect(follow("?limit=5")).rejects.toThrow(/^400 .*limit/);
  });
});
