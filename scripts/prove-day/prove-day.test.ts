import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { providerStreamsDir } from "../../src/testing/replay.ts";
import { type Day, runDay } from "./day.ts";
import type { Inspect } from "./provider.ts";
import { wrongIn } from "./verdict.ts";

/** The long form is `npm run prove:day`. */
const SHORT = {
  steps: 110,
  models: ["claude-sonnet-5", "gpt-5.6", "gemini-3.1-pro"],
  contextWindow: 60_000,
  switchEvery: 2,
  restartEvery: 3,
  faults: true,
  seed: 3,
};

interface ReplayTool {
  lint(
    provider: string,
    body: unknown,
    context: { headers: Record<string, unknown>; model: string },
  ): string | null;
}

/** The rules of the replay tool, where it is there: two checkers see more than one. */
async function secondOpinion(): Promise<Inspect | undefined> {
  if (providerStreamsDir === undefined) return undefined;
  const path = resolve(providerStreamsDir, "../../tools/replay-provider.mjs");
  const tool: ReplayTool = await import(pathToFileURL(path).href);
  return ({ provider, model, body }, headers) => tool.lint(provider, body, { headers, model }) ?? undefined;
}

describe("a short day of one conversation", { timeout: 120_000 }, () => {
  it("is valid at each step, and costs what it should, through compactions, restarts and changes of the model", async () => {
    const inspect = await secondOpinion();
    const day = await runDay({ ...SHORT, ...(inspect && { inspect }) });
    // So few steps and so small a window carry more that is new than a long day does.
    expect([...wrongIn(day, { cacheReads: 0.8, ratio: 0.4 })]).toEqual([]);
    expect(day.provider.compactions).toBeGreaterThan(5);
    expect(Math.min(day.restarts, day.switches, day.approvals)).toBeGreaterThan(1);
    const { refuse, cut, hold } = day.provider.faults;
    expect(refuse + cut + hold).toBeGreaterThan(0);
    expect(day.told.some(({ usage }) => usage.estimated)).toBe(cut + hold > 0);
  });

  it("is not a day on which nothing can be wrong", async () => {
    const inspect: Inspect = ({ provider }) =>
      provider === "openai" ? "a rule that nobody keeps" : undefined;
    const day = await runDay({ ...SHORT, steps: 30, switchEvery: 1, faults: false, inspect });
    expect([...wrongIn(day)].join("\n")).toContain("a rule that nobody keeps");
  });

  it("is too dear when nothing comes from a cache, or an answer is not counted", async () => {
    const day = await runDay({ ...SHORT, steps: 12, faults: false });
    const dear: Day = { ...day, told: day.told.slice(1) };
    for (const charge of day.provider.charges) charge.usage.cached = 0;
    const wrong = [...wrongIn(dear)].join("\n");
    expect(wrong).toContain("of the cost without a cache");
    expect(wrong).toContain("0.0 % of the input from the cache");
    expect(wrong).toContain("were counted");
  });
});
