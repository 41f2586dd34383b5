import type { Redacted } from "../../contract/redact.ts";
import { afterBackslashes, firstCode, matchAt, OPEN, spellingsOf } from "./spellings.ts";

/** A loaded key or token, and the variable that it came from. */
export interface Secret {
  name: string;
  value: string;
}

interface Spelling {
  name: string;
  text: string;
}

interface Hit {
  name: string;
  start: number;
  /** OPEN: more text decides. */
  end: number;
}

/** Finds spellings of secrets in one pass: the leftmost one, there the longest. */
export class Finder {
  readonly #spellings: Spelling[];
  readonly #byFirst: Map<number, Spelling[]>;
  readonly #starts: RegExp | undefined;

  constructor(secrets: readonly Secret[]) {
    this.#spellings = secrets.flatMap(({ name, value }) =>
      spellingsOf(value).map((text) => ({ name, text })),
    );
    this.#byFirst = Map.groupBy(this.#spellings, ({ text }) => text.charCodeAt(0));
    this.#starts = startsOf(this.#spellings);
  }

  finds(text: string): boolean {
    return this.#next(text, 0, true) !== undefined;
  }

  /** `rest`: where the text is not `whole`, its end that could be the beginning of a spelling. */
  replace(text: string, whole: boolean): Redacted & { rest: string } {
    let redacted = "";
    let count = 0;
    let from = 0;
    for (let hit = this.#next(text, 0, whole); hit; hit = this.#next(text, from, whole)) {
      redacted += text.slice(from, hit.start);
      if (hit.end === OPEN) return { text: redacted, count, rest: text.slice(hit.start) };
      redacted += `[redacted:${hit.name}]`;
      count += 1;
      from = hit.end;
    }
    return { text: redacted + text.slice(from), count, rest: "" };
  }

  #next(text: string, from: number, whole: boolean): Hit | undefined {
    const starts = this.#starts;
    if (starts === undefined) return undefined;
    starts.lastIndex = from;
    for (let start = starts.exec(text); start; start = starts.exec(text)) {
      const hit = this.#at(text, start.index, whole);
      if (hit) return hit;
      // A run of backslashes is looked at from its beginning only.
      starts.lastIndex = Math.max(start.index + 1, afterBackslashes(text, start.index));
    }
    return undefined;
  }

  #at(text: string, start: number, whole: boolean): Hit | undefined {
    let best: Hit | undefined;
    for (const { name, text: spelling } of this.#candidates(text, start)) {
      const end = matchAt(text, start, spelling);
      if (end === OPEN && !whole) return { name, start, end };
      if (end > (best?.end ?? 0)) best = { name, start, end };
    }
    return best;
  }

  #candidates(text: string, start: number): readonly Spelling[] {
    const code = firstCode(text, start);
    if (code === undefined) return this.#spellings;
    const own = text.charCodeAt(start);
    const spellings = this.#byFirst.get(code) ?? [];
    return code === own ? spellings : [...spellings, ...(this.#byFirst.get(own) ?? [])];
  }
}

/**
 * Where a spelling may begin: at its first three characters, or as many of them as stand before an escape or the end;
 * or at an escape that could be that of a first character. Everything else must be passed over fast.
 */
function startsOf(spellings: readonly Spelling[]): RegExp | undefined {
  if (spellings.length === 0) return undefined;
  const starts = spellings.map(({ text }) => {
    const [first, second, third] = Array.from({ length: 3 }, (_, index) => literal(text.charCodeAt(index)));
    return `${first}(?:${second}(?:${third}|[\\\\%]|$)|[\\\\%]|$)`;
  });
  const firsts = spellings.map(({ text }) => text.charAt(0));
  const escaped = firsts.map((first) => {
    const hex = hex4(first.charCodeAt(0));
    return `u${hex}|u${hex.toUpperCase()}${/\W/.test(first) ? `|\\u${hex}` : ""}`;
  });
  const escape = firsts.some((first) => first < " " || first === "\\")
    ? String.raw`\\`
    : String.raw`(?<!\\)\\+(?:u.{0,3}$|$|${[...new Set(escaped)].join("|")})`;
  return new RegExp([...new Set(starts), escape, "%(?:[0-9a-fA-F]|$)"].join("|"), "g");
}

const hex4 = (code: number) => code.toString(16).padStart(4, "0");

const literal = (code: number) => `\\u${hex4(code)}`;
