import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AuditStore, LogProblem, VerifyReport } from "../contract/log.ts";
import { checkLine, cutLine, GENESIS, sealLine } from "./chain.ts";
import { type SigningKey, signingKeyOf } from "./keys.ts";
import { createFileLogStore } from "./log.ts";
import { collect, idOf } from "./log.suite.ts";
import { verifyAll, verifySession } from "./verify.ts";

const SEED = "0a".repeat(32);
const ID = idOf(1);
const keys: SigningKey[] = [signingKeyOf(SEED)];

let folder: string;
let store: AuditStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "agentloop-verify-"));
  store = createFileLogStore({ folder, signingKey: SEED });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const path = () => join(folder, `${ID}.jsonl`);
const checkpoints = () => join(folder, `${ID}.checkpoint`);
const lines = () => readFileSync(path(), "utf8").split("\n").slice(0, -1);
const write = (changed: string[]) => writeFileSync(path(), changed.map((line) => `${line}\n`).join(""));

/** Ten lines, signed after the first, the fifth and the last. */
async function written(): Promise<string[]> {
  const log = store.create(ID);
  await log.barrier();
  for (const number of [1, 2, 3, 4]) log.append("outgoing", JSON.stringify({ type: "t", number }));
  await log.barrier();
  for (const number of [5, 6, 7, 8]) log.append("outgoing", JSON.stringify({ type: "t", number }));
  await log.end();
  return lines();
}

async function report(): Promise<VerifyReport> {
  const told = await verifySession(folder, ID, keys);
  if (told === undefined) throw new Error("no report");
  return told;
}

const problems = async () => (await report()).problems.map(({ kind, seq }) => [kind, seq]);

/** What somebody does who knows how the chain is made, and has no key. */
function rehash(changed: string[], from: number): string[] {
  let previous = from === 0 ? GENESIS.hash : (cutLine(Buffer.from(changed[from - 1] ?? ""))?.hash ?? "");
  return changed.map((line, seq) => {
    if (seq < from) return line;
    const { message_data, direction } = JSON.parse(line);
    const sealed = sealLine({ direction, json: JSON.stringify(message_data), seq }, previous);
    previous = sealed.hash;
    return sealed.line.toString().trimEnd();
  });
}

const edit = (line = "") => line.replace(/"number":(\d)/, '"number":9$1');

describe("the report on a log that nobody touched", () => {
  it("is good, and every line is signed", async () => {
    await written();
    expect(await report()).toEqual({
      session_id: ID,
      ok: true,
      state: "ended",
      lines: 10,
      signed_lines: 10,
      problems: [],
      erased: [],
    });
  });

  it("is good while the session goes on, and says how far it is signed", async () => {
    const log = store.create(ID);
    await log.barrier();
    log.append("incoming", "{}");
    expect(await report()).toMatchObject({ ok: true, state: "active", lines: 2, signed_lines: 1 });
    await log.end();
  });

  it("is good after the session was taken up again", async () => {
    await written();
    const log = await store.open(ID);
    log.append("incoming", "{}");
    await log.end();
    expect(await report()).toMatchObject({ ok: true, lines: 12, signed_lines: 12 });
  });

  it("does not take a client's message for the session's end", async () => {
    const log = store.create(ID);
    log.append("incoming", JSON.stringify('{"event":"session_ended"}'));
    await log.barrier();
    expect(await report()).toMatchObject({ ok: true, state: "active" });
    await log.end();
  });
});

type Change = (whole: string[]) => string[];

const TAMPERINGS: [string, Change, [LogProblem["kind"], number][]][] = [
  ["a message edited", (all) => all.with(3, edit(all[3])), [["edited", 3]]],
  ["the time edited", (all) => all.with(3, all[3]?.replace('"20', '"19') ?? ""), [["edited", 3]]],
  [
    "a direction edited",
    (all) => all.with(3, all[3]?.replace("outgoing", "incoming") ?? ""),
    [["edited", 3]],
  ],
  ["garbage in a line's place", (all) => all.with(3, "garbage"), [["edited", 3]]],
  [
    "a line edited and hashed anew, the next ones not",
    (all) => all.with(3, rehash(all.with(3, edit(all[3])), 3)[3] ?? ""),
    [["edited", 3]],
  ],
  [
    "the first line edited",
    (all) => all.with(0, all[0]?.replace("started", "sterted") ?? ""),
    [["edited", 0]],
  ],
  ["the last line edited", (all) => all.with(9, all[9]?.replace("ended", "endid") ?? ""), [["edited", 9]]],
  ["a line missing", (all) => all.toSpliced(3, 1), [["missing", 3]]],
  ["several lines missing", (all) => all.toSpliced(3, 4), [["missing", 3]]],
  ["the first lines missing", (all) => all.toSpliced(0, 2), [["missing", 0]]],
  ["a line twice", (all) => all.toSpliced(4, 0, all[3] ?? ""), [["added", 3]]],
  ["an old line added", (all) => all.toSpliced(6, 0, all[2] ?? ""), [["added", 2]]],
  [
    "a made-up line added",
    (all) => all.toSpliced(3, 0, rehash(all.with(3, edit(all[3])), 3)[3] ?? ""),
    [["added", 3]],
  ],
  ["garbage added", (all) => all.toSpliced(3, 0, "garbage"), [["added", 3]]],
  ["garbage added at the end", (all) => [...all, "garbage"], [["added", 10]]],
  ["two lines swapped", (all) => all.with(3, all[4] ?? "").with(4, all[3] ?? ""), [["swapped", 3]]],
  ["a line moved down", (all) => all.toSpliced(3, 1).toSpliced(6, 0, all[3] ?? ""), [["swapped", 3]]],
  ["the end cut off", (all) => all.slice(0, 7), [["tail_cut", 7]]],
  ["everything cut off", () => [], [["tail_cut", 0]]],
  ["a line edited and all hashed anew", (all) => rehash(all.with(7, edit(all[7])), 7), [["rehashed", 5]]],
  ["all of it hashed anew", (all) => rehash(all.with(1, edit(all[1])), 0), [["rehashed", 0]]],
];

describe("the report names", () => {
  it.each(TAMPERINGS)("%s", async (_, change, expected) => {
    write(change(await written()));
    expect(await report()).toMatchObject({ ok: false });
    expect(await problems()).toEqual(expected);
  });

  it("a line edited and another one missing", async () => {
    const all = await written();
    write(all.with(2, edit(all[2])).toSpliced(6, 1));
    expect(await problems()).toEqual([
      ["edited", 2],
      ["missing", 6],
    ]);
  });

  it("a torn last line", async () => {
    await written();
    appendFileSync(path(), '{"timestamp":"2026-');
    expect(await problems()).toEqual([["torn", 10]]);
  });

  it("half of the last line, as what is left of a cut", async () => {
    await written();
    truncateSync(path(), readFileSync(path()).length - 100);
    expect(await problems()).toEqual([
      ["tail_cut", 9],
      ["torn", 9],
    ]);
  });

  it("a log without checkpoints: unsigned is no pass", async () => {
    await written();
    rmSync(checkpoints());
    expect(await problems()).toEqual([["unsigned", 0]]);
  });

  it("the lines that the last checkpoints vouched for, when those are gone", async () => {
    await written();
    const notes = readFileSync(checkpoints(), "utf8").split("\nagentloop");
    writeFileSync(checkpoints(), notes.slice(0, -1).join("\nagentloop"));
    expect(await problems()).toEqual([["unsigned", 5]]);
  });

  it("a rewritten end even if its checkpoints were taken away, because the server's log knows it", async () => {
    const all = await written();
    write(rehash(all.with(7, edit(all[7])), 7));
    const notes = readFileSync(checkpoints(), "utf8").split("\nagentloop");
    writeFileSync(checkpoints(), notes.slice(0, -1).join("\nagentloop"));
    expect(await problems()).toEqual([
      ["rehashed", 5],
      ["unsigned", 5],
    ]);
  });

  it("a log that was put back to an older state together with its checkpoints", async () => {
    const all = await written();
    write(all.slice(0, 5));
    const notes = readFileSync(checkpoints(), "utf8").split("\nagentloop");
    writeFileSync(checkpoints(), notes.slice(0, -1).join("\nagentloop"));
    expect(await problems()).toEqual([["tail_cut", 5]]);
  });

  it("a log that was signed with another key", async () => {
    await written();
    const told = await verifySession(folder, ID, [signingKeyOf("0b".repeat(32))]);
    expect(told?.problems.map(({ kind }) => kind)).toEqual(["wrong_key"]);
  });

  it("a forged signature", async () => {
    await written();
    writeFileSync(checkpoints(), readFileSync(checkpoints(), "utf8").replaceAll(/^10$/gm, "11"));
    expect(await problems()).toEqual([["unsigned", 5]]);
  });

  it("another session's log under this one's name", async () => {
    const log = store.create(idOf(2));
    await log.end();
    await written();
    for (const ending of ["jsonl", "checkpoint"]) {
      renameSync(join(folder, `${idOf(2)}.${ending}`), join(folder, `${ID}.${ending}`));
    }
    expect((await problems()).map(([kind]) => kind)).toEqual(["unsigned", "tail_cut"]);
  });

  it("a session whose file is gone, and one that was put there", async () => {
    await written();
    renameSync(path(), join(folder, `${idOf(5)}.jsonl`));
    const reports = await collect(verifyAll(folder, keys));
    expect(reports.map(({ session_id, ok }) => [session_id, ok])).toEqual([
      ["server", true],
      [ID, false],
      [idOf(5), false],
    ]);
    expect(reports[1]?.problems.map(({ kind }) => kind)).toEqual(["file_gone"]);
    expect(reports[2]?.problems.map(({ kind }) => kind)).toContain("unrecorded");
  });

  it("the server's own log, when it was changed or is gone", async () => {
    await written();
    await store.close();
    const server = join(folder, "server.jsonl");
    const text = readFileSync(server, "utf8");
    writeFileSync(server, text.replace('"size":10', '"size":11'));
    const [first] = await collect(verifyAll(folder, keys));
    expect(first).toMatchObject({ session_id: "server", ok: false, problems: [{ kind: "edited", seq: 1 }] });
    rmSync(server);
    const [second] = await collect(verifyAll(folder, keys));
    expect(second).toMatchObject({ session_id: "server", problems: [{ kind: "file_gone" }] });
  });
});

it("the helper of these tests makes lines that stand on their own", async () => {
  const all = rehash(await written(), 0);
  for (const line of all) expect(checkLine(cutLine(Buffer.from(line)) ?? fail())).toBe("whole");
});

const fail = (): never => {
  throw new Error("no line");
};
