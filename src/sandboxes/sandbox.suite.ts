import { mkdir, readFile, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Sandbox } from "../contract/sandbox.ts";
import { processesWith, runCommand, until, type Result, type RunOptions } from "../testing/run-command.ts";
import type { Limits } from "./limits.ts";

export interface SandboxUnderTest {
  /** A new sandbox over a new workspace that its commands own. */
  create: (options?: {
    limits?: Partial<Limits>;
    environment?: Record<string, string>;
  }) => Promise<{ sandbox: Sandbox; workspace: string }>;
}

/** What every sandbox keeps to. */
export function sandboxSuite(name: string, { create }: SandboxUnderTest): void {
  const run = async (script: string, more: Partial<RunOptions> = {}): Promise<Result> => {
    const { sandbox, workspace } = await create();
    return runCommand(sandbox, ["bash", "-c", script], { cwd: workspace, ...more });
  };

  describe(`${name}: a command`, () => {
    it("tells both streams apart, and its exit code", async () => {
      const result = await run("echo out; echo err >&2; exit 3");
      expect(result).toMatchObject({ stdout: "out\n", stderr: "err\n" });
      expect(result.exit).toMatchObject({ exitCode: 3, signal: null, timedOut: false, outputLimit: false });
      expect(result.exit.durationMs).toBeGreaterThan(0);
    });

    it("starts in its folder", async () => {
      const { sandbox, workspace } = await create();
      const result = await runCommand(sandbox, ["pwd"], { cwd: workspace });
      expect(result.stdout).toBe(`${workspace}\n`);
    });

    it("finds its standard input closed", async () => {
      expect((await run("cat; echo end")).stdout).toBe("end\n");
    });

    it("reads what it is given, to the end", async () => {
      const stdin = "a line\n".repeat(50_000);
      expect((await run("wc -c", { stdin })).stdout.trim()).toBe(`${stdin.length}`);
    });

    it("may end without reading what it is given", async () => {
      expect((await run("exec <&-; exit 4", { stdin: "x".repeat(1 << 20) })).exit.exitCode).toBe(4);
    });

    it("that does not exist is exit code 127 with a line on stderr", async () => {
      const { sandbox, workspace } = await create();
      for (const program of ["no-such-program", "exit"]) {
        const result = await runCommand(sandbox, [program, "0"], { cwd: workspace });
        expect(result.exit).toMatchObject({ exitCode: 127, signal: null });
        expect(result.stderr).toMatch(new RegExp(`^.*${program}.*not found\n$`));
      }
    });

    it("that may not be executed is exit code 126", async () => {
      const { sandbox, workspace } = await create();
      const result = await runCommand(sandbox, ["/etc/passwd"], { cwd: workspace });
      expect(result.exit.exitCode).toBe(126);
      expect(result.stderr).toMatch(/permission denied/i);
    });

    it("whose folder has vanished is exit code 126 with a line that names it", async () => {
      const { sandbox, workspace } = await create();
      const folder = join(workspace, "folder");
      await mkdir(folder);
      await rmdir(folder);
      const result = await runCommand(sandbox, ["true"], { cwd: folder });
      expect(result.exit).toMatchObject({ exitCode: 126, signal: null });
      expect(result.stderr).toContain(folder);
    });

    it("that a signal ended is told with the signal's name", async () => {
      for (const signal of ["SIGTERM", "SIGSEGV", "SIGKILL"]) {
        const result = await run(`kill -${signal.slice(3)} $$`);
        expect(result.exit).toMatchObject({ exitCode: null, signal, timedOut: false });
        expect(result.stderr).toBe("");
      }
    });

    it("keeps an exit code of its own above 128", async () => {
      expect((await run("exit 129")).exit).toMatchObject({ exitCode: 129, signal: null });
      expect((await run("exit 255")).exit).toMatchObject({ exitCode: 255, signal: null });
    });

    it("sees the allowed part of the environment and nothing else", async () => {
      const environment = {
        LANG: "C.UTF-8",
        LC_ALL: "C",
        OPENAI_API_KEY: "sk-secret",
        HOME: "/home/me",
        NODE_OPTIONS: "",
      };
      const { sandbox, workspace } = await create({ environment });
      const { stdout } = await runCommand(sandbox, ["env"], { cwd: workspace });
      const names = stdout
        .trim()
        .split("\n")
        .map((line) => line.split("=")[0] ?? "");
      expect(stdout).toContain("LC_ALL=C\n");
      expect(names.filter((name) => !ENVIRONMENT.includes(name))).toEqual([]);
    });

    it("may write to its streams by their names", async () => {
      const result = await run(
        "echo out > /dev/stdout; echo err | tee /dev/stderr > /dev/null; cat /dev/stdin",
        {
          stdin: "in\n",
        },
      );
      expect(result).toMatchObject({ stdout: "out\nin\n", stderr: "err\n" });
    });
  });

  describe(`${name}: an end`, () => {
    /** Three daemons: one in the background, one in a session of its own, one whose parent is gone as well. */
    const daemons = (mark: string) =>
      `sleep ${mark} & setsid nohup sleep ${mark} >/dev/null 2>&1 & (setsid setsid sleep ${mark} >/dev/null 2>&1 &);` +
      `while [ $(pgrep -fxc "sleep ${mark}") -lt 3 ]; do :; done; echo up;`;
    const lifetime = () => `${1_000_000 + Math.floor(Math.random() * 1e9)}`;

    it("by exit leaves no descendant", async () => {
      const mark = lifetime();
      const result = await run(`${daemons(mark)} exit 5`);
      expect(result.exit.exitCode).toBe(5);
      expect(await processesWith(mark)).toEqual([]);
    });

    it("by time leaves no descendant and says so", async () => {
      const mark = lifetime();
      const result = await run(`${daemons(mark)} wait`, { timeoutMs: 1500 });
      expect(result.stdout).toBe("up\n");
      expect(result.exit).toMatchObject({ exitCode: null, signal: "SIGKILL", timedOut: true });
      expect(await processesWith(mark)).toEqual([]);
    });

    it("by abort leaves no descendant, and nothing of the command goes on", async () => {
      const mark = lifetime();
      const { sandbox, workspace } = await create();
      const abort = new AbortController();
      const script = `${daemons(mark)} sleep 60; touch went-on`;
      const result = await runCommand(sandbox, ["bash", "-c", script], {
        cwd: workspace,
        signal: abort.signal,
        onOutput: () => abort.abort(),
      });
      expect(result.exit).toMatchObject({ exitCode: null, signal: "SIGKILL", timedOut: false });
      expect(await processesWith(mark)).toEqual([]);
      await expect(readFile(join(workspace, "went-on"))).rejects.toThrow("ENOENT");
    });

    it("by abort may come while the command starts", async () => {
      const { sandbox, workspace } = await create();
      const abort = new AbortController();
      const running = runCommand(sandbox, ["sleep", "60"], { cwd: workspace, signal: abort.signal });
      abort.abort();
      expect((await running).exit).toMatchObject({ exitCode: null, signal: "SIGKILL", timedOut: false });
    });

    it("by the reader's leaving leaves no descendant", async () => {
      const mark = lifetime();
      const { sandbox, workspace } = await create();
      const argv = ["bash", "-c", `${daemons(mark)} wait`] as const;
      const signal = new AbortController().signal;
      for await (const event of sandbox.run({ argv, cwd: workspace, timeoutMs: 60_000 }, signal)) {
        if (event.type === "output") break;
      }
      expect(await processesWith(mark)).toEqual([]);
    });

    it("comes before the beginning when the signal has fired already", async () => {
      const { sandbox, workspace } = await create();
      const signal = AbortSignal.abort();
      const result = await runCommand(sandbox, ["touch", "ran"], { cwd: workspace, signal });
      expect(result.exit).toMatchObject({ exitCode: null, signal: "SIGKILL" });
      await expect(readFile(join(workspace, "ran"))).rejects.toThrow("ENOENT");
    });
  });

  describe(`${name}: output`, () => {
    it("beyond the limit ends the process", async () => {
      const { sandbox, workspace } = await create({ limits: { outputBytes: 100_000 } });
      const result = await runCommand(sandbox, ["yes"], { cwd: workspace });
      expect(result.stdout).toHaveLength(100_000);
      expect(result.exit).toMatchObject({
        exitCode: null,
        signal: "SIGKILL",
        outputLimit: true,
        timedOut: false,
      });
    });

    it("of exactly the limit passes", async () => {
      const { sandbox, workspace } = await create({ limits: { outputBytes: 100_000 } });
      const result = await runCommand(sandbox, ["head", "-c", "100000", "/dev/zero"], { cwd: workspace });
      expect(result.stdout).toHaveLength(100_000);
      expect(result.exit).toMatchObject({ exitCode: 0, outputLimit: false });
    });

    it("is complete however fast the process ends", async () => {
      expect((await run("head -c 3000000 /dev/zero | tr '\\0' x")).stdout).toHaveLength(3_000_000);
    });

    it("that nobody reads makes the process wait", async () => {
      const { sandbox, workspace } = await create();
      const script = "for i in $(seq 60); do head -c 300000 /dev/zero; echo $i > progress; done";
      const signal = new AbortController().signal;
      const events = sandbox.run({ argv: ["bash", "-c", script], cwd: workspace, timeoutMs: 60_000 }, signal);
      const reader = events[Symbol.asyncIterator]();
      let bytes = lengthOf(await reader.next());
      const reached = await standstill(async () =>
        Number(await readFile(join(workspace, "progress"), "utf8").catch(() => 0)),
      );
      expect(reached).toBeLessThan(10);
      for (let next = await reader.next(); next.done !== true; next = await reader.next())
        bytes += lengthOf(next);
      expect(bytes).toBe(18_000_000);
    });

    it("of twenty commands at once is not mixed up", async () => {
      const { sandbox, workspace } = await create();
      const commands = Array.from({ length: 20 }, async (_, index) => {
        const script = `echo ${index} > file-${index}; for i in 1 2 3; do echo ${index}; done; exit ${index}`;
        return runCommand(sandbox, ["bash", "-c", script], { cwd: workspace });
      });
      for (const [index, result] of (await Promise.all(commands)).entries()) {
        expect(result).toMatchObject({ stdout: `${index}\n`.repeat(3), exit: { exitCode: index } });
        expect(await readFile(join(workspace, `file-${index}`), "utf8")).toBe(`${index}\n`);
      }
    });
  });
}

/** The last four are what shells add by themselves. */
const ENVIRONMENT = "PATH LANG LC_ALL TERM HOME TMPDIR AGENTLOOP_RUN PWD OLDPWD SHLVL _".split(" ");

type Next = IteratorResult<{ type: string; data?: Uint8Array }>;

function lengthOf(next: Next): number {
  return next.done === true ? 0 : (next.value.data?.length ?? 0);
}

/** The value at which something that grows has come to rest. */
async function standstill(measure: () => Promise<number>): Promise<number> {
  let last = -1;
  let same = 0;
  await until(async () => {
    const now = await measure();
    same = now === last ? same + 1 : 0;
    last = now;
    await delay(20);
    return same >= 8;
  });
  return last;
}
