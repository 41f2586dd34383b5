import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AuditStore } from "../contract/log.ts";
import { realDisk } from "./disk.ts";
import { createFileLogStore } from "./log.ts";
import { errorCode, idOf } from "./log.suite.ts";

const ID = idOf(1);
const IMAGE = `data:image/png;base64,${"A".repeat(5000)}`;

let folder: string;
let open: AuditStore[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "agentloop-archive-"));
  open = [];
});
afterEach(async () => {
  for (const store of open) await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function storeOf(disk = realDisk): AuditStore {
  const store = createFileLogStore({ folder, disk });
  open.push(store);
  return store;
}

/** A session that has ended, with a blob. */
async function written(store: AuditStore): Promise<void> {
  const log = store.create(ID);
  log.append("incoming", JSON.stringify({ image: IMAGE }));
  await log.end();
}

const namesIn = (place: string) =>
  readdirSync(place)
    .filter((name) => name.startsWith(ID))
    .sort();
const archived = () => namesIn(join(folder, "archive"));
const ALL = [`${ID}.blobs`, `${ID}.checkpoint`, `${ID}.jsonl`];

/** A disk on which one file of the session cannot be moved. */
const halfMoving = (ending: string) => ({
  ...realDisk,
  rename(from: string, to: string) {
    if (to.endsWith(`archive/${ID}.${ending}`)) throw new Error("EIO: rename");
    realDisk.rename(from, to);
  },
});

describe("archiving a session", () => {
  it("moves all that belongs to it, and nothing else", async () => {
    const store = storeOf();
    await written(store);
    await store.create(idOf(2)).end();
    writeFileSync(join(folder, `${ID}.torn`), "half");
    expect(await store.records.archive(ID)).toBeUndefined();
    expect(archived()).toEqual([...ALL, `${ID}.torn`]);
    expect(namesIn(folder)).toEqual([]);
    expect(await store.verify(ID)).toMatchObject({ ok: true });
    expect(existsSync(join(folder, `${idOf(2)}.jsonl`))).toBe(true);
  });

  it("never replaces a log that the archive has already", async () => {
    const store = storeOf();
    await written(store);
    mkdirSync(join(folder, "archive"));
    writeFileSync(join(folder, "archive", `${ID}.jsonl`), "another\n");
    await expect(store.records.archive(ID)).rejects.toThrow(errorCode("log_unavailable"));
    expect(namesIn(folder)).toEqual(ALL);
    expect(readFileSync(join(folder, "archive", `${ID}.jsonl`), "utf8")).toBe("another\n");
  });

  it("is refused while another process writes to the store", async () => {
    const writer = storeOf();
    await written(writer);
    await expect(storeOf().records.archive(ID)).rejects.toThrow("is written to by another server");
    expect(namesIn(folder)).toEqual(ALL);
  });

  it("is refused while a line is erased", async () => {
    const copying = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    let copy: number | undefined;
    const store = storeOf({
      ...realDisk,
      open(path, flags, mode) {
        const descriptor = realDisk.open(path, flags, mode);
        if (path.endsWith(".jsonl.new")) copy = descriptor;
        return descriptor;
      },
      async sync(descriptor) {
        if (descriptor === copy) {
          copying.resolve();
          await goOn.promise;
        }
        await realDisk.sync(descriptor);
      },
    });
    await written(store);
    const erasing = store.erase(ID, 1, "request");
    await copying.promise;
    await expect(store.records.archive(ID)).rejects.toThrow("is being written to");
    goOn.resolve();
    await erasing;
    expect(await store.records.archive(ID)).toBeUndefined();
    expect(await store.verify(ID)).toMatchObject({ ok: true, erased: [{ seq: 1 }] });
  });

  it("keeps others from erasing and going on with the log meanwhile", async () => {
    const moved = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const store = storeOf({
      ...realDisk,
      async syncFolder(path) {
        if (path.endsWith("archive")) {
          moved.resolve();
          await goOn.promise;
        }
        await realDisk.syncFolder(path);
      },
    });
    await written(store);
    const archiving = store.records.archive(ID);
    await moved.promise;
    await expect(store.erase(ID, 1, "request")).rejects.toThrow("is being written to");
    await expect(store.open(ID)).rejects.toThrow("is being written to");
    goOn.resolve();
    expect(await archiving).toBeUndefined();
  });
});

describe.each(["blobs", "jsonl"])("a move that was broken off before %s", (ending) => {
  beforeEach(async () => {
    const store = storeOf(halfMoving(ending));
    await written(store);
    await expect(store.records.archive(ID)).rejects.toThrow("EIO");
    await store.close();
    expect(namesIn(folder)).toContain(`${ID}.jsonl`);
    expect(archived()).toContain(`${ID}.checkpoint`);
  });

  it("is completed by the next start, which neither ends the session again nor takes it for damaged", async () => {
    const store = storeOf();
    expect(await store.recover()).toEqual([]);
    expect([namesIn(folder), archived()]).toEqual([[], ALL]);
    expect(await store.verify(ID)).toMatchObject({ ok: true, lines: 3 });
  });

  it("is completed when the session is archived again", async () => {
    const store = storeOf();
    expect(await store.records.archive(ID)).toBeUndefined();
    expect([namesIn(folder), archived()]).toEqual([[], ALL]);
  });

  it("is completed before a line is erased, whose blobs go too", async () => {
    const store = storeOf();
    await store.erase(ID, 1, "request");
    expect(namesIn(folder)).toEqual([]);
    expect(readdirSync(join(folder, "archive", `${ID}.blobs`))).toEqual([]);
    expect(await store.verify(ID)).toMatchObject({ ok: true, erased: [{ seq: 1 }] });
  });

  it("is completed before the session is gone on with, which is then archived", async () => {
    await expect(storeOf().open(ID)).rejects.toThrow("is archived");
    expect(archived()).toEqual(ALL);
  });
});

/** Only root can make files that belong to others. */
describe.runIf(process.getuid?.() === 0)("what root does to the logs of another user", () => {
  const OWNER = { uid: 12_345, gid: 23_456 };

  it("leaves them to that user: copies, what was torn off, holds, and the archive", async () => {
    const first = storeOf();
    await written(first);
    await first.close();
    appendFileSync(join(folder, `${ID}.jsonl`), "half");
    chownSync(folder, OWNER.uid, OWNER.gid);
    for (const name of readdirSync(folder)) chownSync(join(folder, name), OWNER.uid, OWNER.gid);
    chmodSync(folder, 0o700);
    const store = storeOf();
    await store.erase(ID, 1, "request");
    await store.records.hold(ID, true);
    expect(statSync(join(folder, `${ID}.hold`))).toMatchObject(OWNER);
    await store.records.hold(ID, false);
    await store.records.archive(ID);
    const archive = join(folder, "archive");
    expect(statSync(archive)).toMatchObject(OWNER);
    expect(archived()).toEqual([...ALL, `${ID}.torn`]);
    for (const name of [`${ID}.jsonl`, `${ID}.torn`])
      expect(statSync(join(archive, name))).toMatchObject(OWNER);
  });
});
