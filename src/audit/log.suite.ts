import { describe, expect, it } from "vitest";
import { AgentError } from "../contract/error.ts";
import type { LogLine, LogStore, Seq, SessionId } from "../contract/log.ts";

export const idOf = (number: number): SessionId => number.toString(16).padStart(32, "0");

export async function linesOf(
  store: LogStore,
  id: SessionId,
  after: Seq = -1,
  limit = Infinity,
): Promise<LogLine[]> {
  return collect(store.read(id, after, limit));
}

export async function collect<Item>(source: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of source) items.push(item);
  return items;
}

export const errorCode = (code: string) => expect.objectContaining({ name: AgentError.name, code });

/** Paths, patterns and lengths that are no session id. */
export const HOSTILE_IDS = [
  "",
  "..",
  "../../etc/passwd",
  "/etc/passwd",
  `${"a".repeat(32)}/../x`,
  `${"a".repeat(32)}\0`,
  `${"a".repeat(32)}\n`,
  "A".repeat(32),
  "a".repeat(31),
  "a".repeat(65),
  "%2e%2e%2f".repeat(4),
];

/** What every LogStore keeps. */
export function logSuite(name: string, createStore: () => LogStore): void {
  describe(name, () => {
    it("begins and ends a log with the session's own events and numbers the lines from 0", async () => {
      const store = createStore();
      const log = store.create(idOf(1));
      expect(log.head).toBe(0);
      expect(log.append("incoming", '{"id":"1","type":"cancel"}')).toBe(1);
      expect(log.append("outgoing", '{"id":"2","type":"loading_state","payload":{"loading":false}}')).toBe(2);
      await log.end();
      expect(log.head).toBe(3);
      expect(await linesOf(store, idOf(1))).toEqual([
        line(0, "incoming", { event: "session_started" }),
        line(1, "incoming", { id: "1", type: "cancel" }),
        line(2, "outgoing", { id: "2", type: "loading_state", payload: { loading: false } }),
        line(3, "incoming", { event: "session_ended" }),
      ]);
    });

    it("keeps the audit facts of a line", async () => {
      const store = createStore();
      const audit = {
        approval: { request_id: "r", review: "YES" as const, decided_by: "client" as const, latency_ms: 5 },
      };
      store.create(idOf(1)).append("incoming", "{}", audit);
      expect((await linesOf(store, idOf(1), 0))[0]?.audit).toEqual(audit);
    });

    it("reads only what comes after a number, and no more than was asked for", async () => {
      const store = createStore();
      const log = store.create(idOf(1));
      for (let count = 0; count < 9; count += 1) log.append("outgoing", '{"seq":99,"note":"\\"seq\\":98"}');
      const seqs = async (after: Seq, limit: number) =>
        (await linesOf(store, idOf(1), after, limit)).map(({ seq }) => seq);
      expect(await seqs(-1, Infinity)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(await seqs(6, Infinity)).toEqual([7, 8, 9]);
      expect(await seqs(2, 3)).toEqual([3, 4, 5]);
      expect(await seqs(-1, 0)).toEqual([]);
      expect(await seqs(9, 5)).toEqual([]);
    });

    it("gives back text with every kind of line separator and direction control as it was", async () => {
      const store = createStore();
      const text = "line\u2028sep\u2029 next\u0085 del\u007f bidi\u202e\u2066 tab\t end";
      const log = store.create(idOf(1));
      log.append("outgoing", JSON.stringify({ text }));
      log.append("outgoing", '{\t"spread":\r"out"}');
      const [first, second] = await linesOf(store, idOf(1), 0);
      expect(first?.message_data).toEqual({ text });
      expect(second?.message_data).toEqual({ spread: "out" });
    });

    it("says of each session when it began, when something last happened, and how many lines there are", async () => {
      const store = createStore();
      const log = store.create(idOf(1));
      log.append("incoming", "{}");
      const active = await store.summary(idOf(1));
      const [first, second] = await linesOf(store, idOf(1));
      expect(active).toMatchObject({
        session_id: idOf(1),
        start_time: first?.timestamp,
        last_activity: second?.timestamp,
        event_count: 2,
        state: "active",
      });
      await log.end();
      expect(await store.summary(idOf(1))).toMatchObject({ event_count: 3, state: "ended" });
    });

    it("lists all sessions, the newest first", async () => {
      const store = createStore();
      for (const number of [1, 2, 3]) {
        store.create(idOf(number));
        await nextMillisecond();
      }
      const listed = await collect(store.list());
      expect(listed.map(({ session_id }) => session_id)).toEqual([idOf(3), idOf(2), idOf(1)]);
    });

    it("ends a log once, however often it is asked to, and takes nothing after it", async () => {
      const store = createStore();
      const log = store.create(idOf(1));
      await Promise.all([log.end(), log.end()]);
      await log.end();
      expect((await linesOf(store, idOf(1))).length).toBe(2);
      expect(() => log.append("incoming", "{}")).toThrow(errorCode("log_unavailable"));
      await expect(log.barrier()).resolves.toBeUndefined();
    });

    it("does not begin a log twice", async () => {
      const store = createStore();
      store.create(idOf(1));
      expect(() => store.create(idOf(1))).toThrow(errorCode("log_unavailable"));
      expect((await linesOf(store, idOf(1))).length).toBe(1);
    });

    it("knows no session under an id that it never gave", async () => {
      const store = createStore();
      await expect(linesOf(store, idOf(7))).rejects.toThrow(errorCode("unknown_session"));
      expect(await store.summary(idOf(7))).toBeUndefined();
    });

    it.each(HOSTILE_IDS)("takes %j for no session id", async (id) => {
      const store = createStore();
      expect(() => store.create(id)).toThrow(errorCode("log_unavailable"));
      await expect(linesOf(store, id)).rejects.toThrow(errorCode("unknown_session"));
      expect(await store.summary(id)).toBeUndefined();
      expect(await collect(store.list())).toEqual([]);
    });
  });
}

const line = (seq: Seq, direction: LogLine["direction"], message_data: unknown): unknown => ({
  timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  event_type: direction === "incoming" ? "websocket_message_received" : "websocket_message_sent",
  direction,
  message_data,
  seq,
});

async function nextMillisecond(): Promise<void> {
  const now = Date.now();
  while (Date.now() === now) await new Promise((resolve) => setImmediate(resolve));
}
