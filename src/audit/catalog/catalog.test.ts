import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AuditStore, SessionListing } from "../../contract/log.ts";
import { fullScan } from "../../testing/full-scan.ts";
import { createLogStore } from "../log.ts";
import { collect, idOf } from "../log.suite.ts";

let folder: string;
let stores: AuditStore[];
let faults: unknown[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "agentloop-catalog-"));
  stores = [];
  faults = [];
});
afterEach(async () => {
  for (const store of stores) await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(): AuditStore {
  const store = createLogStore({ folder, durability: "off", onFault: (error) => faults.push(error) });
  stores.push(store);
  return store;
}

const catalog = () => join(folder, "catalog.sqlite");
const byId = (one: SessionListing, other: SessionListing) => (one.session_id < other.session_id ? -1 : 1);

async function everything({ records }: AuditStore): Promise<SessionListing[]> {
  const ended = await collect(records.list({ sort: "newest" }));
  return [...ended, ...(await collect(records.list({ sort: "newest", state: "archived" })))].sort(byId);
}

/** Some sessions that have ended, the store closed. */
async function fill(count: number): Promise<void> {
  const store = open();
  for (let number = 0; number < count; number += 1) {
    const log = store.create(idOf(number));
    log.append("incoming", `{"id":"1","type":"user_input","payload":{"input":"question ${number}"}}`);
    await log.end();
  }
  await store.records.page({ sort: "newest" }, 1);
  await store.close();
}

describe("the catalog of 1000 sessions", () => {
  it(
    "equals a full scan after random work and crashes in the midst of it",
    { timeout: 120_000 },
    async () => {
      let sessions = 0;
      for (let round = 1; sessions < 1000; round += 1) {
        sessions = await workUntilKilled(round, sessions, sessions + 150 + ((round * 37) % 90));
        const store = open();
        await store.recover();
        expect(await everything(store)).toEqual(fullScan(folder).sort(byId));
        await store.close();
      }
      for (const ending of ["", "-wal", "-shm"]) rmSync(`${catalog()}${ending}`, { force: true });
      expect(await everything(open())).toEqual(fullScan(folder).sort(byId));
      expect(faults).toEqual([]);
    },
  );

  /** Resolves with the number of the next session. */
  async function workUntilKilled(seed: number, first: number, last: number): Promise<number> {
    const script = new URL("../../testing/random-sessions.ts", import.meta.url).pathname;
    const child = spawn(process.execPath, [script, folder, String(seed), String(first)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    for await (const line of createInterface({ input: child.stdout })) {
      if (Number(line) >= last) break;
    }
    child.kill("SIGKILL");
    const [code, signal] = await exited;
    expect([code, signal]).toEqual([null, "SIGKILL"]);
    return Math.max(...fullScan(folder).map(({ session_id }) => Number.parseInt(session_id, 16))) + 1;
  }
});

describe("a catalog", () => {
  it.each([
    [
      "is no database",
      () => writeFileSync(catalog(), "no database at all, but long enough to look like one".repeat(50)),
    ],
    ["is empty", () => writeFileSync(catalog(), "")],
    ["is cut off", () => truncateSync(catalog(), 8192)],
    ["is of another version", () => change("PRAGMA user_version = 99")],
    ["has lost a table", () => change("DROP TABLE session")],
    ["was deleted, but for its journal", () => unlinkSync(catalog())],
  ])("that %s is read again from the logs", async (_what, damage) => {
    await fill(20);
    damage();
    const store = open();
    expect(await everything(store)).toEqual(fullScan(folder).sort(byId));
    expect((await store.records.search('"question 7"', 5)).events).toMatchObject([{ session_id: idOf(7) }]);
  });

  function change(sql: string): void {
    const database = new DatabaseSync(catalog());
    database.exec(sql);
    database.close();
  }

  it("that is damaged while it is used is read again, and no session hears of it", async () => {
    await fill(20);
    const store = open();
    await store.records.page({ sort: "newest" }, 1);
    const log = store.create(idOf(99));
    change("DROP TABLE words; DROP TABLE session");
    log.append("incoming", '{"id":"1","type":"user_input","payload":{"input":"still here"}}');
    expect((await store.records.search("still", 5)).events).toMatchObject([{ session_id: idOf(99), seq: 1 }]);
    expect((await store.records.page({ sort: "newest" }, 1)).total).toBe(21);
    await log.end();
    expect(await everything(store)).toEqual(fullScan(folder).sort(byId));
    expect(faults.length).toBeGreaterThan(0);
  });

  it("that cannot be written where it belongs lives in memory", async () => {
    await fill(3);
    for (const ending of ["", "-wal", "-shm"]) rmSync(`${catalog()}${ending}`, { force: true });
    mkdirSync(catalog());
    const store = open();
    expect(await everything(store)).toEqual(fullScan(folder).sort(byId));
    expect(faults.length).toBeGreaterThan(0);
  });

  it("notices what was put in, taken out, and written by hand while no server ran", async () => {
    await fill(5);
    rmSync(join(folder, `${idOf(1)}.jsonl`));
    appendFileSync(join(folder, `${idOf(2)}.jsonl`), "{not json}\n");
    writeFileSync(join(folder, `${idOf(8)}.jsonl`), '{"timestamp":"2026');
    const store = open();
    await everything(store);
    await (
      store as unknown as { records: { index: { compared(): Promise<void> } } }
    ).records.index.compared();
    expect(await everything(store)).toEqual(fullScan(folder).sort(byId));
  });

  it("takes in a log that takes many steps to read, when it is new and when it was changed by hand", async () => {
    await fill(1);
    const path = join(folder, `${idOf(0)}.jsonl`);
    const line = readFileSync(path, "utf8").split("\n")[1];
    const grow = () => appendFileSync(path, `${line}\n`.repeat(5000));
    for (let round = 0; round < 2; round += 1) {
      grow();
      const store = open();
      await store.summary(idOf(0));
      expect(await everything(store)).toEqual(fullScan(folder));
      await store.close();
    }
  });

  it("shows a reader what another process writes, as active while that lives", async () => {
    const writer = open();
    const log = writer.create(idOf(1));
    const reader = open();
    expect(await collect(reader.records.list({ sort: "newest" }))).toMatchObject([
      { event_count: 1, state: "active" },
    ]);
    log.append("incoming", "{}");
    expect(await collect(reader.records.list({ sort: "newest" }))).toMatchObject([
      { event_count: 2, state: "active" },
    ]);
    await log.end();
    await writer.close();
    expect(await collect(reader.records.list({ sort: "newest" }))).toMatchObject([
      { event_count: 3, state: "ended" },
    ]);
  });

  it("belongs to its owner alone", async () => {
    await fill(1);
    expect(statSync(catalog()).mode & 0o777).toBe(0o600);
    expect(existsSync(`${catalog()}-wal`)).toBe(false);
  });
});
