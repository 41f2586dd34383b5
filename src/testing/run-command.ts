import { readdir, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Command, ProcessEvent, Sandbox } from "../contract/sandbox.ts";

export interface Result {
  stdout: string;
  stderr: string;
  exit: Extract<ProcessEvent, { type: "exit" }>;
}

export interface RunOptions extends Partial<Omit<Command, "argv">> {
  cwd: string;
  signal?: AbortSignal;
  onOutput?: () => void;
}

/** Runs a command to its end. */
export async function runCommand(
  sandbox: Sandbox,
  argv: Command["argv"],
  options: RunOptions,
): Promise<Result> {
  const { signal = new AbortController().signal, onOutput, ...command } = options;
  const chunks: Record<"stdout" | "stderr", Uint8Array[]> = { stdout: [], stderr: [] };
  let exit: Result["exit"] | undefined;
  for await (const event of sandbox.run({ argv, timeoutMs: 60_000, ...command }, signal)) {
    if (event.type === "exit") {
      exit = event;
      continue;
    }
    chunks[event.stream].push(event.data);
    onOutput?.();
  }
  if (exit === undefined) throw new Error("The stream ended without an exit.");
  return {
    stdout: Buffer.concat(chunks.stdout).toString(),
    stderr: Buffer.concat(chunks.stderr).toString(),
    exit,
  };
}

/** The living processes of this machine that have `word` as an argument. */
export async function processesWith(word: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (line.split("\0").includes(word)) found.push(`${pid} ${line.replaceAll("\0", " ")}`);
  }
  return found;
}

/** Waits, ten seconds at most, until something holds. */
export async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Still not after ten seconds: ${holds.toString()}`);
    await delay(5);
  }
}
