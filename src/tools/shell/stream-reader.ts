import { createHash } from "node:crypto";

/** One of a process's two output streams: its text so far, and count and hash of all its bytes. */
export class StreamReader {
  // The mark at the beginning of a file belongs to the text; invalid bytes become U+FFFD.
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #hash = createHash("sha256");
  #bytes = 0;

  /** The text that is complete with these bytes; the first bytes of a character wait for the others. */
  read(data: Uint8Array): string {
    this.#hash.update(data);
    this.#bytes += data.length;
    return withoutNul(this.#decoder.decode(data, { stream: true }));
  }

  /** What was left of an unfinished character. */
  end(): string {
    return withoutNul(this.#decoder.decode());
  }

  /** After the last byte, once. */
  facts(): { bytes: number; sha256: string } {
    return { bytes: this.#bytes, sha256: this.#hash.digest("hex") };
  }
}

/** Providers and databases refuse text with NUL. */
const withoutNul = (text: string) => text.replaceAll("\0", "\uFFFD");
