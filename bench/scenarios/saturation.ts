import { wordsOf } from "../harness/plan.ts";
import { inTurn, type Measured, medianOf, type Scenario, withClients } from "../harness/scenario.ts";
import { BASELINES } from "../harness/targets.ts";

/** Deltas as fast as each server takes them: what one costs. */
export const saturation: Scenario = {
  name: "Streaming at saturation",
  about: "Processor time of the server for one delta of 20 characters.",
  async run(bench, { quick, rounds }) {
    const measured: Measured[] = [];
    for (const sessions of [1, 10, 100]) {
      const each = Math.round((quick ? 30_000 : 60_000) / sessions);
      const figures = await inTurn(
        bench,
        { names: [...BASELINES, "ours"], peers: sessions === 10, count: rounds },
        async (target) => {
          return await withClients(async (clients) => {
            await clients.open(target.origin, sessions, target.door);
            const { result, cpu } = await target.costOf(() => clients.say(wordsOf({ deltas: each })));
            const all = sessions * each;
            return { cpu: cpu / all, lost: 100 * (1 - result.deltas / all) };
          });
        },
      );
      const samples = figures.get("cpu") ?? {};
      const named = `${sessions} ${sessions === 1 ? "session" : "sessions"}`;
      measured.push({
        figure: named,
        unit: "µs",
        samples,
        ...(sessions === 10 && { goal: goalOf(samples) }),
      });
      measured.push({
        figure: `${named}: left out for a slow client`,
        unit: "%",
        samples: figures.get("lost") ?? {},
      });
    }
    return measured;
  },
};

function goalOf(samples: Measured["samples"]) {
  const ours = medianOf(samples, "ours");
  const codex = samples["codex"] === undefined ? Infinity : medianOf(samples, "codex");
  const limit = Math.min(2 * medianOf(samples, "raw"), medianOf(samples, "sdk+log") / 2, codex / 5);
  return { says: "at most 2 of raw, 0.5 of sdk+log, 0.2 of codex", met: ours <= limit };
}
