import { wordsOf } from "../harness/plan.ts";
import { inTurn, type Measured, type Scenario, withClients } from "../harness/scenario.ts";

const PROVIDERS: Record<string, Record<string, string>> = {
  "OpenAI, Responses": {},
  "OpenAI, chat completions": { OPENAI_WIRE_API: "chat" },
  Anthropic: { MODEL: "claude-sonnet-4-5" },
  Google: { MODEL: "gemini-2.5-pro" },
};

const SESSIONS = 10;

export const providers: Scenario = {
  name: "Providers",
  about: "Processor time a delta at saturation, ten sessions, in the format of each provider.",
  async run(bench, { quick, rounds }) {
    const measured: Measured[] = [];
    for (const [figure, env] of Object.entries(PROVIDERS)) {
      const deltas = quick ? 3000 : 10_000;
      const figures = await inTurn(bench, { names: ["ours"], count: rounds, env }, async (target) => {
        return await withClients(async (clients) => {
          await clients.open(target.origin, SESSIONS);
          const { cpu } = await target.costOf(() => clients.say(wordsOf({ deltas })));
          return { cpu: cpu / SESSIONS / deltas };
        });
      });
      measured.push({ figure, unit: "µs", samples: figures.get("cpu") ?? {} });
    }
    return measured;
  },
};
