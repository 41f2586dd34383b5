import type { Readable } from "node:stream";

export interface Output {
  type: "output";
  stream: "stdout" | "stderr";
  data: Uint8Array;
}

/** What a process whose end is certain may still be silent before its streams count as ended, in milliseconds. */
const SILENCE_MS = 500;

/**
 * Reads both output streams of a process in the order of arrival, one piece at a time: while a piece waits for the
 * reader nothing more is taken from the pipes, so the process waits too.
 */
export class OutputReader {
  readonly #streams: Readable[];
  readonly #pieces: Output[] = [];
  #open: number;
  #endExpected = false;
  #wake: () => void = () => {};

  constructor(streams: Record<Output["stream"], Readable>) {
    this.#streams = [streams.stdout, streams.stderr];
    this.#open = this.#streams.length;
    this.#read("stdout", streams.stdout);
    this.#read("stderr", streams.stderr);
  }

  /** Undefined: both streams have ended. */
  async next(): Promise<Output | undefined> {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece !== undefined) return piece;
      if (this.#open === 0) return undefined;
      for (const stream of this.#streams) stream.resume();
      await this.#change();
    }
  }

  /** The process is dead. A descendant that could not be killed may hold its pipes: silence ends the reading then. */
  expectEnd(): void {
    this.#endExpected = true;
    this.#wake();
  }

  close(): void {
    for (const stream of this.#streams) stream.destroy();
  }

  #read(name: Output["stream"], stream: Readable): void {
    stream.pause();
    stream.on("data", (data: Buffer) => {
      this.#pieces.push({ type: "output", stream: name, data });
      for (const each of this.#streams) each.pause();
      this.#wake();
    });
    // A reset pipe has nothing more to say.
    stream.on("error", () => {});
    stream.on("close", () => {
      this.#open -= 1;
      this.#wake();
    });
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#endExpected ? setTimeout(() => this.close(), SILENCE_MS) : undefined;
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
