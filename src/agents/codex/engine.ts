import type { ResponseItem } from "../../contract/item.ts";
import type { AppServer } from "./app-server.ts";
import type { Holder, Seats } from "./seats.ts";
import { startThread, type ThreadOptions } from "./thread.ts";

interface EngineOptions {
  seats: Seats;
  /** Starts the process of a session. */
  startServer: (signal: AbortSignal) => Promise<AppServer>;
}

/** A running process, and the thread in it that has the whole conversation and nothing else. */
export interface Running {
  server: AppServer;
  threadId: string;
}

/** The process of one session, while there is one, and its thread. */
export class Engine implements Holder {
  /** A turn or a compaction runs. */
  isBusy = false;
  readonly #options: EngineOptions;
  #server: AppServer | undefined;
  #threadId: string | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  get isIdle(): boolean {
    return !this.isBusy;
  }

  /** Undefined until a turn needs it, and after it was let go. */
  get server(): AppServer | undefined {
    return this.#server;
  }

  /** The next turn begins with a thread of its own. */
  forgetThread(): void {
    this.#threadId = undefined;
  }

  keepThread(threadId: string): void {
    this.#threadId = threadId;
  }

  /** Starts what is missing. `model`: what the thread goes on with. */
  async ready(
    thread: ThreadOptions,
    items: readonly ResponseItem[],
    signal: AbortSignal,
  ): Promise<Running & { model: string }> {
    const { seats, startServer } = this.#options;
    await this.endIfDead();
    await seats.take(this);
    if (this.#server === undefined) {
      this.#threadId = undefined;
      this.#server = await startServer(signal).catch((error: unknown) => {
        seats.free(this);
        throw error;
      });
    }
    signal.throwIfAborted();
    const server = this.#server;
    let { model } = thread;
    if (this.#threadId === undefined) {
      const started = await startThread(server, thread, items, signal);
      this.#threadId = started.id;
      model = started.model;
    }
    signal.throwIfAborted();
    return { server, threadId: this.#threadId, model };
  }

  async endIfDead(): Promise<void> {
    if (this.#server?.isAlive === false) await this.letGo();
  }

  /** Ends the process; the next turn starts another one. */
  async letGo(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#threadId = undefined;
    this.#options.seats.free(this);
    await server?.stop();
  }
}
