/**
 * Text of any length in bounded memory: keeps the head and the tail, and cuts the middle out when the whole has more
 * bytes than the limit. Never cuts inside a character.
 */
export class Transcript {
  readonly #headLimit: number;
  readonly #tailLimit: number;
  #head: Uint8Array[] = [];
  #headBytes = 0;
  #tail: Uint8Array[] = [];
  #tailBytes = 0;
  #dropped = 0;

  /** `limit` in bytes of UTF-8, the line about what was left out not counted. */
  constructor(limit: number) {
    this.#headLimit = Math.ceil(limit / 2);
    this.#tailLimit = Math.floor(limit / 2);
  }

  append(text: string): void {
    let bytes: Uint8Array = Buffer.from(text, "utf8");
    if (this.#tailBytes === 0 && this.#dropped === 0) {
      const room = this.#headLimit - this.#headBytes;
      const end = bytes.length <= room ? bytes.length : lastBoundary(bytes, room);
      this.#head.push(bytes.subarray(0, end));
      this.#headBytes += end;
      bytes = bytes.subarray(end);
    }
    if (bytes.length === 0) return;
    this.#tail.push(bytes);
    this.#tailBytes += bytes.length;
    // Compacting only at twice the limit makes the cost of a byte constant.
    if (this.#tailBytes > 2 * this.#tailLimit + 4096) this.#trimTail();
  }

  get truncated(): boolean {
    return this.#dropped > 0 || this.#headBytes + this.#tailBytes > this.#headLimit + this.#tailLimit;
  }

  toString(): string {
    const head = Buffer.concat(this.#head).toString("utf8");
    if (!this.truncated) return head + Buffer.concat(this.#tail).toString("utf8");
    this.#trimTail();
    const tail = Buffer.concat(this.#tail).toString("utf8");
    const leftOut = `[... ${this.#dropped} bytes left out ...]`;
    return `${head}${head.endsWith("\n") ? "" : "\n"}${leftOut}${tail.startsWith("\n") ? "" : "\n"}${tail}`;
  }

  #trimTail(): void {
    const whole = Buffer.concat(this.#tail);
    const start = firstBoundary(whole, Math.max(0, whole.length - this.#tailLimit));
    this.#dropped += start;
    // A copy, so that the bytes before it can be freed.
    this.#tail = [new Uint8Array(whole.subarray(start))];
    this.#tailBytes = whole.length - start;
  }
}

const isContinuation = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;

function lastBoundary(bytes: Uint8Array, position: number): number {
  let boundary = position;
  while (boundary > 0 && isContinuation(bytes[boundary])) boundary--;
  return boundary;
}

function firstBoundary(bytes: Uint8Array, position: number): number {
  let boundary = position;
  while (isContinuation(bytes[boundary])) boundary++;
  return boundary;
}
