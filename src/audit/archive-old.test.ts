import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { archiveOlderThan, keepArchiving } from "./archive-old.ts";
import { createLogStore } from "./log.ts";
import { idOf } from "./log.suite.ts";

const DAY_MS = 86_400_000;

/** Sessions 1 and 2 have ended, 2 is under legal hold, 3 is active. */
async function fill() {
  const store = createLogStore({ folder: "" });
  await store.create(idOf(1)).end();
  await store.create(idOf(2)).end();
  await store.records.hold(idOf(2), true);
  store.create(idOf(3));
  const stateOf = async (number: number) => (await store.summary(idOf(number)))?.state;
  return { records: store.records, states: () => Promise.all([1, 2, 3].map(stateOf)) };
}

describe("archiving what is old", () => {
  it("takes what ended so many days ago, never what is younger, active, or under legal hold", async () => {
    const { records, states } = await fill();
    expect(await archiveOlderThan(records, { days: 30, now: Date.now() + 29 * DAY_MS })).toBe(0);
    expect(await states()).toEqual(["ended", "ended", "active"]);
    expect(await archiveOlderThan(records, { days: 30, now: Date.now() + 31 * DAY_MS })).toBe(1);
    expect(await states()).toEqual(["archived", "ended", "active"]);
  });

  it("is done at once and from time to time, until it is stopped; a failure is told and ends nothing", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "Date"] });
    try {
      const { records, states } = await fill();
      const faults: unknown[] = [];
      let broken = false;
      const list: typeof records.list = (query) => {
        if (broken) throw new Error("no list");
        return records.list(query);
      };
      const flaky = { list, archive: (id: string) => records.archive(id) } as typeof records;
      const stop = keepArchiving(flaky, { days: 1, onFault: (error) => faults.push(error) });
      vi.advanceTimersByTime(2 * DAY_MS);
      while ((await states())[0] !== "archived") await nextTurn();
      broken = true;
      vi.advanceTimersByTime(3_600_000);
      while (faults.length === 0) await nextTurn();
      stop();
      vi.advanceTimersByTime(DAY_MS);
      await nextTurn();
      expect(faults).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });
});
