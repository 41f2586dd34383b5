import { createHash } from "node:crypto";
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Command, ProcessEvent, Sandbox } from "../../contract/sandbox.ts";
import { createUnconfinedSandbox } from "../../sandboxes/unconfined.ts";
import { collect, createTestWorkspace, type TestWorkspace } from "../test-workspace.ts";
import { shellTool } from "./tool.ts";

let workspace: TestWorkspace;
const environment = { PATH: "/usr/bin:/bin" };
beforeEach(() => {
  workspace = createTestWorkspace({ "a.txt": "a\n" }, createUnconfinedSandbox({ environment }));
});
afterEach(() => workspace.remove());

const parse = (args: unknown) => shellTool.schema.parse(args);
const run = (args: unknown, signal = new AbortController().signal) =>
  collect(shellTool.run(parse(args), workspace.context, signal));
const script = (text: string) => run({ command: ["bash", "-lc", text] });
const hash = (text: string | Uint8Array) => createHash("sha256").update(text).digest("hex");

/** A sandbox that plays these events: for bytes that come in exactly these pieces. */
function played(events: ProcessEvent[], seen: Command[] = []): Sandbox {
  return {
    mode: "workspace-write",
    async *run(command) {
      seen.push(command);
      yield* events;
    },
  };
}

const output = (stream: "stdout" | "stderr", data: Uint8Array): ProcessEvent => ({
  type: "output",
  stream,
  data,
});
const EXIT: ProcessEvent = {
  type: "exit",
  exitCode: 0,
  signal: null,
  timedOut: false,
  outputLimit: false,
  durationMs: 1234,
};

describe("the shell tool", () => {
  it("runs a vector in the workspace and tells output, exit code and facts", async () => {
    const { deltas, result } = await run({ command: ["cat", "a.txt", "missing"] });
    expect(result.output).toMatch(/^a\ncat: missing: .*\n$/);
    expect(deltas.join("")).toBe(result.output);
    expect(result.metadata).toEqual({ exit_code: 1, duration_seconds: expect.any(Number) });
    expect(result.facts).toMatchObject({
      argv: ["cat", "a.txt", "missing"],
      cwd: workspace.path,
      sandbox: "danger-full-access",
      exit_code: 1,
      signal: null,
      timed_out: false,
      stdout: { bytes: 2, sha256: hash("a\n") },
      truncated: false,
    });
  });

  it("runs a script without start-up files", async () => {
    const { result } = await script("shopt -q login_shell && echo login; echo $-; echo $0");
    expect(result.output).not.toMatch(/login|i/);
    expect(result.facts?.argv?.slice(0, 4)).toEqual(["bash", "--noprofile", "--norc", "-c"]);
  });

  it("takes the command as one string, and timeout for timeout_ms, and null for nothing", async () => {
    expect(parse({ command: "echo 1 | cat", timeout: 5000, workdir: null })).toEqual({
      command: ["bash", "-c", "echo 1 | cat"],
      timeout_ms: 5000,
    });
    expect((await run({ command: "echo 1 | cat" })).result.output).toBe("1\n");
  });

  it("tells a program that does not exist by its exit code and in words", async () => {
    const { result } = await run({ command: ["no-such-program-here"] });
    expect(result.metadata.exit_code).toBe(127);
    expect(result.output).toContain("no-such-program-here");
  });

  it("closes standard input", async () => {
    expect((await script('read -r line; echo "$? <$line>"')).result.output).toBe("1 <>\n");
  });

  it("ends a command after its time and says so", async () => {
    const { result } = await run({ command: "echo begun; exec sleep 60", timeout_ms: 300 });
    expect(result.output).toBe("begun\n[The command did not end within 0.3 seconds and was ended.]");
    expect(result.metadata).toMatchObject({ exit_code: null, timed_out: true, signal: expect.any(String) });
    expect(result.facts?.timed_out).toBe(true);
  });

  it("ends a cancelled command and still tells what it wrote", async () => {
    const abort = new AbortController();
    let told: unknown;
    for await (const event of shellTool.run(
      parse({ command: "echo begun; exec sleep 60" }),
      workspace.context,
      abort.signal,
    )) {
      if (event.type === "output") abort.abort();
      else told = event;
    }
    expect(told).toMatchObject({
      output: "begun\n[The command was cancelled before it ended.]",
      metadata: { exit_code: null },
      facts: { stdout: { bytes: 6 } },
    });
  });

  it("tells a signal in words and without an exit code", async () => {
    const { result } = await script("echo x; kill -TERM $$");
    expect(result.output).toBe("x\n[The command was ended by signal SIGTERM.]");
    expect(result.metadata).toMatchObject({ exit_code: null, signal: "SIGTERM" });
  });

  it("keeps head and tail of endless output, and hashes what it did not keep", async () => {
    workspace.context.maxOutputBytes = 2000;
    const { result } = await script("seq 1 200000; echo end >&2");
    const all = Array.from({ length: 200_000 }, (_, index) => `${index + 1}\n`).join("");
    expect(Buffer.byteLength(result.output)).toBeLessThanOrEqual(2000);
    expect(result.output).toMatch(/^1\n2\n[^]*\n\[\.\.\. \d+ bytes left out \.\.\.\]\n[^]*\n200000\n/);
    expect(result.output).toContain("end\n");
    expect(result.metadata).toMatchObject({ exit_code: 0, truncated: true });
    expect(result.facts?.stdout).toEqual({ bytes: all.length, sha256: hash(all) });
    expect(result.facts?.stderr).toEqual({ bytes: 4, sha256: hash("end\n") });
  });

  it("says when the sandbox ended a command that wrote too much", async () => {
    workspace.context.sandbox = createUnconfinedSandbox({ environment, limits: { outputBytes: 10_000 } });
    const { result } = await script("yes");
    expect(result.output).toMatch(/\[The command wrote more than is allowed and was ended\.\]$/);
    expect(result.facts?.stdout?.bytes).toBe(10_000);
  });
});

describe("output in pieces", () => {
  const collectPlayed = (...events: ProcessEvent[]) =>
    collect(
      shellTool.run(
        parse({ command: ["x"] }),
        { ...workspace.context, sandbox: played([...events, EXIT]) },
        new AbortController().signal,
      ),
    );

  it("is told in order of arrival, each stream with its own unfinished characters", async () => {
    const bytes = Buffer.from("é😀");
    const { deltas, result } = await collectPlayed(
      output("stdout", bytes.subarray(0, 1)),
      output("stderr", bytes.subarray(2, 4)),
      output("stdout", bytes.subarray(1, 2)),
      output("stderr", bytes.subarray(4)),
      output("stdout", Buffer.from("z")),
    );
    expect(deltas).toEqual(["é", "😀", "z"]);
    expect(result.output).toBe("é😀z");
    expect(result.metadata).toEqual({ exit_code: 0, duration_seconds: 1.2 });
  });

  it("has U+FFFD for invalid bytes, for NUL, and for a character that never ends", async () => {
    const data = Buffer.from([0x61, 0xff, 0x62, 0x00, 0x63, 0xe2, 0x82]);
    const { deltas, result } = await collectPlayed(output("stdout", data));
    expect(result.output).toBe("a\uFFFDb\uFFFDc\uFFFD");
    expect(deltas.join("")).toBe(result.output);
    expect(result.facts?.stdout).toEqual({ bytes: 7, sha256: hash(data) });
  });

  it("keeps a byte order mark", async () => {
    expect((await collectPlayed(output("stdout", Buffer.from("\uFEFFx")))).result.output).toBe("\uFEFFx");
  });
});

describe("the folder and the time of a command", () => {
  async function commandOf(args: object): Promise<Command | undefined> {
    const seen: Command[] = [];
    const context = { ...workspace.context, sandbox: played([EXIT], seen) };
    await collect(shellTool.run(parse({ command: ["x"], ...args }), context, new AbortController().signal));
    return seen[0];
  }

  it("are the workspace and the default time unless the model says otherwise", async () => {
    expect(await commandOf({})).toMatchObject({ cwd: workspace.path, timeoutMs: 10_000, readOnly: false });
    expect(await commandOf({ timeout_ms: 50 })).toMatchObject({ timeoutMs: 50 });
    expect(await commandOf({ timeout_ms: 15_000 })).toMatchObject({ timeoutMs: 15_000 });
    expect(await commandOf({ timeout_ms: 9e9 })).toMatchObject({ timeoutMs: 20_000 });
  });

  it("follow links that stay inside the workspace", async () => {
    mkdirSync(join(workspace.path, "sub/deep"), { recursive: true });
    symlinkSync("sub", join(workspace.path, "way"));
    for (const workdir of ["way/deep", "./sub//deep/", join(workspace.path, "sub/deep")]) {
      expect((await commandOf({ workdir }))?.cwd).toBe(join(workspace.path, "sub/deep"));
    }
    expect((await commandOf({ workdir: "." }))?.cwd).toBe(workspace.path);
  });

  it.each([
    [
      "missing",
      /workdir: expected an existing folder inside the workspace .*, got "missing": it does not exist/,
    ],
    ["a.txt", /"a\.txt": it is a file/],
    ["a.txt/x", /a part of it is a file/],
    ["..", /it leads to /],
    ["../outside", /it leads to .*outside/],
    ["/", /it leads to \/$/],
    ["out", /it leads to .*outside/],
    ["workspace-beside", /it does not exist/],
  ])("are refused for %s", async (workdir, says) => {
    symlinkSync(workspace.outside, join(workspace.path, "out"));
    mkdirSync(`${workspace.path}-beside`);
    const refused = { name: "ToolError", message: expect.stringMatching(says) };
    await expect(run({ command: ["ls"], workdir })).rejects.toMatchObject(refused);
    await expect(
      shellTool.assess(parse({ command: ["ls"], workdir }), workspace.context),
    ).rejects.toMatchObject(refused);
  });

  it("refuse a folder beside the workspace whose name begins like it", async () => {
    mkdirSync(`${workspace.path}-beside`);
    await expect(run({ command: ["ls"], workdir: `${workspace.path}-beside` })).rejects.toThrow(
      /it leads to/,
    );
  });
});

describe("the assessment of a shell call", () => {
  const assess = (args: object) => shellTool.assess(parse(args), workspace.context);

  it("shows the command as it was asked for, and its folder", async () => {
    mkdirSync(join(workspace.path, "sub"));
    expect(await assess({ command: ["bash", "-lc", "ls"], workdir: "sub" })).toMatchObject({
      effect: "read",
      command: ["bash", "-lc", "ls"],
      cwd: realpathSync(join(workspace.path, "sub")),
    });
  });

  it("is the same for ALWAYS only with the same vector, folder and sandbox", async () => {
    mkdirSync(join(workspace.path, "sub"));
    writeFileSync(join(workspace.path, "sub/a"), "");
    const { sameAs } = await assess({ command: ["ls", "-l"] });
    expect((await assess({ command: ["ls", "-l"], workdir: ".", timeout_ms: 5 })).sameAs).toBe(sameAs);
    expect((await assess({ command: ["ls", "-l", "a"] })).sameAs).not.toBe(sameAs);
    expect((await assess({ command: ["ls -l"] })).sameAs).not.toBe(sameAs);
    expect((await assess({ command: ["ls", "-l"], workdir: "sub" })).sameAs).not.toBe(sameAs);
    workspace.context.sandbox = played([EXIT]);
    expect((await assess({ command: ["ls", "-l"] })).sameAs).not.toBe(sameAs);
  });
});
