import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AuditStore } from "../contract/log.ts";
import { signingKeyOf } from "./keys.ts";
import { createFileLogStore } from "./log.ts";
import { errorCode, idOf, linesOf } from "./log.suite.ts";
import { Trail } from "./trail.ts";
import { verifySession } from "./verify.ts";

const SEED = "0a".repeat(32);
const ID = idOf(1);

let folder: string;
let faults: string[];
let open: AuditStore[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "agentloop-recover-"));
  faults = [];
  open = [];
});
afterEach(async () => {
  for (const store of open) await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function storeOf(): AuditStore {
  const store = createFileLogStore({
    folder,
    signingKey: SEED,
    onFault: ({ message }) => faults.push(message),
  });
  open.push(store);
  return store;
}

const path = (ending = "jsonl") => join(folder, `${ID}.${ending}`);
const report = () => verifySession(folder, ID, [signingKeyOf(SEED)]);
const events = async (store: AuditStore) =>
  (await linesOf(store, ID)).map(({ message_data }) => message_data);

/** A server that went away without a word: its session is open, and nobody holds the store any more. */
async function crashed(): Promise<void> {
  const store = createFileLogStore({ folder, signingKey: SEED });
  await store.recover();
  const log = store.create(ID);
  await log.barrier();
  log.append("incoming", '{"id":"1"}');
  await store.close();
}

describe("the start after a crash", () => {
  it("ends the session that was open, says so, and signs it", async () => {
    await crashed();
    const store = storeOf();
    expect(await store.recover()).toEqual([ID]);
    expect(await events(store)).toEqual([
      { event: "session_started" },
      { id: "1" },
      { event: "session_recovered", torn_bytes: 0, unsigned_lines: 1 },
      { event: "session_ended" },
    ]);
    expect(await report()).toMatchObject({ ok: true, state: "ended", lines: 4, signed_lines: 4 });
    await store.close();
    expect(await storeOf().recover()).toEqual([]);
  });

  it("puts a torn line aside, whole", async () => {
    await crashed();
    appendFileSync(path(), '{"timestamp":"20');
    const store = storeOf();
    await store.recover();
    expect(readFileSync(path("torn"), "utf8")).toBe('{"timestamp":"20');
    expect(await events(store)).toContainEqual({
      event: "session_recovered",
      torn_bytes: 16,
      unsigned_lines: 1,
    });
    expect(await report()).toMatchObject({ ok: true });
  });

  it("takes up a session whose first line was torn", async () => {
    await crashed();
    truncateSync(path(), 20);
    rmSync(path("checkpoint"));
    const store = storeOf();
    expect(await store.recover()).toEqual([ID]);
    expect(await events(store)).toEqual([
      { event: "session_recovered", torn_bytes: 20, unsigned_lines: 0 },
      { event: "session_ended" },
    ]);
    expect(await report()).toMatchObject({ ok: true });
  });

  it("leaves a damaged log as it is, says what is wrong, and does not go on with it", async () => {
    await crashed();
    const damaged = readFileSync(path(), "utf8").replace('{"id":"1"}', '{"id":"2"}');
    writeFileSync(path(), damaged);
    const store = storeOf();
    expect(await store.recover()).toEqual([]);
    expect(faults).toEqual([
      `the log of session ${ID} is damaged and left as it is: the content of line 1 is not what was written`,
    ]);
    await expect(store.open(ID)).rejects.toThrow(errorCode("log_unavailable"));
    expect(readFileSync(path(), "utf8")).toBe(damaged);
    expect(readFileSync(join(folder, "server.jsonl"), "utf8")).toContain('"event":"session_damaged"');
  });

  it("says that a session's file is gone", async () => {
    await crashed();
    rmSync(path());
    expect(await storeOf().recover()).toEqual([]);
    expect(faults).toEqual([`the log of session ${ID} is damaged and left as it is: its file is gone`]);
  });

  it("does not read the sessions that had ended", async () => {
    const store = storeOf();
    await store.recover();
    await store.create(ID).end();
    await store.close();
    writeFileSync(path(), "garbage\n");
    expect(await storeOf().recover()).toEqual([]);
    expect(faults).toEqual([]);
  });

  it("finds a session that the crash kept from being told to the server's log", async () => {
    const store = storeOf();
    await store.recover();
    await store.close();
    await crashed();
    const server = join(folder, "server.jsonl");
    const told = readFileSync(server, "utf8").split("\n");
    writeFileSync(server, told.filter((line) => !line.includes("session_opened")).join("\n"));
    rmSync(path("checkpoint"));
    expect(await storeOf().recover()).toEqual([ID]);
  });

  it("finds such a session whatever its id, also where clients give the ids", async () => {
    const store = storeOf();
    await store.recover();
    await store.create(idOf(2)).end();
    await store.create("f".repeat(64)).end();
    await store.close();
    await crashed();
    const server = join(folder, "server.jsonl");
    const told = readFileSync(server, "utf8").split("\n");
    const isAboutIt = (line: string) => line.includes("session_opened") && line.includes(ID);
    writeFileSync(server, told.filter((line) => !isAboutIt(line)).join("\n"));
    rmSync(path("checkpoint"));
    expect(await storeOf().recover()).toEqual([ID]);
    expect(faults).toEqual([]);
  });

  it("signs no log anew whose checkpoints were taken away and whose end is not the one on the record", async () => {
    const store = storeOf();
    await store.recover();
    await store.create(ID).end();
    await store.close();
    const other = mkdtempSync(join(tmpdir(), "agentloop-recover-"));
    const forger = createFileLogStore({ folder: other, signingKey: "0b".repeat(32) });
    await forger.create(ID).end();
    await forger.close();
    writeFileSync(path(), readFileSync(join(other, `${ID}.jsonl`)));
    rmSync(other, { recursive: true });
    rmSync(path("checkpoint"));
    expect(await storeOf().recover()).toEqual([]);
    expect(faults).toEqual([expect.stringContaining("written anew")]);
    expect(existsSync(path("checkpoint"))).toBe(false);
  });

  it("goes on with the server's own log after a torn line", async () => {
    await crashed();
    appendFileSync(join(folder, "server.jsonl"), '{"timest');
    const store = storeOf();
    await store.recover();
    expect(readFileSync(join(folder, "server.torn"), "utf8")).toBe('{"timest');
    await store.close();
    expect(await new Trail({ folder, signingKey: SEED }).verify("server")).toMatchObject({ ok: true });
  });
});

describe("a log that is opened again", () => {
  it("goes on with its numbers and its chain", async () => {
    const store = storeOf();
    await store.create(ID).end();
    const log = await store.open(ID);
    expect(log.append("incoming", '{"id":"2"}')).toBe(2);
    await log.end();
    expect(await report()).toMatchObject({ ok: true, lines: 4, signed_lines: 4 });
  });

  it("is refused while it is written to, and when it is nowhere", async () => {
    const store = storeOf();
    const log = store.create(ID);
    await expect(store.open(ID)).rejects.toThrow(errorCode("log_unavailable"));
    await expect(store.open(idOf(2))).rejects.toThrow(errorCode("unknown_session"));
    await expect(store.open("../x")).rejects.toThrow(errorCode("unknown_session"));
    await log.end();
    const both = await Promise.allSettled([store.open(ID), store.open(ID)]);
    expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  });
});

describe("a store", () => {
  it("has one server at a time, and the next one when that has gone", async () => {
    const first = storeOf();
    await first.recover();
    await expect(storeOf().recover()).rejects.toThrow(/is written to by another server/);
    await first.close();
    await expect(storeOf().recover()).resolves.toEqual([]);
  });

  it("makes a key of its own that nobody else can read, and keeps it", async () => {
    const { publicKey } = createFileLogStore({ folder });
    const key = join(folder, "keys", "signing.key");
    expect(statSync(key).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "keys")).mode & 0o777).toBe(0o700);
    expect(createFileLogStore({ folder }).publicKey).toBe(publicKey);
    expect(readFileSync(join(folder, "keys", "signing.pub"), "utf8")).toBe(`${publicKey}\n`);
    chmodSync(key, 0o644);
    expect(() => createFileLogStore({ folder }).publicKey).toThrow(errorCode("log_unavailable"));
    writeFileSync(key, "nonsense", { mode: 0o600 });
    chmodSync(key, 0o600);
    expect(() => createFileLogStore({ folder }).publicKey).toThrow("a signing key is 64 hex digits");
  });

  it("leaves a key out of the store that it was given", async () => {
    await storeOf().create(ID).end();
    expect(existsSync(join(folder, "keys"))).toBe(false);
  });

  it("puts who read what on the record", async () => {
    const store = storeOf();
    store.recordRead({ action: "export", session_id: ID, query: { format: "csv" }, peer: "127.0.0.1" });
    await store.close();
    expect(readFileSync(join(folder, "server.jsonl"), "utf8")).toContain(
      `"message_data":{"event":"read","action":"export","session_id":"${ID}","query":{"format":"csv"},"peer":"127.0.0.1"}`,
    );
    expect(await storeOf().verify("server")).toMatchObject({ ok: true, lines: 1, signed_lines: 1 });
  });
});

describe("a checkpoint", () => {
  it("is written when a session begins, at a barrier, for what was approved, and at the end", async () => {
    const store = storeOf();
    const log = store.create(ID);
    const signed = () => {
      const notes = existsSync(path("checkpoint")) ? readFileSync(path("checkpoint"), "utf8") : "";
      return [...notes.matchAll(/^agentloop-server\/session\/\w+\n(\d+)\n/gm)].map(([, size]) =>
        Number(size),
      );
    };
    await vi.waitFor(() => expect(signed()).toEqual([1]));
    log.append("incoming", "{}");
    await log.barrier();
    expect(signed()).toEqual([1, 2]);
    const approval = { request_id: "r", review: "YES", decided_by: "client", latency_ms: 1 } as const;
    log.append("outgoing", "{}", { approval });
    await vi.waitFor(() => expect(signed()).toEqual([1, 2, 3]));
    await log.end();
    expect(signed()).toEqual([1, 2, 3, 4]);
  });

  it("comes with time, also for lines that came while an earlier one was made", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const store = storeOf();
      const log = store.create(ID);
      log.append("incoming", "{}");
      await log.barrier();
      log.append("incoming", "{}");
      expect(await report()).toMatchObject({ lines: 3, signed_lines: 2 });
      vi.advanceTimersByTime(10_000);
      await vi.waitFor(async () => expect(await report()).toMatchObject({ lines: 3, signed_lines: 3 }));
    } finally {
      vi.useRealTimers();
    }
  });
});
