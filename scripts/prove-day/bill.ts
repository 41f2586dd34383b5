import type { Price } from "../../src/contract/model.ts";
import { modelInfo, readRegistry } from "../../src/models/registry.ts";
import type { InputUsage } from "./answer.ts";

/** One request as its provider bills it. */
export interface Charge {
  model: string;
  usage: InputUsage;
  outputTokens: number;
  /** How many steps of the conversation had been answered before it. */
  step: number;
  isAside: boolean;
  /** The answer came to its end. */
  isWhole: boolean;
}

const priceOf = (model: string): Price => {
  const { price } = modelInfo(readRegistry(), model);
  if (!price) throw new Error(`no price of ${model}`);
  return price;
};

/** In US dollars. */
export function costOf({ model, usage, outputTokens }: Charge): number {
  const price = priceOf(model);
  const { input, cached, written, hourWritten } = usage;
  const dollars =
    (input - cached - written) * price.input +
    cached * price.cachedInput +
    (written - hourWritten) * price.cacheWrite +
    hourWritten * (price.hourCacheWrite ?? price.cacheWrite) +
    outputTokens * price.output;
  return dollars / 1e6;
}

/** What the same request costs where nothing is cached. */
function uncachedCostOf({ model, usage, outputTokens }: Charge): number {
  const price = priceOf(model);
  return (usage.input * price.input + outputTokens * price.output) / 1e6;
}

export interface Figures {
  requests: number;
  input: number;
  output: number;
  /** The share of the input that was read from the cache. */
  cacheReads: number;
  cost: number;
  uncachedCost: number;
  ratio: number;
}

export function figuresOf(charges: readonly Charge[]): Figures {
  const sum = (value: (charge: Charge) => number) =>
    charges.reduce((total, charge) => total + value(charge), 0);
  const input = sum(({ usage }) => usage.input);
  const [cost, uncachedCost] = [sum(costOf), sum(uncachedCostOf)];
  return {
    requests: charges.length,
    input,
    output: sum(({ outputTokens }) => outputTokens),
    cacheReads: sum(({ usage }) => usage.cached) / input,
    cost,
    uncachedCost,
    ratio: cost / uncachedCost,
  };
}

/** The cost of so many steps each, in order; a rest that is shorter is left out. */
export function costPerSteps(charges: readonly Charge[], steps: number): number[] {
  const last = Math.max(...charges.map(({ step }) => step));
  return Array.from({ length: Math.floor((last + 1) / steps) }, (_, nth) =>
    charges
      .filter(({ step }) => Math.floor(step / steps) === nth)
      .reduce((total, charge) => total + costOf(charge), 0),
  );
}
