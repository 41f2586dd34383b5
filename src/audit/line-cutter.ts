/** A whole line, without its line break, and the position of its first byte. */
export interface CutLine {
  start: number;
  bytes: Buffer;
}

/** Cuts what is read piece by piece into lines; what follows the last line break is left out. */
export class LineCutter {
  /** The beginning of a line whose end has not come yet. */
  #begun: Buffer[] = [];
  #start: number;

  /** `from`: the position of the first byte. */
  constructor(from = 0) {
    this.#start = from;
  }

  /** The lines that end in the piece. They lie in its memory: good until that is used for the next one. */
  *cut(piece: Buffer): Generator<CutLine> {
    let from = 0;
    for (let to = piece.indexOf(0x0a); to >= 0; to = piece.indexOf(0x0a, from)) {
      const start = this.#start;
      const bytes = this.#whole(piece.subarray(from, to));
      this.#start += bytes.length + 1;
      from = to + 1;
      yield { start, bytes };
    }
    if (from < piece.length) this.#begun.push(Buffer.from(piece.subarray(from)));
  }

  #whole(end: Buffer): Buffer {
    if (this.#begun.length === 0) return end;
    const whole = Buffer.concat([...this.#begun, end]);
    this.#begun = [];
    return whole;
  }
}
