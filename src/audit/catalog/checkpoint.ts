import { statSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { IN_MEMORY } from "./database.ts";

/** From this size on the journal is moved into the catalog; much larger, whoever writes waits for it. */
const DUE_BYTES = 4 * 1024 * 1024;
const PRESSING_BYTES = 64 * 1024 * 1024;

/** A text and no file, so that a bundle of the server needs none beside it. */
const SCRIPT = `
  const { workerData } = require("node:worker_threads");
  const { DatabaseSync } = require("node:sqlite");
  const database = new DatabaseSync(workerData, { timeout: 1000 });
  database.exec("PRAGMA wal_checkpoint(PASSIVE)");
  database.close();
`;

/**
 * Moves what is in the catalog's journal into the catalog, on another thread: it waits for the disk, which the event
 * loop must not.
 */
export class CatalogCheckpoint {
  readonly #path: string;
  readonly #onFault: (error: unknown) => void;
  #running: Promise<void> | undefined;

  constructor(path: string, onFault: (error: unknown) => void) {
    this.#path = path;
    this.#onFault = onFault;
  }

  /** After some writing. Resolves at once, unless the journal has grown too long. */
  async whereDue(): Promise<void> {
    const bytes = this.#journalBytes();
    if (bytes > DUE_BYTES) this.#running ??= this.#run().finally(() => (this.#running = undefined));
    if (bytes > PRESSING_BYTES) await this.#running;
  }

  async settled(): Promise<void> {
    await this.#running;
  }

  #journalBytes(): number {
    if (this.#path === IN_MEMORY) return 0;
    return statSync(`${this.#path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  }

  #run(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const worker = new Worker(SCRIPT, { eval: true, execArgv: [], workerData: this.#path });
    worker.on("error", this.#onFault);
    worker.on("exit", () => resolve());
    return promise;
  }
}
