import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { descriptorsOf, memoryOf } from "./processes.ts";
import type { Target } from "./targets.ts";

const FILE = join(tmpdir(), `agentloop-bench-probe-${process.pid}.json`);

/** How a server is started that `probe` is to look into. */
export const PROBED = {
  node: ["--expose-gc", "--import", fileURLToPath(new URL("./probe.ts", import.meta.url))],
  env: { BENCH_PROBE_FILE: FILE },
};

export interface Probed {
  /** Bytes that are in use after a collection of garbage, on the heap and beside it. */
  used: number;
  timers: number;
  /** Bytes of the process in memory. */
  resident: number;
  descriptors: number;
}

export async function probe({ program }: Target): Promise<Probed> {
  rmSync(FILE, { force: true });
  process.kill(program.pid, "SIGUSR2");
  for (;;) {
    await sleep(20);
    try {
      const { used, timers } = JSON.parse(readFileSync(FILE, "utf8")) as Pick<Probed, "used" | "timers">;
      return { used, timers, resident: memoryOf(program.pid), descriptors: descriptorsOf(program.pid) };
    } catch {
      // It has not written yet.
    }
  }
}
