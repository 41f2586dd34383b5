import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLogStore } from "../audit/log.ts";
import { isLogCommand, runCommand } from "./cli.ts";

const idOf = (number: number) => number.toString(16).padStart(32, "0");
const NO_SETTINGS = { sessionStorePath: undefined, auditSigningKey: undefined, auditWitnessUrl: undefined };
const EVIL = "\u001b[2J\u009b31m\u202eevil\r\nline";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "agentloop-cli-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A session that has ended, with something in it that no terminal should get. */
async function write(number: number, words = "tidy up", signingKey?: string): Promise<string> {
  const store = createLogStore({ folder, signingKey });
  const log = store.create(idOf(number));
  log.append(
    "incoming",
    JSON.stringify({ id: "1", type: "user_input", payload: { input: `${words} ${EVIL}` } }),
  );
  const question = {
    command: ["rm", EVIL],
    callId: "c",
    tool: "shell",
    cwd: "/",
    reason: EVIL,
    risk: "low",
    expiresAt: "t",
  };
  log.append("outgoing", JSON.stringify({ id: "q", type: "approval_request", payload: question }));
  await log.end();
  await store.close();
  return idOf(number);
}

async function run(
  arguments_: string[],
  { columns, stop, signingKey }: { columns?: number; stop?: AbortController; signingKey?: string } = {},
) {
  let out = "";
  let said = "";
  const lines: (() => void)[] = [];
  const code = await runCommand([...arguments_, "--store", folder], {
    settings: () => ({ ...NO_SETTINGS, auditSigningKey: signingKey }),
    terminal: {
      out: (text) => {
        out += Buffer.from(text).toString();
        for (const told of lines) told();
        return Promise.resolve();
      },
      say: (text) => (said += text),
      columns,
      isWatched: columns !== undefined,
      stop: (stop ?? new AbortController()).signal,
    },
  });
  // The only bytes of command that a terminal gets are ours: those that begin a line anew.
  expect((out + said).replaceAll("\r\u001b[2K", "")).not.toMatch(
    /[^\P{Cc}\n]|[\p{Bidi_Control}\p{Zl}\p{Zp}]/u,
  );
  return { code, out, said };
}

/** The command in a process of its own, its results through a pipe. */
function start(words: string[], into = "cat") {
  const script = `
    import { runCommand } from ${JSON.stringify(new URL("./cli.ts", import.meta.url).href)};
    import { processTerminal } from ${JSON.stringify(new URL("./terminal.ts", import.meta.url).href)};
    const terminal = processTerminal();
    const settings = () => (${JSON.stringify(NO_SETTINGS)});
    process.exitCode = await runCommand(process.argv.slice(1), { terminal, settings });
  `;
  const shell = `set -o pipefail; "$@" | ${into}`;
  const node = [process.execPath, "--input-type=module", "-e", script, ...words];
  const child = spawn("bash", ["-c", shell, "bash", ...node], { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let said = "";
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => (said += chunk));
  const ended = once(child, "close").then(([code]) => ({ code: code as number, out, said }));
  return { stdout: child.stdout, ended };
}

const parsed = (out: string) =>
  out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("the command line", () => {
  it("knows the commands on logs from the flags of the server", () => {
    expect(
      ["sessions", "show", "tail", "verify", "export", "erase", "archive", "hold", "search"].every((name) =>
        isLogCommand([name]),
      ),
    ).toBe(true);
    for (const none of [[], ["--port", "1"], ["serve"], ["constructor"], ["toString"]])
      expect(isLogCommand(none)).toBe(false);
  });

  it("lists and finds sessions, for people and for programs", async () => {
    await write(1, "apples");
    await write(2, "pears");
    const { code, out } = await run(["sessions"], { columns: 100 });
    expect(code).toBe(0);
    const [head, first] = out.split("\n");
    expect(head).toMatch(/^SESSION +STARTED +STATE/);
    expect(first).toMatch(new RegExp(`^${idOf(2)} .*ended`));
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(parsed((await run(["sessions", "--json", "--q", "apples"])).out)).toMatchObject([
      { session_id: idOf(1), event_count: 4, approvals: 1 },
    ]);
    expect(parsed((await run(["search", "pears", "--json"])).out)).toMatchObject([
      { session_id: idOf(2), seq: 1 },
    ]);
    expect((await run(["search", "tidy OR NOT *"])).code).toBe(0);
  });

  it("shows a session with its approvals, and its last lines", async () => {
    const id = await write(1);
    const { out } = await run(["show", id]);
    expect(out).toContain("event_count                 4");
    expect(out).toMatch(/2 +20.* +open +- +shell/);
    expect(parsed((await run(["show", id, "--json"])).out)).toMatchObject([
      { approval_requests: [{ request_id: "q" }] },
    ]);
    expect((await run(["tail", id])).out.trimEnd().split("\n")).toHaveLength(4);
    expect(parsed((await run(["tail", id, "--after", "2", "--json"])).out)).toMatchObject([{ seq: 3 }]);
  });

  it("follows a session that another process writes, until it has ended", async () => {
    const store = createLogStore({ folder });
    const log = store.create(idOf(1));
    const { stdout, ended } = start(["tail", idOf(1), "--after=-1", "--follow", "--json", "--store", folder]);
    // It follows from the first line that it shows.
    await once(stdout, "data");
    for (let count = 0; count < 50; count += 1) {
      log.append("outgoing", '{"id":"1","type":"status","payload":{}}');
      await new Promise((resolve) => setImmediate(resolve));
    }
    await log.end();
    const { code, out, said } = await ended;
    expect([code, said]).toEqual([0, ""]);
    expect(parsed(out).map(({ seq }) => seq)).toEqual(Array.from({ length: 52 }, (_, seq) => seq));
    await store.close();
  });

  it("verifies: 0 for what is as it was written, 1 for what is not, 2 for nonsense", async () => {
    const id = await write(1);
    await write(2);
    expect(await run(["verify", id])).toMatchObject({ code: 0, out: expect.stringContaining("ok") });
    expect(await run(["verify", "--all"], { columns: 80 })).toMatchObject({
      code: 0,
      out: expect.stringContaining("3 logs verified, 0"),
    });
    const path = join(folder, `${id}.jsonl`);
    writeFileSync(path, readFileSync(path, "utf8").replace("tidy", "mess"));
    expect(await run(["verify", id])).toMatchObject({
      code: 1,
      out: expect.stringContaining("edited at line 1"),
    });
    expect((await run(["verify", "--all", "--json"])).code).toBe(1);
    expect((await run(["verify", idOf(9)])).code).toBe(1);
    for (const words of [[], [id, "--all"], ["x"], [id, "--key", "/nowhere"], [id, "--what"]]) {
      expect((await run(["verify", ...words])).code).toBe(2);
    }
  });

  it("verifies and signs with the key that the server was given", async () => {
    const signingKey = "0a".repeat(32);
    const id = await write(1, "tidy up", signingKey);
    const [verify, erase] = [
      ["verify", "--all"],
      ["erase", id, "1", "--reason", "asked for", "--yes"],
    ];
    for (const words of [verify, erase, verify]) expect((await run(words, { signingKey })).code).toBe(0);
    expect(existsSync(join(folder, "keys"))).toBe(false);
    const other = await run(["verify", "--all"], { signingKey: "0b".repeat(32) });
    expect(other).toMatchObject({ code: 1, out: expect.stringContaining("wrong_key") });
  });

  it("exports to a file of its owner alone, never over another one", async () => {
    const id = await write(1);
    const file = join(folder, "out.md");
    expect((await run(["export", id, "--format", "markdown", "--output", file])).code).toBe(0);
    expect(readFileSync(file, "utf8")).toContain(`# Session \`${id}\``);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await expect(run(["export", id, "--format", "markdown", "--output", file])).rejects.toThrow("EEXIST");
    expect((await run(["export", id, "--format", "jsonl"])).out).toBe(
      readFileSync(join(folder, `${id}.jsonl`), "utf8"),
    );
    expect((await run(["export", id, "--format", "csv"], { columns: 80 })).code).toBe(0);
    expect((await run(["export", id, "--format", "xml"])).code).toBe(2);
  });

  it("archives, holds, releases and erases", async () => {
    const id = await write(1);
    expect((await run(["hold", id])).code).toBe(0);
    expect(await run(["archive", id])).toMatchObject({
      code: 1,
      said: expect.stringContaining("legal hold"),
    });
    expect((await run(["archive", "--older-than", "0"])).out).toBe("0 sessions archived\n");
    expect((await run(["erase", id, "1", "--reason", "asked for", "--yes"])).code).toBe(1);
    expect((await run(["hold", id, "--release"])).code).toBe(0);
    expect((await run(["erase", id, "1", "--reason", "asked for"])).code).toBe(2);
    expect((await run(["erase", id, "1", "--yes"])).code).toBe(2);
    expect((await run(["erase", id, "1", "--reason", "asked for", "--yes"])).code).toBe(0);
    expect(readFileSync(join(folder, `${id}.jsonl`), "utf8")).not.toContain("tidy");
    expect(await run(["verify", id])).toMatchObject({
      code: 0,
      out: expect.stringContaining("line 1 was erased: asked for"),
    });
    expect((await run(["archive", id])).code).toBe(0);
    expect(parsed((await run(["sessions", "--state", "archived", "--json"])).out)).toMatchObject([
      { session_id: id },
    ]);
    expect((await run(["verify", id])).code).toBe(0);
  });

  it.each([
    [["sessions", "--sort", "size"], "--sort: expected one of"],
    [["sessions", "--limit", "none"], "--limit: expected a number"],
    [["sessions", "--since", "yesterday"], "--since: expected a date"],
    [["show"], "got 0 words"],
    [["show", EVIL], "expected a session's id"],
    [["search", "***"], "expected words"],
    [["tail", idOf(1), "--after", "x"], "--after: expected a number"],
    [["archive"], "expected ids of sessions"],
  ])("refuses %j with 2 and says what it expected", async (words, expected) => {
    const { code, said } = await run(words);
    expect(code).toBe(2);
    expect(said).toContain(expected);
    expect(said).toContain("usage: agentloop-server ");
  });

  it("ends quietly when nobody reads on", async () => {
    await write(1);
    appendFileSync(join(folder, `${idOf(2)}.jsonl`), "{}\n".repeat(50_000));
    const { code, said } = await start(
      ["export", idOf(2), "--format", "jsonl", "--store", folder],
      "head -c 10",
    ).ended;
    expect([code, said]).toEqual([0, ""]);
  });
});
