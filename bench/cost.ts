/**
 * What a long conversation costs with each provider, by the published rules and prices of its prompt cache: the same
 * day of work, with approvals that wait up to an hour, restarts and compactions. Prints tables for docs/context-and-cost.md.
 *
 *     node bench/cost.ts [steps, default 2000]
 */
import { costPerSteps, figuresOf } from "../scripts/prove-day/bill.ts";
import { runDay } from "../scripts/prove-day/day.ts";
import { percent, wrongIn } from "../scripts/prove-day/verdict.ts";

const steps = Number(process.argv[2] ?? 2000);
const MODELS = ["claude-sonnet-5", "gpt-5.6", "gpt-5.5", "gemini-3.1-pro"];

const row = (...cells: (string | number)[]) => console.log(`| ${cells.join(" | ")} |`);

row("model", "input tokens", "from the cache", "cost", "without a cache", "ratio", "cost of each 500 steps");
row(..."-------".split(""));
for (const model of MODELS) {
  const day = await runDay({
    steps,
    models: [model],
    contextWindow: 120_000,
    switchEvery: steps,
    restartEvery: 4,
    faults: true,
    seed: 1,
  });
  const { charges } = day.provider;
  const { input, cacheReads, cost, uncachedCost, ratio } = figuresOf(charges);
  row(
    model,
    `${(input / 1e6).toFixed(1)} M`,
    percent(cacheReads),
    dollars(cost),
    dollars(uncachedCost),
    ratio.toFixed(2),
    costPerSteps(charges, 500).map(dollars).join(", "),
  );
  for (const what of wrongIn(day)) {
    console.error(`WRONG ${model}: ${what}`);
    process.exitCode = 1;
  }
}

function dollars(amount: number): string {
  return `$${amount.toFixed(2)}`;
}
