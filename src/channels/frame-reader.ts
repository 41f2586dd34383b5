import { StringDecoder } from "node:string_decoder";

/** Takes whole frames out of a stream of bytes. */
export interface FrameReader {
  /** The frames that are whole by now. Ends for good with the one that is too long, of which it gives the beginning. */
  take(chunk: Buffer): Iterable<{ frame: string } | { oversized: string }>;
  /** What is left of a frame when no more bytes come; undefined when there is nothing. */
  rest(): string | undefined;
}

/** How much of a refused frame is kept to be shown. */
const HEAD_BYTES = 4096;

const LINE_FEED = 0x0a;

/** One frame a line. Nothing but the line feed ends one: U+2028 is text. Empty lines are no frames. */
export class LineReader implements FrameReader {
  readonly #limit: number;
  readonly #line = new ByteStore();

  /** `limit`: bytes of one frame. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  *take(chunk: Buffer): Generator<{ frame: string } | { oversized: string }> {
    let start = 0;
    while (start < chunk.length) {
      const found = chunk.indexOf(LINE_FEED, start);
      const end = found < 0 ? chunk.length : found;
      this.#line.add(chunk.subarray(start, Math.min(end, start + this.#limit + 1)));
      if (this.#line.length > this.#limit) return yield { oversized: this.#line.head(HEAD_BYTES) };
      start = end + 1;
      if (found < 0) return;
      const frame = this.#line.takeText();
      if (frame.trim() !== "") yield { frame };
    }
  }

  rest(): string | undefined {
    const rest = this.#line.takeText();
    return rest.trim() === "" ? undefined : rest;
  }
}

const PREFIX_BYTES = 4;

/** Each frame after its length in bytes, a big-endian number of 32 bits. */
export class LengthReader implements FrameReader {
  readonly #limit: number;
  readonly #prefix = new ByteStore();
  readonly #body = new ByteStore();
  /** Of the frame that is being read; undefined while its length is. */
  #length: number | undefined;

  /** `limit`: bytes of one frame. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  *take(chunk: Buffer): Generator<{ frame: string } | { oversized: string }> {
    let at = 0;
    while (at < chunk.length) {
      at = this.#length === undefined ? this.#takePrefix(chunk, at) : this.#takeBody(chunk, at, this.#length);
      if (this.#length === undefined) continue;
      // Said at once: nobody waits for gigabytes.
      if (this.#length > this.#limit) {
        this.#body.add(chunk.subarray(at, at + HEAD_BYTES));
        return yield { oversized: this.#body.head(HEAD_BYTES) };
      }
      if (this.#body.length < this.#length) continue;
      this.#length = undefined;
      yield { frame: this.#body.takeText() };
    }
  }

  rest(): string | undefined {
    const isCut = this.#length !== undefined || this.#prefix.length > 0;
    return isCut ? this.#body.takeText() : undefined;
  }

  #takePrefix(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + PREFIX_BYTES - this.#prefix.length);
    this.#prefix.add(chunk.subarray(at, end));
    if (this.#prefix.length === PREFIX_BYTES) this.#length = this.#prefix.takeNumber();
    return end;
  }

  #takeBody(chunk: Buffer, at: number, length: number): number {
    const end = Math.min(chunk.length, at + length - this.#body.length);
    this.#body.add(chunk.subarray(at, end));
    return end;
  }
}

/** Bytes that come in pieces. A piece costs what it holds, however small: a list of pieces would not do. */
class ByteStore {
  #bytes = Buffer.alloc(0);
  length = 0;

  add(piece: Buffer): void {
    const needed = this.length + piece.length;
    if (needed > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(needed, 2 * this.#bytes.length));
      this.#bytes.copy(larger, 0, 0, this.length);
      this.#bytes = larger;
    }
    piece.copy(this.#bytes, this.length);
    this.length = needed;
  }

  /** A character that is cut in two is left out. */
  head(bytes: number): string {
    return new StringDecoder("utf8").write(this.#bytes.subarray(0, Math.min(bytes, this.length)));
  }

  takeText(): string {
    const text = this.#bytes.toString("utf8", 0, this.length);
    this.#clear();
    return text;
  }

  takeNumber(): number {
    const number = this.#bytes.readUInt32BE();
    this.#clear();
    return number;
  }

  #clear(): void {
    this.#bytes = Buffer.alloc(0);
    this.length = 0;
  }
}
