import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import type { AuditStore, ReadFact, SessionId } from "../contract/log.ts";
import { archiveOlderThan, keepArchiving } from "./archive-old.ts";
import { createLogStore } from "./log.ts";
import { idOf } from "./log.suite.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** Sessions 1 and 2 have ended, 2 is under legal hold, 3 is active, 4 has ended. */
async function fill() {
  const store = createLogStore({ folder: "" });
  await store.create(idOf(1)).end();
  await store.create(idOf(2)).end();
  await store.records.hold(idOf(2), true);
  store.create(idOf(3));
  await store.create(idOf(4)).end();
  const stateOf = async (number: number) => (await store.summary(idOf(number)))?.state;
  const faults: unknown[] = [];
  const onFault = (error: unknown) => void faults.push(error);
  return { store, faults, onFault, states: () => Promise.all([1, 2, 3, 4].map(stateOf)) };
}

/** The store with another way to archive. */
const archivingWith = (
  { records, recordRead }: AuditStore,
  archive: AuditStore["records"]["archive"],
): Pick<AuditStore, "records" | "recordRead"> => ({
  records: {
    list: (query: Parameters<typeof records.list>[0]) => records.list(query),
    archive,
  } as typeof records,
  recordRead,
});

describe("archiving what is old", () => {
  it("takes what ended so many days ago, never what is younger, active, or under legal hold", async () => {
    const { store, onFault, states } = await fill();
    const archive = (days: number) =>
      archiveOlderThan(store, { days: 30, now: Date.now() + days * DAY_MS, onFault });
    expect(await archive(29)).toBe(0);
    expect(await states()).toEqual(["ended", "ended", "active", "ended"]);
    expect(await archive(31)).toBe(2);
    expect(await states()).toEqual(["archived", "ended", "active", "archived"]);
  });

  it("goes on with the next one after a session that cannot be moved, and tells of that", async () => {
    const { store, faults, onFault, states } = await fill();
    const fault = new Error("EIO: rename");
    const failing = archivingWith(store, async (id) => {
      if (id === idOf(1)) throw fault;
      return await store.records.archive(id);
    });
    expect(await archiveOlderThan(failing, { days: 30, now: Date.now() + 31 * DAY_MS, onFault })).toBe(1);
    expect(await states()).toEqual(["ended", "ended", "active", "archived"]);
    expect(faults).toEqual([fault]);
  });

  it("puts each session on the record before it is moved", async () => {
    const { store, onFault } = await fill();
    const order: (ReadFact | SessionId)[] = [];
    const noting = archivingWith(store, async (id) => void order.push(id));
    const recording = { ...noting, recordRead: (fact: ReadFact) => void order.push(fact) };
    await archiveOlderThan(recording, { days: 30, now: Date.now() + 31 * DAY_MS, onFault });
    const fact = { action: "archive", query: { older_than_days: "30" } };
    expect(order).toEqual([idOf(1), idOf(4)].flatMap((session_id) => [{ ...fact, session_id }, session_id]));
  });

  it("is done at once and from time to time, until it is stopped; a failure is told and ends nothing", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "Date"] });
    try {
      const { store, faults, onFault, states } = await fill();
      const { records, recordRead } = store;
      let broken = false;
      const list: typeof records.list = (query) => {
        if (broken) throw new Error("no list");
        return records.list(query);
      };
      const flaky = { list, archive: (id: string) => records.archive(id) } as typeof records;
      const stop = keepArchiving({ records: flaky, recordRead }, { days: 1, onFault });
      vi.advanceTimersByTime(2 * DAY_MS);
      while ((await states())[0] !== "archived") {
        vi.advanceTimersByTime(HOUR_MS);
        await nextTurn();
      }
      broken = true;
      while (faults.length === 0) {
        vi.advanceTimersByTime(HOUR_MS);
        await nextTurn();
      }
      await stop();
      const told = faults.length;
      vi.advanceTimersByTime(DAY_MS);
      await nextTurn();
      expect(faults).toHaveLength(told);
    } finally {
      vi.useRealTimers();
    }
  });

  it("is never done twice at a time, and has come to rest when it is stopped", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "Date"] });
    try {
      const { store, onFault } = await fill();
      vi.advanceTimersByTime(2 * DAY_MS);
      const moved: SessionId[] = [];
      const began = Promise.withResolvers<void>();
      const move = Promise.withResolvers<void>();
      const slow = archivingWith(store, async (id) => {
        moved.push(id);
        began.resolve();
        await move.promise;
        return undefined;
      });
      const stop = keepArchiving(slow, { days: 1, onFault });
      await began.promise;
      vi.advanceTimersByTime(3 * HOUR_MS);
      for (let turn = 0; turn < 50; turn += 1) await nextTurn();
      expect(moved).toEqual([idOf(1)]);
      const order: string[] = [];
      const stopped = stop().then(() => order.push("stopped"));
      await nextTurn();
      order.push("moved");
      move.resolve();
      await stopped;
      expect([order, moved]).toEqual([["moved", "stopped"], [idOf(1)]]);
    } finally {
      vi.useRealTimers();
    }
  });
});
