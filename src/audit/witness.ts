const TIMEOUT_MS = 10_000;
/** How many checkpoints may wait for a slow witness. */
const LONGEST_QUEUE = 100;

/**
 * Sends every checkpoint of the server's log to somebody who keeps them elsewhere: a POST with the signed note, one after
 * the other. Nobody waits for it; what the witness did not take is told to `onFault`.
 */
export class Witness {
  readonly #url: string;
  readonly #onFault: (error: Error) => void;
  readonly #queue: string[] = [];
  #sending: Promise<void> | undefined;

  constructor(url: string, onFault: (error: Error) => void) {
    this.#url = url;
    this.#onFault = onFault;
  }

  send(note: string): void {
    this.#queue.push(note);
    if (this.#queue.length > LONGEST_QUEUE) {
      this.#queue.shift();
      this.#fail("it is too slow; a checkpoint was not sent");
    }
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined));
  }

  /** Resolves when everything has been sent or has failed. */
  async settled(): Promise<void> {
    await this.#sending;
  }

  async #sendAll(): Promise<void> {
    for (let note = this.#queue.shift(); note !== undefined; note = this.#queue.shift()) {
      await this.#post(note).catch((cause: unknown) =>
        this.#fail(cause instanceof Error ? reasonOfFetch(cause) : String(cause), cause),
      );
    }
  }

  async #post(note: string): Promise<void> {
    const answer = await fetch(this.#url, {
      method: "POST",
      headers: { "content-type": "text/plain; charset=utf-8" },
      body: note,
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await answer.body?.cancel();
    if (!answer.ok) this.#fail(`it answered ${answer.status}`);
  }

  #fail(reason: string, cause?: unknown): void {
    const { origin } = new URL(this.#url);
    this.#onFault(
      new Error(`the witness ${origin} (AUDIT_WITNESS_URL) has not taken a checkpoint: ${reason}`, { cause }),
    );
  }
}

/** "fetch failed" says nothing; its cause does. */
const reasonOfFetch = ({ message, cause }: Error) =>
  cause instanceof Error ? `${message}: ${cause.message}` : message;
