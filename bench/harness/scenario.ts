import { Clients } from "./clients.ts";
import { median } from "./statistics.ts";
import { type Bench, startTarget, type Target, type TargetName } from "./targets.ts";

interface Options {
  quick: boolean;
  /** How often each server has its turn. */
  rounds: number;
}

/** One row of a table: what each server came to, one number a round. */
export interface Measured {
  figure: string;
  unit: string;
  samples: Partial<Record<string, number[]>>;
  goal?: { says: string; met: boolean };
}

export interface Scenario {
  name: string;
  about: string;
  run(bench: Bench, options: Options): Promise<Measured[]>;
}

/** What a server came to in one round, by the name of the figure. */
export type Figures = Record<string, number>;

interface Rounds {
  names: readonly TargetName[];
  /** Whether other programs that do the same are measured as well. */
  peers?: boolean;
  count: number;
  env?: Record<string, string>;
  node?: readonly string[];
}

/**
 * Measures the servers one after the other, again and again, so that what else the machine does falls on all of them.
 * Each is started once, and has one round before the first that counts.
 */
export async function inTurn(
  bench: Bench,
  { names, peers = false, count, ...start }: Rounds,
  measure: (target: Target) => Promise<Figures>,
): Promise<Map<string, Measured["samples"]>> {
  const before = bench.before === undefined ? [] : (["before"] as const);
  const all = [...names, ...before, ...(peers ? bench.peers : [])];
  const targets: Target[] = [];
  const figures = new Map<string, Measured["samples"]>();
  try {
    for (const name of all) targets.push(await startTarget(bench, name, start));
    for (let round = -1; round < count; round += 1) {
      for (const target of targets) {
        const values = await measure(target);
        if (round >= 0) keep(figures, target.name, values);
      }
    }
  } finally {
    for (const target of targets) await target.stop();
  }
  return figures;
}

function keep(figures: Map<string, Measured["samples"]>, name: TargetName, values: Figures): void {
  for (const [figure, value] of Object.entries(values)) {
    const samples = figures.get(figure) ?? {};
    samples[name] = [...(samples[name] ?? []), value];
    figures.set(figure, samples);
  }
}

export async function withClients<Result>(work: (clients: Clients) => Promise<Result>): Promise<Result> {
  const clients = new Clients();
  try {
    return await work(clients);
  } finally {
    await clients.end();
  }
}

/** Of our server against another one: at most so many times as much. */
export function atMost(times: number, other: TargetName, samples: Measured["samples"]): Measured["goal"] {
  const met = medianOf(samples, "ours") <= times * medianOf(samples, other);
  return { says: `at most ${times} of ${other}`, met };
}

export function below(limit: number, unit: string, samples: Measured["samples"]): Measured["goal"] {
  return { says: `at most ${limit} ${unit}`, met: medianOf(samples, "ours") <= limit };
}

export const medianOf = (samples: Measured["samples"], name: TargetName): number =>
  median(samples[name] ?? []);
