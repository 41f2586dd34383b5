import type { Entry, Subscriber } from "../contract/session.ts";

/** The clients of one session. One that is still being told what it missed gets what is new after that. */
export class Clients {
  /** What came while a client was being told of what it had missed. */
  readonly #backlogs = new Map<Subscriber, Entry[] | undefined>();

  get size() {
    return this.#backlogs.size;
  }

  add(client: Subscriber): void {
    this.#backlogs.set(client, undefined);
  }

  /** False if it was not there. */
  remove(client: Subscriber): boolean {
    return this.#backlogs.delete(client);
  }

  deliver(entry: Entry): void {
    for (const [client, backlog] of this.#backlogs) {
      if (backlog) backlog.push(entry);
      else client.deliver(entry);
    }
  }

  /** Adds a client that gets `missed` first, as fast as it reads. Resolves when it is level with the others. */
  async addAfter(client: Subscriber, missed: AsyncIterable<Entry>): Promise<void> {
    const backlog: Entry[] = [];
    this.#backlogs.set(client, backlog);
    for await (const entry of missed) {
      if (!this.#backlogs.has(client)) return;
      client.deliver(entry);
      await client.drained();
    }
    for (let entry = backlog.shift(); entry; entry = backlog.shift()) {
      if (!this.#backlogs.has(client)) return;
      client.deliver(entry);
      await client.drained();
    }
    // Nothing waits between the empty backlog and this line.
    if (this.#backlogs.has(client)) this.#backlogs.set(client, undefined);
  }

  *[Symbol.iterator](): Iterator<Subscriber> {
    yield* this.#backlogs.keys();
  }
}
