import type { SessionId } from "../../contract/log.ts";

/** How many names are remembered that clients gave their connections. */
const MAX_NAMES = 10_000;

/** The connections that are open, by their ids, and the sessions of those that were. */
export class Connections<Open> {
  /** A session's own id may be that of many connections. */
  readonly #open = new Map<string, Set<Open>>();
  /** Ids that clients are coming in by. */
  readonly #reserved = new Set<string>();
  readonly #sessions = new Map<string, SessionId>();

  /** Nobody is connected by this id, or about to be. */
  isFree(id: string): boolean {
    return !this.#open.has(id) && !this.#reserved.has(id);
  }

  /** The newest that is open. */
  find(id: string): Open | undefined {
    return [...(this.#open.get(id) ?? [])].at(-1);
  }

  all(id: string): Open[] {
    return [...(this.#open.get(id) ?? [])];
  }

  /** The session of a name that was given before, by a client that may have left since. */
  sessionOf(id: string): SessionId | undefined {
    return this.#sessions.get(id);
  }

  /** Keeps the id from others while its session is opened. */
  async reserve<Result>(id: string, open: () => Promise<Result>): Promise<Result> {
    this.#reserved.add(id);
    try {
      return await open();
    } finally {
      this.#reserved.delete(id);
    }
  }

  remember(id: string, session: SessionId): void {
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > MAX_NAMES && oldest !== undefined) this.#sessions.delete(oldest);
  }

  /** The returned function takes it out again. */
  add(id: string, connection: Open): () => void {
    const same = this.#open.get(id) ?? new Set();
    this.#open.set(id, same.add(connection));
    return () => {
      same.delete(connection);
      if (same.size === 0) this.#open.delete(id);
    };
  }
}
