// A working day of one conversation: 2 000 steps, compactions, three providers, restarts, approvals, and now and then a
// request that fails. The providers are ours; they check each request as strictly as the real ones, and bill it by the
// published rules of their prompt caches.
//   npm run prove:day -- [--steps 2000] [--seed N]
import { parseArgs } from "node:util";
import { figuresOf } from "./prove-day/bill.ts";
import { runDay } from "./prove-day/day.ts";
import { percent, wrongIn } from "./prove-day/verdict.ts";

const { values } = parseArgs({
  options: { steps: { type: "string", default: "2000" }, seed: { type: "string" } },
});
const steps = Number(values.steps);
const seed = Number(values.seed ?? Date.now() % 1_000_000_007);
if (!Number.isSafeInteger(steps) || steps < 1)
  throw new Error(`--steps: expected a number from 1 on, got ${values.steps}`);
if (!Number.isSafeInteger(seed)) throw new Error(`--seed: expected a number, got ${values.seed}`);

console.log(`seed ${seed}`);
const day = await runDay({
  steps,
  models: ["claude-sonnet-5", "gpt-5.6", "gemini-3.1-pro"],
  contextWindow: 120_000,
  switchEvery: 5,
  restartEvery: 4,
  faults: true,
  seed,
});
const { provider, turns, restarts, switches, approvals, longWaits, cancelled } = day;
const { refuse, cut, hold } = provider.faults;
console.log(
  `${provider.steps} steps in ${turns} turns and ${(provider.now / 3_600_000).toFixed(0)} hours: ` +
    `${provider.compactions} compactions, ${restarts} restarts, ${switches} changes of the model, ` +
    `${approvals} approvals, ${longWaits} of them after a quarter of an hour or more`,
);
console.log(
  `faults: ${refuse} requests refused, ${cut} answers cut, ${hold} held; ${cancelled} turns cancelled`,
);
const { cacheReads, cost, ratio } = figuresOf(provider.charges);
console.log(
  `${percent(cacheReads)} of the input from the cache; $${cost.toFixed(2)}, ${ratio.toFixed(2)} of the cost without`,
);
const wrong = [...wrongIn(day)];
for (const what of wrong.slice(0, 50)) console.log(`WRONG ${what}`);
console.log(
  wrong.length === 0 ? "every request was valid, every dollar counted" : `${wrong.length} things went wrong`,
);
process.exitCode = wrong.length === 0 ? 0 : 1;
