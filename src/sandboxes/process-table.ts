import { execFile } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { promisify } from "node:util";

export interface ProcessEntry {
  pid: number;
  parent: number;
  group: number;
  /** 0 where the system does not tell. */
  session: number;
  /** As started; empty for other users' processes, and for those that started earlier than was asked for. */
  environment: string;
}

export interface Wanted {
  /** The start of the first one whose environment is wanted, as `startOf` tells it. */
  since?: number;
  /**
   * The process of this number and those that were started after it. For whoever knows that fewer were started since
   * than there are numbers: they go round.
   */
  from?: number;
}

/** All living processes that we may look at. The dead that nobody has collected yet are left out. */
export async function listProcesses(wanted: Wanted = {}): Promise<ProcessEntry[]> {
  return process.platform === "linux" ? fromProc(wanted) : fromPs();
}

/** When a process that lives, or waits to be collected, was started, by the system's own clock; 0 where it does not tell. */
export function startOf(pid: number): number {
  return process.platform === "linux" ? readStatus(`${pid}`).start : 0;
}

/** Files of the kernel's making, read in microseconds: asking another thread for each would take ten times as long. */
function fromProc({ since = 0, from = 0 }: Wanted): ProcessEntry[] {
  const lowest = from <= newestNumber() ? from : 0;
  return readdirSync("/proc").flatMap((name) => (Number(name) >= lowest ? readEntry(name, since) : []));
}

/** See proc(5), /proc/loadavg: the number of the process that was started last. */
const newestNumber = (): number => Number(readShort("/proc/loadavg").split(" ")[4]);

function readEntry(pid: string, since: number): ProcessEntry | [] {
  const { state, start, ...entry } = readStatus(pid);
  if (state === undefined || state === "Z" || state === "X") return [];
  const environment = start < since ? "" : read(`/proc/${pid}/environ`);
  return { pid: Number(pid), ...entry, environment };
}

/** See proc(5), /proc/pid/stat: the program's name stands in parentheses and may hold anything. */
function readStatus(pid: string) {
  const status = readShort(`/proc/${pid}/stat`);
  const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
  const [parent = 0, group = 0, session = 0] = fields.slice(1, 4).map(Number);
  return { state: fields[0] || undefined, parent, group, session, start: Number(fields[19] ?? 0) };
}

const room = Buffer.alloc(4096);

/** A file of at most 4 KB: half as dear as one of any length, and there are as many as there are processes. */
function readShort(path: string): string {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "r");
    return room.toString("latin1", 0, readSync(descriptor, room, 0, room.length, 0));
  } catch {
    return "";
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
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
