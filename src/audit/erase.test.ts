import {
  appendFileSync,
  existsSync,
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
import { moveToArchive, setHold } from "./archive.ts";
import { realDisk } from "./disk.ts";
import { createFileLogStore } from "./log.ts";
import { errorCode, idOf, linesOf } from "./log.suite.ts";

const ID = idOf(1);
let folder: string;
let store: AuditStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "agentloop-erase-"));
  store = createFileLogStore({ folder });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const path = () => join(folder, `${ID}.jsonl`);
const image = (size: number) => `data:image/png;base64,${"A".repeat(size)}`;

async function written(...messages: unknown[]): Promise<void> {
  const log = store.create(ID);
  for (const message of messages) {
    log.append("incoming", JSON.stringify(message), { client: { id: "c-1", door: "d", peer: "10.0.0.1" } });
  }
  await log.end();
}

describe("an erased line", () => {
  it("has no content any more, and the chain still fits", async () => {
    await written({ text: "my name" }, { text: "public" });
    await store.erase(ID, 1, "request of a user");
    const text = readFileSync(path(), "utf8");
    expect(text).not.toContain("my name");
    const [, line = "", next] = text.split("\n");
    expect(line).not.toMatch(/salt|10\.0\.0\.1/);
    expect(line).toMatch(/"seq":1,"data_hash":"[0-9a-f]{64}","prev_hash"/);
    expect(next).toContain("public");
    expect(await store.verify(ID)).toMatchObject({
      ok: true,
      erased: [{ seq: 1, reason: "request of a user" }],
    });
    expect((await linesOf(store, ID))[1]?.message_data).toEqual({
      event: "erased",
      reason: "request of a user",
      erased_at: expect.stringMatching(/^\d{4}-/),
    });
  });

  it("is written to again after that, and erased only once", async () => {
    await written({ text: "one" });
    await store.erase(ID, 1, "first");
    await store.erase(ID, 1, "second");
    const log = await store.open(ID);
    log.append("incoming", "{}");
    await log.end();
    expect(await store.verify(ID)).toMatchObject({ ok: true, erased: [{ seq: 1, reason: "first" }] });
  });

  it("is erased in the archive, too", async () => {
    await written({ text: "my name" });
    await moveToArchive(realDisk, folder, ID);
    await store.erase(ID, 1, "request");
    expect(await store.verify(ID)).toMatchObject({ ok: true, erased: [{ seq: 1 }] });
  });

  it("is no excuse: what was taken out without the server's log is told as edited", async () => {
    await written({ text: "my name" }, { text: "other" });
    await store.erase(ID, 1, "request");
    const all = readFileSync(path(), "utf8").split("\n");
    const mark = /"message_data":\{"event":"erased"[^}]*\}/.exec(all[1] ?? "")?.[0] ?? "";
    all[2] = all[2]?.replace(/"message_data".*(,"seq":2),"salt":"\w+"/, `${mark}$1`) ?? "";
    writeFileSync(path(), all.join("\n"));
    expect((await store.verify(ID)).problems).toMatchObject([{ kind: "edited", seq: 2 }]);
  });

  it("of which only the intent was recorded is told, until it is erased again", async () => {
    expect(store.publicKey).toBeDefined();
    await store.close();
    const rename = () => {
      throw new Error("EIO: rename");
    };
    const failing = createFileLogStore({ folder, disk: { ...realDisk, rename } });
    expect(failing.publicKey).toBe(store.publicKey);
    const log = failing.create(ID);
    log.append("incoming", '{"text":"my name"}');
    await log.end();
    await expect(failing.erase(ID, 1, "request")).rejects.toThrow("EIO");
    expect((await failing.verify(ID)).problems).toMatchObject([{ kind: "unrecorded", seq: 1 }]);
    await failing.close();
    const working = createFileLogStore({ folder });
    await working.erase(ID, 1, "request again");
    expect(await working.verify(ID)).toMatchObject({
      ok: true,
      erased: [{ seq: 1, reason: "request again" }],
    });
    await working.close();
  });

  it("leaves what a crash tore off at the end of the log beside it", async () => {
    await written({ text: "my name" });
    appendFileSync(path(), '{"timestamp":"20');
    await store.erase(ID, 1, "request");
    expect(readFileSync(join(folder, `${ID}.torn`), "utf8")).toBe('{"timestamp":"20');
    expect(await store.verify(ID)).toMatchObject({ ok: true, erased: [{ seq: 1 }] });
  });

  it("takes its blobs with it, but not those that other lines need", async () => {
    await written({ a: image(5000), b: image(6000) }, { a: image(6000) });
    const blobs = join(folder, `${ID}.blobs`);
    expect(readdirSync(blobs).length).toBe(2);
    await store.erase(ID, 1, "request");
    expect(readdirSync(blobs).length).toBe(1);
    expect((await linesOf(store, ID))[2]?.message_data).toEqual({ a: image(6000) });
    await store.erase(ID, 2, "request");
    expect(readdirSync(blobs)).toEqual([]);
    expect(await store.verify(ID)).toMatchObject({ ok: true });
  });
});

describe("nothing is erased", () => {
  it("from a session that is active or under legal hold, and no line that is none or the log's own", async () => {
    const log = store.create(ID);
    log.append("incoming", '{"text":"one"}');
    await expect(store.erase(ID, 1, "r")).rejects.toThrow(errorCode("log_unavailable"));
    await log.end();
    await setHold(folder, ID, true);
    await expect(store.erase(ID, 1, "r")).rejects.toThrow("under legal hold");
    await setHold(folder, ID, false);
    await expect(store.erase(ID, 9, "r")).rejects.toThrow(errorCode("invalid_message"));
    await expect(store.erase(ID, 0, "r")).rejects.toThrow(errorCode("invalid_message"));
    await expect(store.erase(ID, 1, " ")).rejects.toThrow(errorCode("invalid_message"));
    await expect(store.erase(idOf(3), 1, "r")).rejects.toThrow(errorCode("unknown_session"));
    expect(await store.verify(ID)).toMatchObject({ ok: true, erased: [] });
    expect(existsSync(`${path()}.new`)).toBe(false);
  });
});
