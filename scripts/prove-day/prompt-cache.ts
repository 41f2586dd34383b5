import { createHash } from "node:crypto";
import { type InputUsage, tokensOf } from "./answer.ts";

/** A piece of a prompt, in the order that the model reads it. `keep`: an explicit mark after it. */
export interface Segment {
  text: string;
  keep?: "minutes" | "hour";
}

export interface Prompt {
  /** What else must be the same: the model, the name of the conversation. */
  key: string;
  segments: readonly Segment[];
  /** It asks not to be kept. */
  isKept: boolean;
}

/** What one request is billed for its input, by the published rules of a provider's prompt cache. */
export interface PromptCache {
  bill(prompt: Prompt, now: number): InputUsage;
}

const MINUTE = 60_000;
const LIFETIMES = { minutes: 5 * MINUTE, hour: 60 * MINUTE };

/** Where a segment ends: the tokens up to there, and a name for all of them. */
interface End {
  tokens: number;
  hash: string;
  keep: Segment["keep"];
}

function endsOf({ key, segments }: Prompt): End[] {
  let tokens = 0;
  let hash = key;
  return segments.map(({ text, keep }) => {
    tokens += tokensOf(text);
    hash = createHash("sha1").update(hash).update(text).digest("base64");
    return { tokens, hash, keep };
  });
}

/** How many blocks before a mark are looked at for something that was kept. */
const LOOKBACK = 20;

/**
 * Anthropic's: only what is marked is written; a mark reads the longest beginning that was kept, if that ends at most
 * 20 blocks before it. Reading renews it. What is written up to the last mark of an hour costs the price of an hour.
 */
export class MarkedCache implements PromptCache {
  readonly #kept = new Map<string, { until: number; lifetime: number }>();
  readonly #minimum: number;

  constructor(minimum: number) {
    this.#minimum = minimum;
  }

  bill(prompt: Prompt, now: number): InputUsage {
    const ends = endsOf(prompt);
    const read = this.#read(ends, now);
    const after = ends.slice(read + 1).filter(({ keep, tokens }) => keep && tokens >= this.#minimum);
    for (const { hash, keep } of after) {
      const lifetime = LIFETIMES[keep ?? "minutes"];
      this.#kept.set(hash, { until: now + lifetime, lifetime });
    }
    const cached = ends[read]?.tokens ?? 0;
    const written = (after.at(-1)?.tokens ?? cached) - cached;
    const hourWritten = (after.findLast(({ keep }) => keep === "hour")?.tokens ?? cached) - cached;
    return { input: ends.at(-1)?.tokens ?? 0, cached, written, hourWritten };
  }

  /** The last segment of the longest beginning that is kept; -1 for none. */
  #read(ends: readonly End[], now: number): number {
    for (let mark = ends.length - 1; mark >= 0; mark -= 1) {
      if (!ends[mark]?.keep) continue;
      for (let index = mark; index >= Math.max(0, mark - LOOKBACK); index -= 1) {
        const entry = this.#kept.get(ends[index]?.hash ?? "");
        if (!entry || entry.until < now) continue;
        entry.until = now + entry.lifetime;
        return index;
      }
    }
    return -1;
  }
}

/** OpenAI's from gpt-5.6 on: each request is kept as a whole for half an hour, and read by those that begin with it. */
export class WholeCache implements PromptCache {
  readonly #until = new Map<string, number>();
  readonly #minimum = 1024;
  readonly #lifetime = 30 * MINUTE;

  bill(prompt: Prompt, now: number): InputUsage {
    const ends = endsOf(prompt);
    const input = ends.at(-1)?.tokens ?? 0;
    if (!prompt.isKept) return { input, cached: 0, written: 0, hourWritten: 0 };
    const read = ends.findLast(({ hash }) => (this.#until.get(hash) ?? -1) >= now);
    const last = ends.at(-1);
    for (const end of [read, last]) if (end) this.#until.set(end.hash, now + this.#lifetime);
    const cached = read?.tokens ?? 0;
    const written = input < this.#minimum ? 0 : input - cached;
    return { input, cached, written, hourWritten: 0 };
  }
}

/** In tokens: what is kept grows by so many. */
const INCREMENT = 128;

/** The automatic ones: the longest beginning that some request had, without a price for writing. */
export class PrefixCache implements PromptCache {
  readonly #until = new Map<string, number>();
  readonly #minimum: number;
  readonly #lifetime: number;

  constructor({ minimum, minutes }: { minimum: number; minutes: number }) {
    this.#minimum = minimum;
    this.#lifetime = minutes * MINUTE;
  }

  bill({ key, segments }: Prompt, now: number): InputUsage {
    const text = segments.map((segment) => segment.text).join("");
    const size = INCREMENT * 4;
    const hashes: string[] = [];
    for (let end = size, hash = key; end <= text.length; end += size) {
      hash = createHash("sha1")
        .update(hash)
        .update(text.slice(end - size, end))
        .digest("base64");
      hashes.push(hash);
    }
    const found = hashes.findLastIndex((hash) => (this.#until.get(hash) ?? -1) >= now);
    for (const hash of hashes) this.#until.set(hash, now + this.#lifetime);
    const cached = (found + 1) * INCREMENT;
    return { input: tokensOf(text), cached: cached < this.#minimum ? 0 : cached, written: 0, hourWritten: 0 };
  }
}
