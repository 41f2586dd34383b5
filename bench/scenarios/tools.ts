import { wordsOf } from "../harness/plan.ts";
import { inTurn, type Measured, medianOf, type Scenario, withClients } from "../harness/scenario.ts";

/** Calls of the shell in a turn, so that no turn comes to MAX_TURN_STEPS. */
const CALLS = 40;

/** How fast a model's calls are answered: a request, a command (`true`), and the next request with its output. */
export const tools: Scenario = {
  name: "Tool turns",
  about: "Steps a second of a model's answer with a call of `true`, its run, and the next request.",
  async run(bench, { quick, rounds }) {
    const measured: Measured[] = [];
    for (const sessions of [1, 10]) {
      for (const sandbox of ["danger-full-access", "workspace-write"]) {
        const isBare = sandbox === "danger-full-access";
        const start = { count: rounds, env: { SANDBOX: sandbox, APPROVAL_POLICY: "full-auto" } };
        const calls = quick ? CALLS / 4 : CALLS;
        const names = isBare ? (["raw", "ours"] as const) : (["ours"] as const);
        const figures = await inTurn(bench, { names, ...start }, async (target) => {
          return await withClients(async (clients) => {
            await clients.open(target.origin, sessions);
            const { wallMs } = await clients.say(wordsOf({ deltas: 1, calls }));
            return { rate: (sessions * calls * 1000) / wallMs };
          });
        });
        const samples = figures.get("rate") ?? {};
        const where = isBare ? "unconfined" : "sandboxed";
        const figure = `${sessions} ${sessions === 1 ? "session" : "sessions"}, ${where}`;
        measured.push({ figure, unit: "steps/s", samples, ...(isBare && { goal: goalOf(samples) }) });
      }
    }
    return measured;
  },
};

const goalOf = (samples: Measured["samples"]) => ({
  says: "at least 0.6 of raw",
  met: medianOf(samples, "ours") >= 0.6 * medianOf(samples, "raw"),
});
