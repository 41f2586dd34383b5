import type { EndReason, Entry, Subscriber } from "../contract/session.ts";

/**
 * A client that is told nothing before its line is on the disk. What comes while the disk is busy waits together and goes
 * out after the next sync, in its order. When the disk takes nothing any more the client is let go of.
 */
export class DurableClient implements Subscriber {
  readonly #client: Subscriber;
  /** Resolves when everything that was logged before the call is on the disk. */
  readonly #barrier: () => Promise<void>;
  #waiting: Entry[] = [];
  #sending: Promise<void> | undefined;

  constructor(client: Subscriber, barrier: () => Promise<void>) {
    this.#client = client;
    this.#barrier = barrier;
  }

  get info() {
    return this.#client.info;
  }

  deliver(entry: Entry): void {
    this.#waiting.push(entry);
    this.#sending ??= this.#send();
  }

  async drained(): Promise<void> {
    await this.#sending;
    await this.#client.drained();
  }

  end(reason: EndReason): void {
    void Promise.resolve(this.#sending).then(() => this.#client.end(reason));
  }

  async #send(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const entries = this.#waiting;
        this.#waiting = [];
        await this.#barrier();
        for (const entry of entries) this.#client.deliver(entry);
      }
      this.#sending = undefined;
    } catch {
      // The log refuses whatever comes next, and says why. `#sending` stays: nothing more goes out.
      this.#client.end("internal");
    }
  }
}
