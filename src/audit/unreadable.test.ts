import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AuditStore } from "../contract/log.ts";
import { signingKeyOf } from "./keys.ts";
import { createFileLogStore } from "./log.ts";
import { errorCode, idOf } from "./log.suite.ts";
import { verifySession } from "./verify.ts";

const SEED = "0a".repeat(32);
const ID = idOf(1);

let folder: string;
let faults: string[];
let open: AuditStore[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "agentloop-unreadable-"));
  faults = [];
  open = [];
  await crash();
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

/** A server that went away without a word: its session is open, and nobody holds the store any more. */
async function crash(): Promise<void> {
  const store = storeOf();
  await store.recover();
  await store.create(ID).barrier();
  await store.close();
}

const path = (ending = "jsonl") => join(folder, `${ID}.${ending}`);
const report = () => verifySession(folder, ID, [signingKeyOf(SEED)]);

/** For nobody but root, who reads everything: then the store is given to the user of `asUser`. */
function makeUnreadable(file: string, text: string): void {
  writeFileSync(file, text);
  chmodSync(file, 0o000);
  if (process.getuid?.() !== 0) return;
  for (const name of ["", ...readdirSync(folder)]) {
    if (join(folder, name) !== file) chownSync(join(folder, name), NOBODY, NOBODY);
  }
}

const NOBODY = 65_534;

/** What a process without root's rights would get. */
async function asUser<Result>(work: () => Promise<Result>): Promise<Result> {
  if (process.getuid?.() !== 0) return await work();
  process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

describe("a log that cannot be read just now", () => {
  it("is neither gone nor damaged, and the next start looks at it again", async () => {
    const text = readFileSync(path(), "utf8");
    rmSync(path());
    makeUnreadable(path(), text);
    const store = storeOf();
    expect(await asUser(() => store.recover())).toEqual([]);
    await asUser(() => expect(report()).rejects.toThrow("EACCES: permission denied"));
    await asUser(() => store.close());
    expect(faults).toEqual([`the log of session ${ID} cannot be read: EACCES: permission denied`]);
    expect(readFileSync(join(folder, "server.jsonl"), "utf8")).not.toContain("session_damaged");
    chmodSync(path(), 0o600);
    expect(await storeOf().recover()).toEqual([ID]);
    expect(await report()).toMatchObject({ ok: true, state: "ended" });
  });

  it("is one, too, whose checkpoints cannot be read", async () => {
    rmSync(path("checkpoint"));
    mkdirSync(path("checkpoint"));
    const store = storeOf();
    expect(await store.recover()).toEqual([]);
    expect(faults).toEqual([expect.stringContaining("cannot be read: EISDIR")]);
    await expect(store.open(ID)).rejects.toThrow(errorCode("log_unavailable"));
  });
});
