import { createParser } from "eventsource-parser";

/** The largest event; images and long tool arguments stay far below it. In characters. */
const MAX_EVENT_SIZE = 32 * 1024 * 1024;

/** Cuts the bytes of an event stream into the data of its events. */
export class EventParser {
  readonly #parser: ReturnType<typeof createParser>;
  // It keeps the first bytes of a character until the rest has come.
  readonly #decoder = new TextDecoder();

  /** `fail` is told in words what cannot be read. */
  constructor(take: (data: string) => void, fail: (what: string) => void) {
    this.#parser = createParser({
      maxBufferSize: MAX_EVENT_SIZE,
      onEvent: ({ data }) => take(data),
      onError: (error) => {
        if (error.type !== "max-buffer-size-exceeded") return;
        fail(`one event is larger than ${MAX_EVENT_SIZE} characters`);
      },
    });
  }

  feed(bytes: Uint8Array): void {
    this.#parser.feed(this.#decoder.decode(bytes, { stream: true }));
  }

  /** Some servers leave out the blank line after the last event. */
  end(): void {
    this.#parser.feed(`${this.#decoder.decode()}\n\n`);
  }
}
