import { wordsOf } from "../harness/plan.ts";
import { atMost, below, inTurn, type Measured, type Scenario, withClients } from "../harness/scenario.ts";

const RATE = 50;
/** As long as an answer of some length: what a turn costs by itself is spread over its deltas. */
const SECONDS = 10;

/** As models speak: what a delta costs, and how much later it comes. */
export const paced: Scenario = {
  name: "Streaming at 50 deltas a second",
  about:
    "Each session gets 50 deltas a second. Latency is from the provider's write to the client's read, in processes of their own.",
  async run(bench, { quick, rounds }) {
    const measured: Measured[] = [];
    for (const sessions of quick ? [200] : [50, 200, 400]) {
      const deltas = RATE * (quick ? 4 : SECONDS);
      const names = ["raw", "sdk+log", "ours"] as const;
      const figures = await inTurn(bench, { names, count: Math.min(rounds, 2) }, async (target) => {
        return await withClients(async (clients) => {
          await clients.open(target.origin, sessions);
          const { result, cpu } = await target.costOf(() => clients.say(wordsOf({ deltas, rate: RATE })));
          const { p50, p99 } = result.latencyMs;
          return { cpu: cpu / (sessions * deltas), p50, p99, core: (100 * cpu) / 1000 / result.wallMs };
        });
      });
      const samplesOf = (figure: string) => figures.get(figure) ?? {};
      const [cpu, p50, p99] = [samplesOf("cpu"), samplesOf("p50"), samplesOf("p99")];
      const isGoal = sessions === 200;
      const row = (figure: string, unit: string, samples: Measured["samples"], goal?: Measured["goal"]) =>
        measured.push({ figure: `${sessions} sessions: ${figure}`, unit, samples, ...(goal && { goal }) });
      row("processor time a delta", "µs", cpu, isGoal ? atMost(1.6, "raw", cpu) : undefined);
      row("of one core", "%", samplesOf("core"));
      row("latency p50", "ms", p50, isGoal ? atMost(2, "raw", p50) : undefined);
      const late = sessions === 400 ? below(50, "ms", p99) : undefined;
      row("latency p99", "ms", p99, isGoal ? atMost(3, "raw", p99) : late);
    }
    return measured;
  },
};
