/** Numbers that look random and come again with the same seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `low` to `high`, both among them. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  /** About so many characters that look like a program and its comments. */
  prose(length: number): string {
    const words: string[] = [];
    for (let size = 0; size < length; size += (words.at(-1)?.length ?? 0) + 1) words.push(this.#word());
    return words.join(" ");
  }

  #word(): string {
    const word = WORDS[this.between(0, WORDS.length - 1)] ?? "";
    return this.chance(0.2) ? `${word}_${this.between(0, 999)}` : word;
  }
}

const WORDS =
  "the request session returns while a budget was reached const function await prüft 値 expected undefined line of src test passes failed module export cache 👍 step".split(
    " ",
  );
