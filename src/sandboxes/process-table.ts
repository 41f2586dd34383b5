import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { promisify } from "node:util";

export interface ProcessEntry {
  pid: number;
  parent: number;
  group: number;
  /** 0 where the system does not tell. */
  session: number;
  /** As started; empty for other users' processes. */
  environment: string;
}

/** All living processes that we may look at. The dead that nobody has collected yet are left out. */
export async function listProcesses(): Promise<ProcessEntry[]> {
  return process.platform === "linux" ? fromProc() : fromPs();
}

/** Files of the kernel's making, read in microseconds: asking another thread for each would take ten times as long. */
function fromProc(): ProcessEntry[] {
  return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? readEntry(name) : []));
}

/** See proc(5), /proc/pid/stat: the program's name stands in parentheses and may hold anything. */
function readEntry(pid: string): ProcessEntry | [] {
  const status = read(`/proc/${pid}/stat`);
  const [state, parent, group, session] = status.slice(status.lastIndexOf(")") + 2).split(" ");
  if (!status || state === "Z" || state === "X") return [];
  return {
    pid: Number(pid),
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    environment: read(`/proc/${pid}/environ`),
  };
}

/** Empty when the process is gone, or another user's. */
function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

async function fromPs(): Promise<ProcessEntry[]> {
  const { stdout } = await promisify(execFile)("ps", PS_ARGUMENTS, { maxBuffer: 64 << 20 });
  return parsePs(stdout);
}

export const PS_ARGUMENTS = ["axeww", "-o", "pid=,ppid=,pgid=,stat=,command="];

/** Reads what `ps` prints: with `e` the environment follows the command. */
export function parsePs(text: string): ProcessEntry[] {
  const entries: ProcessEntry[] = [];
  for (const line of text.split("\n")) {
    const [, pid, parent, group, state, environment] =
      /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    if (pid === undefined || state === undefined || state.startsWith("Z")) continue;
    entries.push({
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      session: 0,
      environment: environment ?? "",
    });
  }
  return entries;
}
