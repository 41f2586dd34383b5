import { setTimeout as sleep } from "node:timers/promises";
import type { Clients } from "../harness/clients.ts";
import { DOORS, type DoorName } from "../harness/doors.ts";
import { wordsOf } from "../harness/plan.ts";
import { memoryOf } from "../harness/processes.ts";
import { type Measured, type Scenario, withClients } from "../harness/scenario.ts";
import { startTarget, type Target } from "../harness/targets.ts";

/** Clients that do not read, or seldom. */
const BAD = 5;
const GOOD = 20;
/** What each of the bad ones is sent: far more than its queue holds. */
const FLOOD = { rate: 4000, seconds: 5 };

type Kind = "reading" | "slow" | "dead";

/** Slow and dead readers under load: what they hold, and what the others notice. */
export const readers: Scenario = {
  name: "Slow and dead readers",
  about: `${GOOD} sessions at 50 deltas a second, and beside them ${BAD} that are sent ${FLOOD.rate} a second each and read all of it, hardly (a tenth of the time), or nothing. Latency is that of the ${GOOD}; memory is what the process grew by at its largest.`,
  async run(bench, { quick }) {
    const measured: Measured[] = [];
    const doors = quick ? (["agentloop"] as const) : (Object.keys(DOORS) as DoorName[]);
    for (const door of doors) {
      const p99: Measured["samples"] = {};
      const grown: Measured["samples"] = {};
      for (const kind of ["reading", "slow", "dead"] as const) {
        const target = await startTarget(bench, "ours");
        try {
          const result = await withClients((good) =>
            withClients((bad) => runWith({ good, bad }, target, { door, kind, quick })),
          );
          p99[kind] = [result.p99];
          grown[kind] = [result.grown / 1e6];
        } finally {
          await target.stop();
        }
      }
      measured.push({ figure: `${door}: latency p99 of the others`, unit: "ms", samples: p99 });
      measured.push({ figure: `${door}: memory grew by`, unit: "MB", samples: grown });
    }
    return measured;
  },
};

/** In processes of their own: what the one reads in a burst must not hold up the other's clock. */
async function runWith(
  { good, bad }: { good: Clients; bad: Clients },
  target: Target,
  { door, kind, quick }: { door: DoorName; kind: Kind; quick: boolean },
): Promise<{ p99: number; grown: number }> {
  const seconds = quick ? FLOOD.seconds / 2 : FLOOD.seconds;
  await good.open(target.origin, GOOD, door);
  await bad.open(target.origin, BAD, door);
  // The first turn compiles what all turns use.
  await good.say(wordsOf({ deltas: 500 }));
  await bad.say(wordsOf({ deltas: 500 }));
  const before = memoryOf(target.program.pid);
  let largest = before;
  const watch = setInterval(() => (largest = Math.max(largest, memoryOf(target.program.pid))), 50);
  try {
    await bad.begin(wordsOf({ deltas: FLOOD.rate * seconds, rate: FLOOD.rate }), BAD);
    if (kind !== "reading") await sleep(200).then(() => bad.pause(BAD));
    const blinks = setInterval(() => {
      if (kind === "slow") bad.blink(BAD, 50);
    }, 500);
    const others = good.say(wordsOf({ deltas: 50 * seconds, rate: 50 }));
    const { latencyMs } = await others.finally(() => clearInterval(blinks));
    return { p99: latencyMs.p99, grown: largest - before };
  } finally {
    clearInterval(watch);
  }
}
