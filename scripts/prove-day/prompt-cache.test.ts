import { describe, expect, it } from "vitest";
import {
  MarkedCache,
  PrefixCache,
  type Prompt,
  type PromptCache,
  type Segment,
  WholeCache,
} from "./prompt-cache.ts";

const MINUTE = 60_000;

/** So many segments of 1000 tokens each; all prompts of a test begin alike. */
const prompt = (count: number, keeps: Record<number, Segment["keep"]> = {}, isKept = true): Prompt => ({
  key: "model",
  segments: Array.from({ length: count }, (_, nth) => {
    const keep = keeps[nth];
    return { text: `${nth} `.padEnd(4000, "x"), ...(keep && { keep }) };
  }),
  isKept,
});

/** Sends prompts at minutes, and tells what was cached, written, and written for an hour, in thousands of tokens. */
const told = (cache: PromptCache, ...sent: [minute: number, prompt: Prompt][]) =>
  sent.map(([minute, what]) => {
    const { cached, written, hourWritten } = cache.bill(what, minute * MINUTE);
    return [cached, written, hourWritten].map((tokens) => tokens / 1000);
  });

describe("a cache of what is marked", () => {
  it("reads what a mark has written, and writes what is new up to the next mark", () => {
    expect(
      told(new MarkedCache(1024), [0, prompt(3, { 2: "minutes" })], [1, prompt(6, { 4: "minutes" })]),
    ).toEqual([
      [0, 3, 0],
      [3, 2, 0],
    ]);
  });

  it("forgets after five minutes or after an hour, and reading renews", () => {
    const short = prompt(3, { 2: "minutes" });
    expect(told(new MarkedCache(1024), [0, short], [4, short], [8, short], [14, short])).toEqual([
      [0, 3, 0],
      [3, 0, 0],
      [3, 0, 0],
      [0, 3, 0],
    ]);
    const long = prompt(3, { 2: "hour" });
    expect(told(new MarkedCache(1024), [0, long], [59, long], [118, long], [179, long])).toEqual([
      [0, 3, 3],
      [3, 0, 0],
      [3, 0, 0],
      [0, 3, 3],
    ]);
  });

  it("takes the price of an hour up to the last mark of an hour", () => {
    expect(told(new MarkedCache(1024), [0, prompt(9, { 1: "hour", 6: "minutes" })])).toEqual([[0, 7, 2]]);
  });

  it("looks back 20 blocks from a mark, and keeps nothing that is too short", () => {
    const first: [number, Prompt] = [0, prompt(2, { 1: "minutes" })];
    expect(told(new MarkedCache(1024), first, [1, prompt(22, { 21: "minutes" })])[1]).toEqual([2, 20, 0]);
    expect(told(new MarkedCache(1024), first, [1, prompt(23, { 22: "minutes" })])[1]).toEqual([0, 23, 0]);
    expect(told(new MarkedCache(4096), first, first)[1]).toEqual([0, 0, 0]);
  });
});

describe("a cache of whole requests", () => {
  it("reads a request that the new one begins with, and no part of one", () => {
    const cache = new WholeCache();
    const other = { ...prompt(3), segments: [...prompt(3).segments, { text: "other".padEnd(4000) }] };
    expect(told(cache, [0, prompt(4)], [1, prompt(6)], [2, other], [40, prompt(6)])).toEqual([
      [0, 4, 0],
      [4, 2, 0],
      [0, 4, 0],
      [0, 6, 0],
    ]);
  });

  it("writes nothing for a request that asks so", () => {
    expect(told(new WholeCache(), [0, prompt(4, {}, false)], [1, prompt(4)])[1]).toEqual([0, 4, 0]);
  });
});

describe("a cache of beginnings", () => {
  it("reads the longest beginning that there was, in steps of 128 tokens, for as long as it is used", () => {
    const cache = new PrefixCache({ minimum: 1024, minutes: 5 });
    const other = { ...prompt(3), segments: [...prompt(3).segments, { text: "other".padEnd(4000) }] };
    expect(told(cache, [0, prompt(4)], [1, other], [7, other]).map(([cached]) => cached)).toEqual([
      0, 2.944, 0,
    ]);
  });
});
