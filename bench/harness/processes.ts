import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";

/** A program that says where it listens. */
export interface Program {
  child: ChildProcess;
  pid: number;
  port: number;
  /** From its start to the line that tells its port, in milliseconds. */
  startMs: number;
  stop(): Promise<void>;
}

export interface Launch {
  argv: readonly string[];
  env?: Record<string, string>;
  cwd?: string;
  /** Finds the port in what it writes. */
  port?: RegExp;
}

/** Starts a Node program and waits until it listens. */
export async function startProgram({
  argv,
  env = {},
  cwd,
  port = /^port (\d+)$/m,
}: Launch): Promise<Program> {
  const begun = performance.now();
  const child = spawn(process.execPath, [...argv], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", HOME: cwd ?? process.env["HOME"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let written = "";
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const read = (bytes: Buffer) => {
    written = (written + bytes.toString()).slice(-10_000);
    const found = port.exec(written)?.[1];
    if (found !== undefined) resolve(Number(found));
  };
  child.stdout.on("data", read);
  child.stderr.on("data", read);
  child.once("exit", (code) => reject(new Error(`${argv.join(" ")} ended with ${code}:\n${written}`)));
  const listening = await promise;
  return {
    child,
    pid: child.pid ?? 0,
    port: listening,
    startMs: performance.now() - begun,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      for (const each of childrenOf(child.pid ?? 0)) process.kill(each, "SIGKILL");
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

/** The processor's time that a process and those below it have used, in microseconds. Those that have ended do not count. */
export function cpuOf(pid: number): number {
  const own = threadsOf(pid).reduce((sum, thread) => sum + nanosecondsOn(`/proc/${pid}/task/${thread}`), 0);
  return own / 1000 + childrenOf(pid).reduce((sum, child) => sum + cpuOf(child), 0);
}

const threadsOf = (pid: number): string[] => listed(`/proc/${pid}/task`);

const nanosecondsOn = (folder: string): number => Number(textOf(`${folder}/schedstat`).split(" ")[0]);

const childrenOf = (pid: number): number[] =>
  threadsOf(pid).flatMap((thread) =>
    textOf(`/proc/${pid}/task/${thread}/children`).split(" ").filter(Boolean).map(Number),
  );

/** Bytes in memory, of a process and those below it. */
export function memoryOf(pid: number): number {
  const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(textOf(`/proc/${pid}/status`))?.[1] ?? 0);
  return kilobytes * 1024 + childrenOf(pid).reduce((sum, child) => sum + memoryOf(child), 0);
}

/** The most that a process had in memory at any time, in bytes. */
export const peakMemoryOf = (pid: number): number =>
  1024 * Number(/^VmHWM:\s+(\d+)/m.exec(textOf(`/proc/${pid}/status`))?.[1] ?? 0);

export const descriptorsOf = (pid: number): number => listed(`/proc/${pid}/fd`).length;

/** A process or a thread may end while it is looked at. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function listed(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
