import type { Entry, Subscriber } from "../contract/session.ts";

/** How much may wait for a client that is still being told what it missed, in characters. */
const BACKLOG_LIMIT = 8 * 1024 * 1024;

interface Backlog {
  entries: Entry[];
  characters: number;
}

/** The clients of one session. One that is still being told what it missed gets what is new after that. */
export class Clients {
  /** What came while a client was being told of what it had missed. */
  readonly #backlogs = new Map<Subscriber, Backlog | undefined>();

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
      if (!backlog) client.deliver(entry);
      else if (backlog.characters < BACKLOG_LIMIT) keep(backlog, entry);
      else {
        this.#backlogs.delete(client);
        client.end("too_slow");
      }
    }
  }

  /** Adds a client that gets `missed` first, as fast as it reads. Resolves when it is level with the others. */
  async addAfter(client: Subscriber, missed: AsyncIterable<Entry>): Promise<void> {
    const backlog: Backlog = { entries: [], characters: 0 };
    this.#backlogs.set(client, backlog);
    for await (const entry of missed) {
      if (!this.#backlogs.has(client)) return;
      client.deliver(entry);
      await client.drained();
    }
    for (let entry = backlog.entries.shift(); entry; entry = backlog.entries.shift()) {
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

/** Deltas go first where room is scarce: the finished item repeats them. */
function keep(backlog: Backlog, entry: Entry): void {
  if (entry.message.type === "response_delta" && backlog.characters > BACKLOG_LIMIT / 2) return;
  backlog.entries.push(entry);
  backlog.characters += entry.json.length;
}
