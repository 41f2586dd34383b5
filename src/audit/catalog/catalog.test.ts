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

describe("a search", () => {
  const words = async (text: string) => {
    const store = createLogStore({ folder: "" });
    store
      .create(idOf(1))
      .append("incoming", JSON.stringify({ id: "1", type: "user_input", payload: { input: text } }));
    return store.records;
  };

  it.each([
    '"',
    '""',
    '"unclosed',
    "a AND",
    "NOT",
    "NEAR(a b)",
    "text:a",
    "{text}: a",
    "a* OR b",
    "^a",
    "a + b",
    "(a",
    "a)",
    "-a",
    "a\0b",
    "'; DROP TABLE session; --",
    "\ud800 a",
    "%_a",
    "x".repeat(1000),
    "a ".repeat(32),
  ])("for %j finds what it says or is refused, and never fails", async (query) => {
    const records = await words("and a b of the text drop table session near not or");
    const asked = await records.search(query, 5).then(
      ({ events }) => events.length,
      (error: { code?: string }) => error.code,
    );
    expect([0, 1, "invalid_message"]).toContain(asked);
    expect((await records.search("session", 5)).events.length).toBe(1);
  });

  it("finds words whatever their case and accents, rows of words, and text within JSON within a message", async () => {
    const store = createLogStore({ folder: "" });
    const log = store.create(idOf(1));
    const tell = (payload: unknown) =>
      log.append("outgoing", JSON.stringify({ id: "1", type: "response_item", payload }));
    tell({
      type: "message",
      role: "assistant",
      content: [{ type: "output_text", text: "Füße laufen schnell" }],
    });
    tell({
      type: "function_call",
      call_id: "c",
      name: "shell",
      arguments: '{"command":["bash","-lc","line\\nbreak"]}',
    });
    tell({
      type: "function_call_output",
      call_id: "c",
      output: '{"output":"one\\ntwo","metadata":{"exit_code":0}}',
    });
    tell({ type: "reasoning", summary: [], encrypted_content: "ciphertext" });
    const found = async (query: string) =>
      (await store.records.search(query, 9)).events.map(({ seq }) => seq);
    expect(await found("FUSSE")).toEqual([]);
    expect(await found("fusse")).toEqual([]);
    expect(await found("Fuße schnell")).toEqual([1]);
    expect(await found('"laufen schnell"')).toEqual([1]);
    expect(await found('"schnell laufen"')).toEqual([]);
    expect(await found("break")).toEqual([2]);
    expect(await found("two")).toEqual([3]);
    expect(await found("ciphertext")).toEqual([]);
  });

  it("tells where, in which words, and goes on where it stopped", async () => {
    const store = createLogStore({ folder: "" });
    for (const number of [1, 2, 3]) {
      const log = store.create(idOf(number));
      const input = `${"before ".repeat(60)}the needle \u202e${"after ".repeat(60)}`;
      log.append("incoming", JSON.stringify({ id: "1", type: "user_input", payload: { input } }));
    }
    const first = await store.records.search("needle", 2);
    expect(first.events.map(({ session_id }) => session_id)).toEqual([idOf(3), idOf(2)]);
    expect(first.events[0]).toMatchObject({ seq: 1, direction: "incoming", type: "user_input" });
    expect(first.events[0]?.snippet).toMatch(/^….*before the needle after.*…$/);
    expect(first.events[0]?.snippet).not.toContain("\u202e");
    store.create(idOf(4)).append("incoming", '{"id":"1","type":"user_input","payload":{"input":"needle"}}');
    const second = await store.records.search("needle", 2, first.next_cursor ?? "");
    expect(second).toMatchObject({ events: [{ session_id: idOf(1) }], next_cursor: null });
    await expect(store.records.search("needle", 2, "no cursor")).rejects.toMatchObject({
      code: "invalid_message",
    });
  });

  it("finds nothing of what was erased", async () => {
    const store = open();
    const log = store.create(idOf(1));
    log.append("incoming", '{"id":"1","type":"user_input","payload":{"input":"my secret illness"}}');
    await log.end();
    expect((await store.records.search("illness", 5)).events.length).toBe(1);
    expect(readFileSync(`${catalog()}-wal`, "latin1")).toContain("illness");
    await store.erase(idOf(1), 1, "asked for");
    for (const ending of ["", "-wal"])
      expect(readFileSync(`${catalog()}${ending}`, "latin1")).not.toContain("illness");
    expect((await store.records.search("illness", 5)).events).toEqual([]);
    expect(await store.summary(idOf(1))).toMatchObject({ title: null, event_count: 3 });
  });
});
