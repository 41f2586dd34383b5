import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLogStore } from "../audit/log.ts";
import { runCommand } from "./cli.ts";

const idOf = (number: number) => number.toString(16).padStart(32, "0");

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "agentloop-archive-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A session that has ended. */
async function write(number: number): Promise<string> {
  const store = createLogStore({ folder });
  await store.create(idOf(number)).end();
  await store.close();
  return idOf(number);
}

async function run(words: string[]) {
  let out = "";
  let said = "";
  const code = await runCommand(words, {
    settings: () => ({ sessionStorePath: folder, auditSigningKey: undefined, auditWitnessUrl: undefined }),
    terminal: {
      out: async (text) => void (out += Buffer.from(text).toString()),
      say: (text) => (said += text),
      columns: undefined,
      isWatched: false,
      stop: new AbortController().signal,
    },
  });
  return { code, out, said };
}

/** Who read or changed what, as the server's log tells it. */
const readsIn = (log: string) =>
  log
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter(({ message_data }) => message_data.event === "read")
    .map(({ message_data: { event: _event, ...fact } }) => fact);

describe("archiving and holding by command", () => {
  it("puts on the record who is archived, held and released", async () => {
    const [one, two] = [await write(1), await write(2)];
    await run(["hold", one]);
    await run(["hold", one, "--release"]);
    await run(["archive", one]);
    await run(["archive", "--older-than", "0"]);
    expect(readsIn(readFileSync(join(folder, "server.jsonl"), "utf8"))).toEqual([
      { action: "hold", session_id: one },
      { action: "release", session_id: one },
      { action: "archive", session_id: one },
      { action: "archive", session_id: two, query: { older_than_days: "0" } },
    ]);
  });

  it("says which old session could not be archived, and fails", async () => {
    await write(1);
    await write(2);
    mkdirSync(join(folder, "archive", `${idOf(1)}.jsonl`), { recursive: true });
    const { code, out, said } = await run(["archive", "--older-than", "0"]);
    expect([code, out]).toEqual([1, "1 sessions archived\n"]);
    expect(said).toContain(idOf(1));
  });

  it.each([
    [["archive"], "DELETE /sessions/ID"],
    [["hold"], "PUT /sessions/ID/hold"],
    [["hold", "--release"], "DELETE /sessions/ID/hold"],
  ])("leaves %j to a server that runs, and says how", async (words, request) => {
    const id = await write(1);
    const store = createLogStore({ folder });
    await store.recover();
    expect(await run([...words, id])).toMatchObject({ code: 1, said: expect.stringContaining(request) });
    expect((await store.records.summary(id))?.legal_hold).toBe(false);
    await store.close();
  });
});
