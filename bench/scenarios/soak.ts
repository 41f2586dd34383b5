import { wordsOf } from "../harness/plan.ts";
import { PROBED, probe, type Probed } from "../harness/probing.ts";
import { type Measured, type Scenario, withClients } from "../harness/scenario.ts";
import { slope } from "../harness/statistics.ts";
import { startTarget } from "../harness/targets.ts";

const SESSIONS = 20;
/** Rounds before the first that counts: what is compiled and cached by then stays. */
const WARM_UP = 5;

/** The same work again and again: what grows, leaks. */
export const soak = (minutes: number): Scenario => ({
  name: "Soak",
  about: `For ${minutes} minutes: ${SESSIONS} clients come, have a few turns with commands, and go; their sessions end.`,
  async run(bench) {
    const env = {
      ...PROBED.env,
      SESSION_DETACH_SECONDS: "0",
      SANDBOX: "danger-full-access",
      APPROVAL_POLICY: "full-auto",
    };
    const target = await startTarget(bench, "ours", { ...PROBED, env });
    const samples: (Probed & { atMs: number })[] = [];
    const started = performance.now();
    let turns = 0;
    try {
      for (let round = 0; performance.now() - started < minutes * 60_000 || round < WARM_UP + 3; round += 1) {
        await withClients(async (clients) => {
          await clients.open(target.origin, SESSIONS);
          await clients.say(wordsOf({ deltas: 200, calls: 2 }), { turns: 5 });
          await clients.say(wordsOf({ deltas: 50, rate: 50 }));
        });
        turns += SESSIONS * 6;
        if (round >= WARM_UP) samples.push({ ...(await probe(target)), atMs: performance.now() });
      }
    } finally {
      await target.stop();
    }
    return rowsOf(samples, turns);
  },
});

function rowsOf(samples: (Probed & { atMs: number })[], turns: number): Measured[] {
  const row = (figure: string, unit: string, values: number[]) => ({
    figure,
    unit,
    samples: { ours: values },
  });
  const perHour = (pick: (sample: Probed) => number) =>
    slope(samples.map((sample) => ({ x: sample.atMs / 3_600_000, y: pick(sample) })));
  return [
    row("turns", "", [turns]),
    row(
      "in use after a collection",
      "MB",
      samples.map(({ used }) => used / 1e6),
    ),
    row("grew by, in an hour", "MB", [perHour(({ used }) => used / 1e6)]),
    row(
      "resident",
      "MB",
      samples.map(({ resident }) => resident / 1e6),
    ),
    row(
      "open descriptors between the rounds",
      "",
      samples.map(({ descriptors }) => descriptors),
    ),
    row(
      "timers between the rounds",
      "",
      samples.map(({ timers }) => timers),
    ),
  ];
}
