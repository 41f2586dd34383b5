import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AuditStore } from "../contract/log.ts";
import { createFileLogStore } from "./log.ts";
import { idOf, linesOf } from "./log.suite.ts";

const ID = idOf(1);
let folder: string;
let store: AuditStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "agentloop-blobs-"));
  store = createFileLogStore({ folder });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const blobs = () => join(folder, `${ID}.blobs`);
const text = () => readFileSync(join(folder, `${ID}.jsonl`), "utf8");
const message = async (seq: number) => (await linesOf(store, ID))[seq]?.message_data;

describe("a long string or an image of a message", () => {
  it("stands beside the log, once, and is there again when the log is read", async () => {
    const long = { output: `"quoted" \\ back\u2028slash\n${"ü".repeat(70_000)}`, other: "short" };
    const picture = { image_url: `data:image/png;base64,${"iVBOR".repeat(1000)}` };
    const log = store.create(ID);
    log.append("outgoing", JSON.stringify({ ...long, ...picture }));
    log.append("outgoing", JSON.stringify(picture));
    await log.end();
    expect(readdirSync(blobs()).length).toBe(2);
    for (const name of readdirSync(blobs())) {
      expect(statSync(join(blobs(), name)).mode & 0o777).toBe(0o600);
      expect(text()).toContain(`"blob:sha256:${name}"`);
    }
    expect(text().length).toBeLessThan(5000);
    expect(await message(1)).toEqual({ ...long, ...picture });
    expect(await message(2)).toEqual(picture);
    expect(await store.verify(ID)).toMatchObject({ ok: true });
  });

  it("stays where it is when the message speaks of blobs itself", async () => {
    const log = store.create(ID);
    const hostile = { text: `blob:sha256:${"a".repeat(64)}`, long: "x".repeat(70_000) };
    log.append("incoming", JSON.stringify(hostile));
    log.append("incoming", JSON.stringify({ text: hostile.text }));
    await log.end();
    expect(await message(1)).toEqual(hostile);
    expect(await message(2)).toEqual({ text: hostile.text });
  });

  it("is a key, not a value, and stays", async () => {
    const log = store.create(ID);
    const odd = { ["k".repeat(70_000)]: 1 };
    log.append("incoming", JSON.stringify(odd));
    await log.end();
    expect(text().length).toBeGreaterThan(70_000);
    expect(await message(1)).toEqual(odd);
  });

  it("is missed by the report when it is gone, and told when it was edited", async () => {
    const log = store.create(ID);
    log.append("incoming", JSON.stringify({ a: "x".repeat(70_000) }));
    log.append("incoming", JSON.stringify({ a: "y".repeat(70_000) }));
    await log.end();
    const [gone, edited] = [1, 2].map(
      (seq) => /sha256:(\w{64})/.exec(text().split("\n")[seq] ?? "")?.[1] ?? "",
    );
    rmSync(join(blobs(), gone ?? ""));
    writeFileSync(join(blobs(), edited ?? ""), "z");
    expect((await store.verify(ID)).problems).toMatchObject([
      { kind: "missing", seq: 1 },
      { kind: "edited", seq: 2 },
    ]);
    expect(await message(1)).toEqual({ a: `blob:sha256:${gone}` });
  });
});
