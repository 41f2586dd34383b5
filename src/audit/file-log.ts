import { closeSync, fdatasync, fstatSync, ftruncateSync, unlinkSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { promisify } from "node:util";
import type { AuditFacts } from "../contract/agent.ts";
import { AgentError } from "../contract/error.ts";
import type { Direction, Seq, SessionId, SessionLog, SessionSummary } from "../contract/log.ts";
import { createFile, pathOf, reasonOf, reopenFile } from "./files.ts";
import { formatLine, SESSION_ENDED, SESSION_STARTED } from "./line.ts";

const syncData = promisify(fdatasync);

interface FileLogOptions {
  folder: string;
  id: SessionId;
  /** Called once, when the file has been let go. */
  ended: () => void;
}

/** Creates the session's file with its first line. */
export function startFileLog(options: FileLogOptions): FileLog {
  const { folder, id } = options;
  let descriptor: number;
  try {
    descriptor = createFile(folder, id);
  } catch (cause) {
    throw new AgentError("log_unavailable", `no log for session ${id}: ${reasonOf(cause)}`, { cause });
  }
  const log = new FileLog(descriptor, options);
  try {
    log.append("incoming", SESSION_STARTED);
    return log;
  } catch (error) {
    closeSync(descriptor);
    unlinkSync(pathOf(folder, id));
    throw error;
  }
}

/** Goes on after the last whole line of a session's file. */
export async function continueFileLog(
  options: FileLogOptions,
  { start_time, event_count }: SessionSummary,
): Promise<FileLog> {
  const { folder, id } = options;
  const descriptor = reopenFile(folder, id);
  return new FileLog(descriptor, options, {
    startTime: start_time,
    head: event_count - 1,
    size: fstatSync(descriptor).size,
  });
}

/** Without it a new file's name may be lost with a crash, however well its bytes were kept. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes one session's file: one synchronous write a line, on a descriptor that it keeps. */
export class FileLog implements SessionLog {
  readonly #descriptor: number;
  readonly #options: FileLogOptions;
  readonly #startTime: string;
  #head: Seq = -1;
  #lastActivity: string;
  /** Bytes of whole lines in the file. */
  #size = 0;
  #syncedSize = 0;
  #failure: AgentError | undefined;
  #ended = false;
  #sync: Promise<void> | undefined;
  #nextSync: Promise<void> | undefined;
  #end: Promise<void> | undefined;

  constructor(
    descriptor: number,
    options: FileLogOptions,
    { startTime = new Date().toISOString(), head = -1, size = 0 } = {},
  ) {
    this.#descriptor = descriptor;
    this.#options = options;
    this.#startTime = startTime;
    this.#lastActivity = startTime;
    this.#head = head;
    this.#size = size;
    this.#syncedSize = size;
  }

  get head(): Seq {
    return this.#head;
  }

  summary(): SessionSummary {
    return {
      session_id: this.#options.id,
      start_time: this.#startTime,
      last_activity: this.#lastActivity,
      event_count: this.#head + 1,
      state: "active",
    };
  }

  append(direction: Direction, json: string, audit?: AuditFacts): Seq {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#ended) throw this.#unavailable("it has ended");
    const seq = this.#head + 1;
    const timestamp = seq === 0 ? this.#startTime : new Date().toISOString();
    this.#write(Buffer.from(`${formatLine({ timestamp, direction, json, audit, seq })}\n`));
    this.#head = seq;
    this.#lastActivity = timestamp;
    return seq;
  }

  /**
   * Refused after a failure, though older lines may be safe: what comes after a barrier must not begin without a log.
   * Who asks while a sync runs shares the next one: the running one may have begun before the newest line.
   */
  barrier(): Promise<void> {
    if (this.#sync !== undefined) {
      this.#nextSync ??= this.#sync.then(
        () => this.#followingBarrier(),
        () => this.#followingBarrier(),
      );
      return this.#nextSync;
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#syncedSize === this.#size) return Promise.resolve();
    this.#sync = this.#syncNow().finally(() => (this.#sync = undefined));
    return this.#sync;
  }

  #followingBarrier(): Promise<void> {
    this.#nextSync = undefined;
    return this.barrier();
  }

  end(): Promise<void> {
    this.#end ??= this.#finish();
    return this.#end;
  }

  async #finish(): Promise<void> {
    try {
      this.append("incoming", SESSION_ENDED);
      this.#ended = true;
      await this.barrier();
    } finally {
      await this.#sync?.catch(() => undefined);
      closeSync(this.#descriptor);
      this.#options.ended();
    }
  }

  async #syncNow(): Promise<void> {
    const size = this.#size;
    try {
      await syncData(this.#descriptor);
      if (this.#syncedSize === 0) await syncFolder(this.#options.folder);
      this.#syncedSize = size;
    } catch (cause) {
      // What the kernel could not write it may have dropped: nothing after it can be trusted.
      this.#failure = this.#unavailable(reasonOf(cause), cause);
      throw this.#failure;
    }
  }

  /** A full disk makes a short write that throws nothing. */
  #write(bytes: Buffer): void {
    let written: number;
    try {
      written = writeSync(this.#descriptor, bytes);
    } catch (cause) {
      throw this.#cutBack(reasonOf(cause), cause);
    }
    if (written !== bytes.length)
      throw this.#cutBack(`only ${written} of ${bytes.length} bytes were written`);
    this.#size += bytes.length;
  }

  #cutBack(reason: string, cause?: unknown): AgentError {
    this.#failure = this.#unavailable(reason, cause);
    try {
      ftruncateSync(this.#descriptor, this.#size);
    } catch {
      // A reader leaves the torn line out.
    }
    return this.#failure;
  }

  #unavailable(reason: string, cause?: unknown): AgentError {
    return new AgentError(
      "log_unavailable",
      `the log of session ${this.#options.id} takes no more: ${reason}`,
      { cause },
    );
  }
}
