import { costOf, costPerSteps, figuresOf } from "./bill.ts";
import type { Day } from "./day.ts";

/** Shares: of the input that must come from a cache, and of the cost without one that may be paid. */
export interface Goals {
  cacheReads: number;
  ratio: number;
}

const GOALS: Goals = { cacheReads: 0.8, ratio: 0.35 };
/** How much more than others some 500 steps may cost. */
const GROWTH = 1.35;
/** How far the server's count may be from the bill, for what it had to estimate. */
const ACCOUNTING = 0.02;

/** What went wrong in a day. */
export function* wrongIn(day: Day, goals: Goals = GOALS): Generator<string> {
  const { provider, runs, errors, told } = day;
  yield* provider.problems;
  if (provider.tooLong > 0) yield `${provider.tooLong} requests were too long`;
  yield* errors.map((message) => `an error was told: ${message}`);
  for (const [call, times] of runs) if (times > 1) yield `a call ran ${times} times: ${call}`;
  for (const model of new Set(provider.charges.map((charge) => charge.model))) {
    const charges = provider.charges.filter((charge) => charge.model === model);
    const { cacheReads, ratio, cost } = figuresOf(charges);
    if (cacheReads < goals.cacheReads) yield `${model}: ${percent(cacheReads)} of the input from the cache`;
    if (ratio > goals.ratio) yield `${model}: ${ratio.toFixed(2)} of the cost without a cache`;
    yield* untold(day, model, cost);
  }
  const costs = costPerSteps(provider.charges, 500);
  const growth = Math.max(...costs) / Math.min(...costs);
  if (costs.length > 1 && growth > GROWTH)
    yield `500 steps cost ${growth.toFixed(2)} times as much as others`;
  if (told.length === 0) yield "no usage was told";
}

/** What the server counts is what its provider bills, but for answers that were lost, which are estimated. */
function* untold({ provider, told }: Day, model: string, billed: number): Generator<string> {
  const sum = told
    .filter((response) => response.model === model)
    .reduce((dollars, { usage }) => dollars + (usage.cost_usd ?? 0), 0);
  if (Math.abs(sum / billed - 1) > ACCOUNTING)
    yield `${model}: $${sum.toFixed(4)} were counted, and $${billed.toFixed(4)} billed`;
  const whole = provider.charges.filter((charge) => charge.model === model && charge.isWhole);
  const exact = told.filter((response) => response.model === model && !response.usage.estimated);
  const difference =
    whole.reduce((dollars, charge) => dollars + costOf(charge), 0) -
    exact.reduce((dollars, { usage }) => dollars + (usage.cost_usd ?? 0), 0);
  if (Math.abs(difference) > 1e-6)
    yield `${model}: whole answers were counted $${Math.abs(difference).toFixed(6)} wrong`;
}

export const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
