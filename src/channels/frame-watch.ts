import { StringDecoder } from "node:string_decoder";

/** How much of a refused message is kept to be shown. */
const HEAD_BYTES = 4096;

/**
 * Looks at the bytes of a WebSocket as they arrive (RFC 6455, section 5.2), so that the beginning of a message that is
 * refused for its length can still be told: by then the library has let go of it. What is no valid frame is the
 * library's business.
 */
export class FrameWatch {
  readonly #limit: number;
  readonly #header = Buffer.alloc(14);
  #headerLength = 0;
  #mask = 0;
  #masked = false;
  #isData = false;
  #payloadOffset = 0;
  #payloadLeft = 0;
  #messageLength = 0;
  /** From the first message on: most connections wait for one for long. */
  #head: Buffer | undefined;
  #headLength = 0;

  /** `limit`: bytes of one message, over all its frames. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The beginning of the message that is too long, as far as it has come; undefined while none is. */
  get oversizedHead(): string | undefined {
    if (this.#messageLength <= this.#limit) return undefined;
    // A decoder keeps back a character that was cut in two.
    const head = this.#head?.subarray(0, this.#headLength) ?? Buffer.alloc(0);
    return new StringDecoder("utf8").write(head);
  }

  take(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      at = this.#payloadLeft > 0 ? this.#takePayload(chunk, at) : this.#takeHeaderByte(chunk, at);
    }
  }

  #takeHeaderByte(chunk: Buffer, at: number): number {
    this.#header[this.#headerLength] = chunk[at] ?? 0;
    this.#headerLength += 1;
    if (this.#headerLength >= 2 && this.#headerLength === this.#headerSize()) this.#begin();
    return at + 1;
  }

  #headerSize(): number {
    const second = this.#header[1] ?? 0;
    const length = second & 0x7f;
    return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + ((second & 0x80) === 0 ? 0 : 4);
  }

  #begin(): void {
    const size = this.#headerLength;
    this.#headerLength = 0;
    const opcode = (this.#header[0] ?? 0) & 0x0f;
    const short = (this.#header[1] ?? 0) & 0x7f;
    this.#payloadLeft =
      short === 126
        ? this.#header.readUInt16BE(2)
        : short === 127
          ? Number(this.#header.readBigUInt64BE(2))
          : short;
    this.#payloadOffset = 0;
    this.#masked = ((this.#header[1] ?? 0) & 0x80) !== 0;
    this.#mask = this.#masked ? this.#header.readUInt32BE(size - 4) : 0;
    this.#isData = opcode < 0x08;
    if (!this.#isData || this.oversizedHead !== undefined) return;
    if (opcode !== 0) this.#startMessage();
    this.#messageLength += this.#payloadLeft;
  }

  #startMessage(): void {
    this.#messageLength = 0;
    this.#headLength = 0;
  }

  #takePayload(chunk: Buffer, at: number): number {
    const taken = Math.min(chunk.length - at, this.#payloadLeft);
    const kept = this.#isData ? Math.min(taken, HEAD_BYTES - this.#headLength) : 0;
    const head = (this.#head ??= Buffer.alloc(HEAD_BYTES));
    for (let index = 0; index < kept; index += 1) {
      const maskByte = this.#mask >>> (24 - 8 * ((this.#payloadOffset + index) & 3));
      head[this.#headLength + index] = (chunk[at + index] ?? 0) ^ maskByte;
    }
    this.#headLength += kept;
    this.#payloadOffset += taken;
    this.#payloadLeft -= taken;
    return at + taken;
  }
}
