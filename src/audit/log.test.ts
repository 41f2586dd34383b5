import { spawn } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  constants,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { text } from "node:stream/consumers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { GENESIS } from "./chain.ts";
import { ChainedFile } from "./chained-file.ts";
import { CheckpointFile } from "./checkpoint.ts";
import { type Disk, realDisk } from "./disk.ts";
import { signingKeyOf } from "./keys.ts";
import { createFileLogStore, createLogStore } from "./log.ts";
import { collect, errorCode, idOf, linesOf, logSuite } from "./log.suite.ts";
import { createRedactor } from "./redact/redact.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "agentloop-log-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const fileOf = (id: string) => join(folder, `${id}.jsonl`);
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

logSuite("a log store in a folder", () => createLogStore({ folder }));
logSuite("a log store in memory", () => createLogStore({ folder: "" }));

describe("a log file", () => {
  it("has one JSON object a line with the fields in their order and the message's own bytes", () => {
    const log = createFileLogStore({ folder }).create(idOf(1));
    log.append("incoming", '{"id":"1",  "big":12345678901234567890,"big":1.50}');
    const [first, second, rest] = readFileSync(fileOf(idOf(1)), "utf8").split("\n");
    expect(first).toMatch(
      /^\{"timestamp":"[^"]+","event_type":"websocket_message_received","direction":"incoming","message_data":\{"event":"session_started"\},"seq":0,"salt":"[0-9a-f]{32}","data_hash":"[0-9a-f]{64}","prev_hash":"0{64}","hash":"[0-9a-f]{64}"\}$/,
    );
    expect(second).toContain('"message_data":{"id":"1",  "big":12345678901234567890,"big":1.50},"seq":1,');
    expect(rest).toBe("");
  });

  it("is safe to print: no control, separator or direction character stands in it as it is", () => {
    const log = createFileLogStore({ folder }).create(idOf(1));
    log.append(
      "outgoing",
      JSON.stringify("a\u2028b\u2029c\u0085d\u007fe\u009bf\u202eg\u2066h\u200f\u061ci\u001bj"),
    );
    const written = readFileSync(fileOf(idOf(1)), "utf8");
    expect(written).not.toMatch(/[^\P{Cc}\n]|[\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
    expect(written).toContain(String.raw`a\u2028b\u2029c\u0085d\u007fe\u009bf\u202eg\u2066h`);
  });

  it("belongs to its owner alone, like the folder that the store makes", () => {
    const inner = join(folder, "deep", "sessions");
    createFileLogStore({ folder: inner }).create(idOf(1));
    expect([modeOf(inner), modeOf(join(inner, `${idOf(1)}.jsonl`))]).toEqual(["700", "600"]);
  });

  it("closes an existing folder to others when it holds nothing but logs, and leaves a shared one alone", () => {
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, ".gitkeep"), "");
    createFileLogStore({ folder });
    expect(modeOf(folder)).toBe("700");
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, "notes.txt"), "");
    createFileLogStore({ folder });
    expect(modeOf(folder)).toBe("755");
  });

  it("is never a link: neither written nor read through one", async () => {
    const target = join(folder, "target");
    writeFileSync(target, '{"timestamp":"x"}\n');
    symlinkSync(target, fileOf(idOf(1)));
    symlinkSync(join(folder, "nowhere"), fileOf(idOf(2)));
    const store = createFileLogStore({ folder });
    expect(() => store.create(idOf(1))).toThrow(errorCode("log_unavailable"));
    expect(() => store.create(idOf(2))).toThrow(errorCode("log_unavailable"));
    await expect(linesOf(store, idOf(1))).rejects.toThrow(errorCode("unknown_session"));
    expect(await collect(store.list())).toEqual([]);
    expect(readFileSync(target, "utf8")).toBe('{"timestamp":"x"}\n');
  });

  it("is read without the line that a crash tore, and counted without it", async () => {
    createFileLogStore({ folder }).create(idOf(1)).append("incoming", '{"id":"1"}');
    appendFileSync(fileOf(idOf(1)), '{"timestamp":"2026-01-01T00:00:00.000Z","event_ty');
    const store = createFileLogStore({ folder });
    expect((await linesOf(store, idOf(1))).map(({ seq }) => seq)).toEqual([0, 1]);
    expect(await store.summary(idOf(1))).toMatchObject({ event_count: 2 });
  });

  it("that a crash left without any whole line is listed as empty", async () => {
    writeFileSync(fileOf(idOf(1)), '{"timest');
    const store = createFileLogStore({ folder });
    expect(await linesOf(store, idOf(1))).toEqual([]);
    const [summary] = await collect(store.list());
    expect(summary).toMatchObject({ session_id: idOf(1), event_count: 0, state: "ended" });
    expect(new Date(summary?.start_time ?? "").getTime()).not.toBeNaN();
  });

  it("with a damaged line is read up to it and then refused", async () => {
    const log = createFileLogStore({ folder }).create(idOf(1));
    appendFileSync(fileOf(idOf(1)), "{not json\n");
    log.append("incoming", "{}");
    const seen: number[] = [];
    const reading = async () => {
      for await (const { seq } of createFileLogStore({ folder }).read(idOf(1), -1, Infinity)) seen.push(seq);
    };
    await expect(reading()).rejects.toThrow(errorCode("log_unavailable"));
    expect(seen).toEqual([0]);
  });

  it("is read whole when its lines are longer than a reader's buffer", async () => {
    const store = createFileLogStore({ folder });
    const log = store.create(idOf(1));
    const long = "ä".repeat(100_000);
    for (let count = 0; count < 3; count += 1) log.append("outgoing", JSON.stringify({ long, count }));
    const lines = await linesOf(store, idOf(1), 0);
    expect(lines.map(({ message_data }) => message_data)).toEqual(
      [0, 1, 2].map((count) => ({ long, count })),
    );
  });

  it("is looked at again by a listing when it has grown, and other files are not sessions", async () => {
    const writer = createFileLogStore({ folder });
    const log = writer.create(idOf(1));
    writeFileSync(join(folder, "server.jsonl"), "{}\n");
    const reader = createFileLogStore({ folder });
    expect((await collect(reader.list())).map(({ event_count }) => event_count)).toEqual([1]);
    log.append("incoming", "{}");
    expect((await collect(reader.list())).map(({ event_count }) => event_count)).toEqual([2]);
    rmSync(fileOf(idOf(1)));
    expect(await collect(reader.list())).toEqual([]);
  });

  it("is not read again by a listing while its size and time stay the same", async () => {
    createFileLogStore({ folder }).create(idOf(1));
    const touch = (time: number) => utimesSync(fileOf(idOf(1)), time, time);
    touch(1);
    const reader = createFileLogStore({ folder });
    const [before] = await collect(reader.list());
    const { size } = statSync(fileOf(idOf(1)));
    writeFileSync(fileOf(idOf(1)), "\n".repeat(size));
    touch(1);
    expect(await collect(reader.list())).toEqual([before]);
    touch(2);
    expect(await collect(reader.list())).toMatchObject([{ event_count: size }]);
  });

  it("is synced anew for a line that was written while a sync ran, once for all who wait", async () => {
    let synced: (() => void)[] = [];
    const sync = () => new Promise<void>((resolve) => synced.push(resolve));
    const release = () => {
      synced.forEach((resolve) => resolve());
      synced = [];
    };
    const path = fileOf(idOf(1));
    const key = signingKeyOf("0".repeat(64));
    const disk = { ...realDisk, sync };
    const checkpoints = new CheckpointFile({ path: `${path}.checkpoint`, origin: "o", key, disk });
    const descriptor = realDisk.open(
      path,
      constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND,
      0o600,
    );
    const file = new ChainedFile({
      path,
      descriptor,
      name: "a test",
      disk,
      durability: "barrier",
      checkpoints,
      checkpointMs: 60_000,
      signBarriers: false,
      start: { head: GENESIS, bytes: 0, signed: 0 },
    });
    file.append({ direction: "incoming", json: "{}" });
    const first = file.barrier();
    file.append({ direction: "incoming", json: "{}" });
    const second = file.barrier();
    expect(file.barrier()).toBe(second);
    await vi.waitFor(() => expect(synced.length).toBe(1));
    release();
    await first;
    await vi.waitFor(() => expect(synced.length).toBe(1));
    release();
    await second;
    await file.barrier();
    expect(synced.length).toBe(0);
    disk.close(descriptor);
  });
});

describe("the server's own log", () => {
  it("holds no loaded secret that somebody looked for", async () => {
    const redactor = createRedactor([{ name: "OPENAI_API_KEY", value: "sk-proj-7Hq2Lw9Zb4Xc81nVt" }]);
    const store = createFileLogStore({ folder, redactor });
    await store.recover();
    store.recordRead({
      action: "search",
      query: { q: "sk-proj-7Hq2Lw9Zb4Xc81nVt ghp_0123456789abcdefghijABCDEF" },
    });
    await store.close();
    const written = readFileSync(join(folder, "server.jsonl"), "utf8");
    expect(written).toContain('"query":{"q":"[redacted:OPENAI_API_KEY] [redacted:github_token]"}');
  });
});

describe("a log on a full disk", () => {
  /** A limit on the size of files makes the same short write as a full disk, and binds root too. */
  it("is cut back to its last whole line and refuses everything after", async () => {
    const script = `
      import { createFileLogStore } from ${JSON.stringify(new URL("./log.ts", import.meta.url).href)};
      const log = createFileLogStore({ folder: ${JSON.stringify(folder)} }).create("${idOf(1)}");
      const codes = [];
      const attempt = (json) => { try { log.append("outgoing", json); } catch (error) { codes.push(error.code); } };
      while (codes.length === 0) attempt(JSON.stringify("x".repeat(1000)));
      attempt("{}");
      await log.barrier().catch((error) => codes.push(error.code));
      await log.end().catch((error) => codes.push(error.code));
      process.stdout.write(JSON.stringify({ codes, head: log.head }));
    `;
    const child = spawn(
      "bash",
      ["-c", 'ulimit -f 16; exec "$@"', "bash", process.execPath, "--input-type=module", "-e", script],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const { codes, head } = JSON.parse(await text(child.stdout));
    expect(codes).toEqual(Array(4).fill("log_unavailable"));
    const written = readFileSync(fileOf(idOf(1)), "utf8");
    expect(written.endsWith("}\n")).toBe(true);
    const seqs = (await linesOf(createFileLogStore({ folder }), idOf(1))).map(({ seq }) => seq);
    expect(seqs.at(-1)).toBe(head);
    expect(seqs.length).toBe(written.split("\n").length - 1);
    expect(seqs.length).toBeGreaterThan(10);
  });
});

describe("the end of a session", () => {
  it("is its last line, also while the disk is waited for", async () => {
    const store = createFileLogStore({ folder });
    const log = store.create(idOf(1));
    const ended = log.end();
    expect(() => log.append("outgoing", "1")).toThrow(errorCode("log_unavailable"));
    await ended;
    expect(
      readFileSync(fileOf(idOf(1)), "utf8")
        .trim()
        .split("\n")
        .at(-1),
    ).toContain("session_ended");
    await store.close();
  });

  it("is signed when the server's log has the session on the disk, not before", async () => {
    const paths = new Map<number, string>();
    const steps: string[] = [];
    const disk: Disk = {
      ...realDisk,
      open(file, flags, mode) {
        const descriptor = realDisk.open(file, flags, mode);
        paths.set(descriptor, basename(file));
        if (file.endsWith(`${idOf(1)}.checkpoint`)) steps.push("signed");
        return descriptor;
      },
      async sync(descriptor) {
        if (paths.get(descriptor) !== "server.jsonl") return;
        // The server's log is slow, and the session's is at once on the disk.
        for (let turn = 0; turn < 100; turn += 1) await nextTurn();
        steps.push("registered");
      },
    };
    const store = createFileLogStore({ folder, disk });
    await store.create(idOf(1)).end();
    await store.close();
    expect(steps.slice(0, 2)).toEqual(["registered", "signed"]);
  });
});
