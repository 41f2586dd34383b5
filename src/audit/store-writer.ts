import type { Durability } from "./chained-file.ts";
import type { Disk } from "./disk.ts";
import { loadSigningKey, type SigningKey } from "./keys.ts";
import { lockStore } from "./lock.ts";
import { type OpenedServerLog, openServerLog } from "./server-log.ts";
import { Witness } from "./witness.ts";

interface StoreWriterOptions {
  folder: string;
  durability: Durability;
  disk: Disk;
  /** 64 hex digits; without it the store has a key of its own. */
  signingKey: string | undefined;
  /** Gets every checkpoint of the server's log. */
  witnessUrl: string | undefined;
  onFault: (error: Error) => void;
}

/** What the one process that writes to a store has: the lock, the key, the server's own log and who witnesses it. */
export class StoreWriter {
  readonly #options: StoreWriterOptions;
  #keyUsed: SigningKey | undefined;
  #witness: Witness | undefined;
  #opened: (OpenedServerLog & { release: () => void }) | undefined;

  constructor(options: StoreWriterOptions) {
    this.#options = options;
  }

  /** Made where there is none yet. Throws AgentError `log_unavailable`. */
  get key(): SigningKey {
    const { folder, signingKey, disk } = this.#options;
    return (this.#keyUsed ??= loadSigningKey(folder, signingKey, disk));
  }

  /** Whether this process is the one that writes to the store. */
  get isOpen(): boolean {
    return this.#opened !== undefined;
  }

  /**
   * The server's log, with what it tells of its last run. Takes the store with the first thing to write: who only reads
   * leaves it to its server. Throws AgentError `log_unavailable` where that is another one.
   */
  open(): OpenedServerLog {
    if (this.#opened) return this.#opened;
    const { folder, disk, durability, witnessUrl, onFault } = this.#options;
    const { release } = lockStore(folder);
    try {
      const witness = witnessUrl === undefined ? undefined : new Witness(witnessUrl, onFault);
      const publish = witness && ((note: string) => witness.send(note));
      this.#witness = witness;
      this.#opened = { ...openServerLog({ folder, key: this.key, disk, durability, publish }), release };
      return this.#opened;
    } catch (error) {
      release();
      throw error;
    }
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    try {
      await opened?.log.close();
      await this.#witness?.settled();
    } finally {
      opened?.release();
    }
  }
}
