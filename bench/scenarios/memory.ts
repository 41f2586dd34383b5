import { setTimeout as sleep } from "node:timers/promises";
import { wordsOf } from "../harness/plan.ts";
import { PROBED, probe, type Probed } from "../harness/probing.ts";
import { below, type Measured, type Scenario, withClients } from "../harness/scenario.ts";
import { startTarget, type Target } from "../harness/targets.ts";

/** What a session holds, in what states. */
export const memory: Scenario = {
  name: "Memory",
  about:
    "Of the process after its start, and what each session adds: bytes in use after a collection of garbage. A turn has 50 deltas. After leaving: when the sessions have ended.",
  async run(bench, { quick }) {
    const sessions = quick ? 100 : 200;
    const env = { ...PROBED.env, SESSION_DETACH_SECONDS: "1" };
    const target = await startTarget(bench, "ours", { ...PROBED, env });
    try {
      await warmUp(target);
      const before = await probe(target);
      const values = await withClients(async (clients) => {
        const eachOf = (now: Probed) => (now.used - before.used) / sessions / 1024;
        await clients.open(target.origin, sessions);
        const idle = eachOf(await probe(target));
        await clients.say(wordsOf({ deltas: 50 }));
        const one = eachOf(await probe(target));
        await clients.say(wordsOf({ deltas: 50 }), { turns: quick ? 9 : 49 });
        return { idle, one, many: eachOf(await probe(target)) };
      });
      await sleep(3000);
      const after = await probe(target);
      return rowsOf({ ...values, left: (after.used - before.used) / 1024, resident: before.resident, quick });
    } finally {
      await target.stop();
    }
  },
};

interface Values {
  idle: number;
  one: number;
  many: number;
  left: number;
  resident: number;
  quick: boolean;
}

function rowsOf({ idle, one, many, left, resident, quick }: Values): Measured[] {
  const row = (figure: string, unit: string, value: number, limit?: number): Measured => {
    const goal = limit === undefined ? undefined : below(limit, unit, { ours: [value] });
    return { figure, unit, samples: { ours: [value] }, ...(goal && { goal }) };
  };
  return [
    row("process in memory, after a few turns", "MB", resident / 1e6, 90),
    row("a session, idle", "KB", idle, 32),
    row("a session after one turn", "KB", one, 150),
    row(`a session after ${quick ? 10 : 50} turns`, "KB", many),
    row("all together, after leaving", "KB", left),
  ];
}

/** What is loaded and compiled with the first turn belongs to no session. */
async function warmUp(target: Target): Promise<void> {
  await withClients(async (clients) => {
    await clients.open(target.origin, 5);
    await clients.say(wordsOf({ deltas: 500 }), { turns: 2 });
  });
  await sleep(3000);
}
