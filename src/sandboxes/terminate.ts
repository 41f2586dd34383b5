import { setTimeout as delay } from "node:timers/promises";
import { listProcesses, type ProcessEntry } from "./process-table.ts";

export interface TerminateOptions {
  /** A `NAME=value` in the environment of every descendant. */
  marker: string;
  /** When the process was started, as `startOf` tells it: no descendant is older. */
  since?: number;
  /** It was started so recently that no descendant can have a lower number. */
  isYoung?: boolean;
  /** The process only waits for its descendants: they are killed, and it collects them and goes. */
  outlivesDescendants: boolean;
}

/** How long the killed may take to be gone, in milliseconds. */
const DEADLINE_MS = 900;

/**
 * Kills the process, its group, its session, its descendants, and whoever has the marker in the environment. Resolves
 * when none of them lives, or when they would not die.
 */
export async function terminate(pid: number, options: TerminateOptions): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  const { since = 0, isYoung = false } = options;
  const wanted = { since, ...(isYoung && { from: pid }) };
  let spare = options.outlivesDescendants;
  for (let pause = 1; performance.now() < deadline; pause = Math.min(pause * 2, 50)) {
    // The table is read before each blow: an orphan no longer tells whose child it was.
    const living = relatives(await listProcesses(wanted), pid, options.marker);
    if (living.length === 0) return;
    const others = living.filter((each) => each !== pid);
    const victims = spare && others.length > 0 ? others : living;
    for (const each of victims) kill(each);
    spare = false;
    await delay(pause);
  }
}

function relatives(processes: readonly ProcessEntry[], pid: number, marker: string): number[] {
  const found = new Set<number>();
  for (const entry of processes) {
    const near = entry.pid === pid || entry.group === pid || entry.session === pid;
    if (near || entry.environment.includes(marker)) found.add(entry.pid);
  }
  // Parents may stand after their children in the table.
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const entry of processes) if (found.has(entry.parent)) found.add(entry.pid);
  }
  return [...found];
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone already, or another user's: there is no more that we can do.
  }
}
