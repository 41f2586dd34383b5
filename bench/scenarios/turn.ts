import { wordsOf } from "../harness/plan.ts";
import { median } from "../harness/statistics.ts";
import {
  below,
  type Figures,
  inTurn,
  type Measured,
  type Scenario,
  withClients,
} from "../harness/scenario.ts";

/** What a turn takes beside the model. */
export const turn: Scenario = {
  name: "A turn, and connecting",
  about:
    "One client after the other, each with ten short turns: from the user's words to the provider's request, from the provider's first delta to the client's, the whole turn; and from connecting until the client may speak. Medians.",
  async run(bench, { quick, rounds }) {
    const names = ["raw", "sdk+log", "ours"] as const;
    const figures = await inTurn(bench, { names, peers: true, count: rounds }, async (target) => {
      return await withClients(async (clients) => {
        const answers: Figures[] = [];
        for (let client = 0; client < (quick ? 4 : 8); client += 1) {
          const { openMs } = await clients.open(target.origin, 1, target.door);
          const answer = await clients.say(wordsOf({ deltas: 3, rate: 1000 }), { turns: 10 });
          await clients.close();
          const { toProviderMs, firstDeltaMs, turnMs } = answer;
          answers.push({
            open: openMs.p50,
            toProvider: toProviderMs.p50,
            firstDelta: firstDeltaMs.p50,
            turn: turnMs.p50,
          });
        }
        return mediansOf(answers);
      });
    });
    const samplesOf = (figure: string) => figures.get(figure) ?? {};
    const row = (figure: string, name: string, limit?: number): Measured => {
      const samples = samplesOf(name);
      const goal = limit === undefined ? undefined : below(limit, "ms", samples);
      return { figure, unit: "ms", samples, ...(goal && { goal }) };
    };
    return [
      row("user's words to the provider's request", "toProvider", 1),
      row("provider's first delta to the client's", "firstDelta", 1),
      row("a turn of three deltas", "turn"),
      row("connecting until the client may speak", "open", 2),
    ];
  },
};

const mediansOf = (all: readonly Figures[]): Figures =>
  Object.fromEntries(
    Object.keys(all[0] ?? {}).map((name) => [name, median(all.map((figures) => figures[name] ?? NaN))]),
  );
