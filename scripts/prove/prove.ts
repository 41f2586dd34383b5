import { assessCommand } from "../../src/tools/shell/assess.ts";
import { mutant, randomFrom, type Vector } from "./mutate.ts";
import { record, type Finding } from "./recorder.ts";
import { createWorld, type World } from "./world.ts";

export interface Proof {
  calledSafe: number;
  different: number;
  /** Safe commands that had an effect. */
  findings: Finding[];
  /** Programs that this machine has not, so that their commands ran into nothing. */
  absent: string[];
  assessSeconds: number;
  runSeconds: number;
}

const BATCH = 150;

/**
 * Assesses mutants of reading commands in a throw-away workspace, and runs each that is called safe for real, under a
 * recorder of effects. It checks: every system call that opens for writing, changes a file or the system, starts a
 * program or makes a socket; every file that is opened for reading; the folder tree before and after; secrets in the
 * output; whether it ends. It does not check: what a program reads without opening it (names and sizes by stat), and
 * effects of programs that the machine has not.
 */
export async function prove(options: {
  tries: number;
  seed: number;
  path: string;
  workers: number;
}): Promise<Proof> {
  const worlds = Array.from({ length: options.workers }, () => createWorld(options.path));
  try {
    return await proveIn(worlds, options);
  } finally {
    for (const world of worlds) world.remove();
  }
}

async function proveIn(worlds: World[], { tries, seed }: { tries: number; seed: number }): Promise<Proof> {
  const [first] = worlds;
  if (first === undefined) throw new Error("At least one worker is needed.");
  const started = performance.now();
  const { safe, calledSafe } = await findSafe(tries, seed, first.workspace);
  const assessed = performance.now();
  const batches = inBatches(safe);
  const findings: Finding[] = [];
  await Promise.all(
    worlds.map(async (world) => {
      for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) {
        findings.push(...(await record(batch, world)));
      }
    }),
  );
  return {
    calledSafe,
    different: safe.length,
    findings,
    absent: first.absent,
    assessSeconds: (assessed - started) / 1000,
    runSeconds: (performance.now() - assessed) / 1000,
  };
}

async function findSafe(tries: number, seed: number, workspace: string) {
  const random = randomFrom(seed);
  const safe = new Map<string, Vector>();
  let calledSafe = 0;
  for (let count = 0; count < tries; count += 1) {
    const command = mutant(random);
    const { effect } = await assessCommand(command, workspace, workspace);
    if (effect !== "read") continue;
    calledSafe += 1;
    // -c and -lc are run alike.
    const [program, ...words] = command;
    const asRun: Vector = program === "bash" ? ["bash", "-c", words[1] ?? ""] : command;
    safe.set(JSON.stringify(asRun), asRun);
  }
  return { safe: [...safe.values()], calledSafe };
}

function inBatches(commands: readonly Vector[]): Vector[][] {
  return Array.from({ length: Math.ceil(commands.length / BATCH) }, (_, index) =>
    commands.slice(index * BATCH, (index + 1) * BATCH),
  );
}
