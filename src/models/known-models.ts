import type { ModelInfo } from "../contract/model.ts";

/**
 * Name; tokens that a request may hold; tokens of an answer; US dollars per million tokens of input, of cached input,
 * and of output. Where long requests cost more, the price of short ones stands here.
 */
type Row = readonly [
  name: string,
  window: number,
  maxOutput: number,
  input: number,
  cachedInput: number,
  output: number,
];

/** What writing to the prompt cache costs, as multiples of plain input. */
interface CacheWriteFactors {
  plain: 1 | 1.25;
  hour?: 2;
}

const OPENAI: readonly Row[] = [
  ["codex-mini-latest", 200_000, 100_000, 1.5, 0.375, 6],
  ["gpt-5.5", 922_000, 128_000, 5, 0.5, 30],
  ["gpt-5.4", 922_000, 128_000, 2.5, 0.25, 15],
  ["gpt-5.3-codex", 272_000, 128_000, 1.75, 0.175, 14],
  ["gpt-5.2", 272_000, 128_000, 1.75, 0.175, 14],
  ["gpt-5.2-codex", 272_000, 128_000, 1.75, 0.175, 14],
  ["gpt-5.2-pro", 272_000, 128_000, 21, 21, 168],
  ["gpt-5.1", 272_000, 128_000, 1.25, 0.125, 10],
  ["gpt-5.1-codex", 272_000, 128_000, 1.25, 0.125, 10],
  ["gpt-5.1-codex-max", 272_000, 128_000, 1.25, 0.125, 10],
  ["gpt-5.1-codex-mini", 272_000, 128_000, 0.25, 0.025, 2],
  ["gpt-5", 272_000, 128_000, 1.25, 0.125, 10],
  ["gpt-5-codex", 272_000, 128_000, 1.25, 0.125, 10],
  ["gpt-5-mini", 272_000, 128_000, 0.25, 0.025, 2],
  ["gpt-5-nano", 272_000, 128_000, 0.05, 0.005, 0.4],
  ["gpt-5-pro", 272_000, 128_000, 15, 15, 120],
  ["gpt-5-chat", 128_000, 16_384, 1.25, 0.125, 10],
  ["gpt-4.1", 1_047_576, 32_768, 2, 0.5, 8],
  ["gpt-4.1-mini", 1_047_576, 32_768, 0.4, 0.1, 1.6],
  ["gpt-4.1-nano", 1_047_576, 32_768, 0.1, 0.025, 0.4],
  ["gpt-4o", 128_000, 16_384, 2.5, 1.25, 10],
  ["gpt-4o-mini", 128_000, 16_384, 0.15, 0.075, 0.6],
  ["chatgpt-4o", 128_000, 16_384, 5, 5, 15],
  ["gpt-4-turbo", 128_000, 4096, 10, 10, 30],
  ["gpt-4", 8192, 8192, 30, 30, 60],
  ["gpt-3.5-turbo", 16_385, 4096, 0.5, 0.5, 1.5],
  ["o4-mini", 200_000, 100_000, 1.1, 0.275, 4.4],
  ["o3", 200_000, 100_000, 2, 0.5, 8],
  ["o3-pro", 200_000, 100_000, 20, 20, 80],
  ["o3-mini", 200_000, 100_000, 1.1, 0.55, 4.4],
  ["o1", 200_000, 100_000, 15, 7.5, 60],
];

/** OpenAI's models that have a price for writing to the cache. */
const OPENAI_CACHE_WRITES: readonly Row[] = [
  ["gpt-6-astra", 922_000, 128_000, 10, 1, 50],
  ["gpt-5.6", 922_000, 128_000, 2, 0.2, 10],
  ["gpt-5.6-sol", 922_000, 128_000, 2, 0.2, 10],
];

const ANTHROPIC: readonly Row[] = [
  ["claude-fable-5", 1_000_000, 128_000, 10, 1, 50],
  ["claude-opus-5-5", 1_000_000, 128_000, 4, 0.2, 20],
  ["claude-opus-5", 1_000_000, 128_000, 5, 0.5, 25],
  ["claude-sonnet-5-5", 1_000_000, 128_000, 2, 0.1, 10],
  ["claude-sonnet-5", 1_000_000, 128_000, 2, 0.2, 10],
  ["claude-opus-4-8", 1_000_000, 128_000, 5, 0.5, 25],
  ["claude-opus-4-7", 1_000_000, 128_000, 5, 0.5, 25],
  ["claude-opus-4-6", 1_000_000, 128_000, 5, 0.5, 25],
  ["claude-sonnet-4-6", 1_000_000, 64_000, 3, 0.3, 15],
  ["claude-opus-4-5", 200_000, 64_000, 5, 0.5, 25],
  ["claude-sonnet-4-5", 200_000, 64_000, 3, 0.3, 15],
  ["claude-haiku-4-5", 200_000, 64_000, 1, 0.1, 5],
  ["claude-opus-4-1", 200_000, 32_000, 15, 1.5, 75],
  ["claude-opus-4-0", 200_000, 32_000, 15, 1.5, 75],
  ["claude-opus-4", 200_000, 32_000, 15, 1.5, 75],
  ["claude-sonnet-4-0", 200_000, 64_000, 3, 0.3, 15],
  ["claude-sonnet-4", 200_000, 64_000, 3, 0.3, 15],
  ["claude-3-7-sonnet", 200_000, 64_000, 3, 0.3, 15],
  ["claude-3-5-sonnet", 200_000, 8192, 3, 0.3, 15],
  ["claude-3-5-haiku", 200_000, 8192, 0.8, 0.08, 4],
  ["claude-3-opus", 200_000, 4096, 15, 1.5, 75],
  ["claude-3-haiku", 200_000, 4096, 0.25, 0.03, 1.25],
];

const GOOGLE: readonly Row[] = [
  ["gemini-3.8-flash", 1_048_576, 65_536, 0.75, 0.075, 3.75],
  ["gemini-3.7-flash", 1_048_576, 65_536, 1.5, 0.15, 7.5],
  ["gemini-3.5-flash", 1_048_576, 65_536, 1.5, 0.15, 9],
  ["gemini-3.1-pro", 1_048_576, 65_536, 2, 0.2, 12],
  ["gemini-3.1-flash-lite", 1_048_576, 65_536, 0.25, 0.025, 1.5],
  ["gemini-3-pro", 1_048_576, 65_536, 2, 0.2, 12],
  ["gemini-3-flash", 1_048_576, 65_536, 0.5, 0.05, 3],
  ["gemini-2.5-pro", 1_048_576, 65_536, 1.25, 0.125, 10],
  ["gemini-2.5-flash", 1_048_576, 65_536, 0.3, 0.03, 2.5],
  ["gemini-2.5-flash-lite", 1_048_576, 65_536, 0.1, 0.01, 0.4],
  ["gemini-2.0-flash", 1_048_576, 8192, 0.1, 0.025, 0.4],
  ["gemini-2.0-flash-lite", 1_048_576, 8192, 0.075, 0.075, 0.3],
  ["gemini-1.5-pro", 2_097_152, 8192, 1.25, 0.3125, 5],
  ["gemini-1.5-flash", 1_048_576, 8192, 0.075, 0.01875, 0.3],
];

/** Free, because it runs here. */
export const SCRIPTED_INFO: ModelInfo = {
  contextWindow: 128_000,
  maxOutputTokens: 16_384,
  price: { input: 0, cachedInput: 0, cacheWrite: 0, output: 0 },
};

function entries(rows: readonly Row[], { plain, hour }: CacheWriteFactors): (readonly [string, ModelInfo])[] {
  return rows.map(([name, contextWindow, maxOutputTokens, input, cachedInput, output]) => [
    name,
    {
      contextWindow,
      maxOutputTokens,
      price: {
        input,
        cachedInput,
        cacheWrite: input * plain,
        ...(hour !== undefined && { hourCacheWrite: input * hour }),
        output,
      },
    },
  ]);
}

/** As the providers published it; last looked at in October 2026. */
export const KNOWN_MODELS: ReadonlyMap<string, ModelInfo> = new Map([
  ...entries(OPENAI, { plain: 1 }),
  ...entries(OPENAI_CACHE_WRITES, { plain: 1.25 }),
  ...entries(ANTHROPIC, { plain: 1.25, hour: 2 }),
  ...entries(GOOGLE, { plain: 1 }),
  ["scripted", SCRIPTED_INFO],
]);
