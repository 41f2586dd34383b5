import type { LogProblem, Seq } from "../contract/log.ts";
import { checkLine, cutLine, GENESIS, type SealedLine } from "./chain.ts";

/** What a walk tells of the lines that are what they say they are. */
interface Sink {
  problem(problem: LogProblem): void;
  /** Every line that its own hash vouches for; its content may have been `edited` or `erased` all the same. */
  line(line: SealedLine, content: "whole" | "edited" | "erased"): void;
}

/** Follows a chain from line to line and names what does not fit. It keeps next to nothing of what it has seen. */
export class ChainWalk {
  readonly #sink: Sink;
  /** The number that the next line should have. */
  #expected: Seq = 0;
  /** The line with the highest number so far, with every hash that was seen for it. */
  #last: { seq: Seq; hashes: string[] } | undefined = { seq: -1, hashes: [GENESIS.hash] };
  /** Lines since then that are none, or that their own hash belies: their numbers are not to be trusted. */
  #unfit = 0;
  #missing: { from: Seq; to: Seq }[] = [];

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** How many lines there should be, as far as the lines tell. */
  get size(): number {
    return this.#expected;
  }

  add(bytes: Buffer): void {
    const line = cutLine(bytes);
    const verdict = line === undefined ? "edited" : checkLine(line);
    if (line === undefined || verdict === "edited") {
      this.#unfit += 1;
      return;
    }
    this.#settleUnfit(Math.max(0, line.seq - this.#expected));
    this.#place(line);
    this.#sink.line(line, CONTENT[verdict]);
  }

  /** `size`: how many lines somebody has vouched for. */
  finish(size: number): void {
    const isComplete = size > 0 && size === this.#expected;
    this.#settleUnfit(isComplete ? 0 : Math.max(this.#unfit, size - this.#expected));
    for (const { from, to } of this.#missing) {
      const lines = from === to ? `line ${from} is` : `lines ${from} to ${to} are`;
      this.#sink.problem({ kind: "missing", seq: from, detail: `${lines} missing` });
    }
  }

  /** Decides which of the unfit lines stand in the place of one of the `room` lines that should be there. */
  #settleUnfit(room: number): void {
    if (this.#unfit === 0) return;
    const edited = Math.min(this.#unfit, room);
    for (let count = 0; count < edited; count += 1) {
      const seq = this.#expected + count;
      this.#sink.problem({ kind: "edited", seq, detail: `line ${seq} is not what was written` });
    }
    for (let count = edited; count < this.#unfit; count += 1) {
      const seq = this.#expected + edited;
      this.#sink.problem({
        kind: "added",
        seq,
        detail: `a line that does not belong stands before line ${seq}`,
      });
    }
    if (edited > 0) this.#last = undefined;
    this.#expected += edited;
    this.#unfit = 0;
  }

  #place({ seq, prevHash, hash }: SealedLine): void {
    if (seq < this.#expected) {
      this.#placeLate(seq, hash);
      return;
    }
    if (seq > this.#expected) this.#missing.push({ from: this.#expected, to: seq - 1 });
    else if (this.#last && !this.#last.hashes.includes(prevHash)) this.#blameLink(seq);
    this.#expected = seq + 1;
    this.#last = { seq, hashes: [hash] };
  }

  /** Each of two neighbours is sound in itself: the earlier one was written anew, with its own hash. */
  #blameLink(seq: Seq): void {
    const blamed = Math.max(0, seq - 1);
    this.#sink.problem({
      kind: "edited",
      seq: blamed,
      detail: `line ${blamed} was written anew: line ${seq} follows another one`,
    });
  }

  #placeLate(seq: Seq, hash: string): void {
    const gap = this.#missing.find(({ from, to }) => from <= seq && seq <= to);
    if (gap === undefined) {
      this.#sink.problem({ kind: "added", seq, detail: `there is more than one line ${seq}` });
      if (this.#last?.seq === seq) this.#last.hashes.push(hash);
      return;
    }
    this.#sink.problem({
      kind: "swapped",
      seq,
      detail: `line ${seq} stands after lines that it came before`,
    });
    const rest = [
      { from: gap.from, to: seq - 1 },
      { from: seq + 1, to: gap.to },
    ].filter(({ from, to }) => from <= to);
    this.#missing.splice(this.#missing.indexOf(gap), 1, ...rest);
  }
}

const CONTENT = { whole: "whole", content_edited: "edited", content_erased: "erased" } as const;
