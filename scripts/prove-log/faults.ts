import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Durability } from "../../src/audit/chained-file.ts";
import { type Fault, FaultyDisk } from "./faulty-disk.ts";
import { type Aftermath, type Kept, restart, runLog } from "./log-run.ts";

const CHILD = fileURLToPath(new URL("log-run-child.ts", import.meta.url));

export const FAULTS = ["EIO", "ENOSPC", "power cut", "kill"] as const satisfies Fault[];

/** A run of the log with one fault at one step, and what a restart finds. */
export interface Proof extends Aftermath {
  kept: number;
}

/** How many steps a run has when nothing goes wrong. */
export const countSteps = (): Promise<number> =>
  inFolders(async (folder, attic) => {
    const disk = new FaultyDisk({ fault: "EIO", random: Math.random, attic });
    const kept: Kept[] = [];
    await runLog(folder, disk, (each) => kept.push(each));
    const { wrong, reports } = await restart(folder, kept);
    if (wrong.length > 0 || reports.some(({ ok }) => !ok))
      throw new Error(`without a fault: ${wrong.join("; ")}`);
    return disk.steps;
  });

/** `seed` decides what chance decides. */
export const proveFault = (fault: Fault, at: number, seed: number, durability?: Durability): Promise<Proof> =>
  inFolders(async (folder, attic) => {
    const kept =
      fault === "kill"
        ? await killedRun(folder, attic, at)
        : await faultyRun({ fault, at, seed, folder, attic, durability });
    return { kept: kept.length, ...(await restart(folder, kept)) };
  });

interface FaultyRun {
  fault: Fault;
  at: number;
  seed: number;
  folder: string;
  attic: string;
  durability: Durability | undefined;
}

async function faultyRun({ fault, at, seed, folder, attic, durability }: FaultyRun): Promise<Kept[]> {
  const disk = new FaultyDisk({ fault, at, random: randomFrom(seed), attic });
  const kept: Kept[] = [];
  await runLog(folder, disk, (each) => kept.push(each), durability);
  if (fault === "power cut") disk.loseUnsynced();
  return kept;
}

async function killedRun(folder: string, attic: string, at: number): Promise<Kept[]> {
  const child = spawn(process.execPath, [CHILD, folder, attic, String(at)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = (await text(child.stdout)).split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Kept);
}

async function inFolders<Result>(work: (folder: string, attic: string) => Promise<Result>): Promise<Result> {
  const base = mkdtempSync(join(tmpdir(), "agentloop-faults-"));
  try {
    return await work(join(base, "sessions"), join(base, "attic"));
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

/** A linear congruential generator: the same numbers for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
