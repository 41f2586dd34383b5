import { constants } from "node:fs";
import { dirname } from "node:path";
import type { AuditFacts } from "../contract/audit.ts";
import { AgentError } from "../contract/error.ts";
import type { Direction, Seq, SessionId, SessionLog, SessionSummary } from "../contract/log.ts";
import { BlobFolder, blobFolderOf } from "./blobs.ts";
import type { ChainHead } from "./chain.ts";
import { ChainedFile, type ChainStart, type Durability } from "./chained-file.ts";
import { CheckpointFile, sessionOrigin } from "./checkpoint.ts";
import type { Disk } from "./disk.ts";
import { checkpointPath, pathOf, reasonOf } from "./files.ts";
import type { SigningKey } from "./keys.ts";
import { SESSION_ENDED, SESSION_STARTED, timestampNow } from "./line.ts";

/** While a session is active its newest lines are signed at least this often. */
const CHECKPOINT_MS = 10_000;

export interface FileLogOptions {
  folder: string;
  id: SessionId;
  key: SigningKey;
  disk: Disk;
  durability: Durability;
  /** The server's own log has the session before the session's first barrier passes. */
  registered: () => Promise<void>;
  /** Called once, when the file has been let go; with its end if it has got one. */
  ended: (end?: ChainHead) => Promise<void>;
}

/** Creates the session's file with its first line. Throws AgentError `log_unavailable`. */
export function startFileLog(options: FileLogOptions): FileLog {
  const { folder, id, disk } = options;
  const { O_WRONLY, O_CREAT, O_EXCL, O_APPEND, O_NOFOLLOW } = constants;
  const descriptor = opened(id, () =>
    disk.open(pathOf(folder, id), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW, 0o600),
  );
  const log = new FileLog(fileOf(options, descriptor), options, timestampNow());
  try {
    log.append("incoming", SESSION_STARTED);
  } catch (error) {
    disk.close(descriptor);
    disk.remove(pathOf(folder, id));
    throw error;
  }
  return log;
}

export interface LogState extends ChainStart {
  startTime: string;
  lastActivity: string;
}

/** Goes on after the last line of a session's file. */
export function continueFileLog(options: FileLogOptions, path: string, state: LogState): FileLog {
  const { O_WRONLY, O_APPEND, O_NOFOLLOW } = constants;
  const descriptor = opened(options.id, () => options.disk.open(path, O_WRONLY | O_APPEND | O_NOFOLLOW));
  return new FileLog(
    fileOf(options, descriptor, { path, ...state }),
    options,
    state.startTime,
    state.lastActivity,
  );
}

function opened(id: SessionId, open: () => number): number {
  try {
    return open();
  } catch (cause) {
    throw new AgentError("log_unavailable", `no log for session ${id}: ${reasonOf(cause)}`, { cause });
  }
}

function fileOf(
  { folder, id, key, disk, durability }: FileLogOptions,
  descriptor: number,
  start?: ChainStart & { path: string },
): ChainedFile {
  const path = start?.path ?? pathOf(folder, id);
  return new ChainedFile({
    path,
    descriptor,
    name: `session ${id}`,
    disk,
    durability,
    checkpoints: new CheckpointFile({
      path: checkpointPath(dirname(path), id),
      origin: sessionOrigin(id),
      key,
      disk,
    }),
    checkpointMs: CHECKPOINT_MS,
    signBarriers: true,
    blobs: new BlobFolder(blobFolderOf(dirname(path), id), disk),
    ...(start && { start }),
  });
}

/** Writes one session's file. Its checkpoints come with the barriers, with what was approved, and with time. */
export class FileLog implements SessionLog {
  readonly #file: ChainedFile;
  readonly #options: FileLogOptions;
  readonly #startTime: string;
  #lastActivity: string;
  #registered: Promise<void> | undefined;
  #end: Promise<void> | undefined;

  constructor(file: ChainedFile, options: FileLogOptions, startTime: string, lastActivity = startTime) {
    this.#file = file;
    this.#options = options;
    this.#startTime = startTime;
    this.#lastActivity = lastActivity;
  }

  get head(): Seq {
    return this.#file.head.size - 1;
  }

  get unsyncedBytes(): number {
    return this.#file.unsyncedBytes;
  }

  summary(): SessionSummary {
    return {
      session_id: this.#options.id,
      start_time: this.#startTime,
      last_activity: this.#lastActivity,
      event_count: this.#file.head.size,
      state: "active",
    };
  }

  append(direction: Direction, json: string, audit?: AuditFacts): Seq {
    const timestamp = this.#file.head.size === 0 ? this.#startTime : timestampNow();
    const seq = this.#file.append({ direction, json, audit, timestamp });
    this.#lastActivity = timestamp;
    if (audit?.approval) this.barrier().catch(() => undefined);
    return seq;
  }

  /** One after the other: a session that has a checkpoint is one that the server's log knows. */
  async barrier(): Promise<void> {
    await (this.#registered ??= this.#options.registered());
    await this.#file.barrier();
  }

  end(): Promise<void> {
    this.#end ??= this.#finish(true);
    return this.#end;
  }

  /** Signs what there is and lets go of the file: for one that says already that it has ended. */
  release(): Promise<void> {
    this.#end ??= this.#finish(false);
    return this.#end;
  }

  /** Lets go of the file, and takes it away: nobody has been told of the session. */
  discard(): void {
    const { folder, id, disk } = this.#options;
    this.#file.abandon();
    disk.remove(pathOf(folder, id));
  }

  async #finish(withLine: boolean): Promise<void> {
    let end: ChainHead | undefined;
    try {
      await this.#endFile(withLine);
      end = this.#file.head;
    } finally {
      await this.#options.ended(end);
    }
  }

  async #endFile(withLine: boolean): Promise<void> {
    try {
      if (withLine) this.append("incoming", SESSION_ENDED);
      this.#file.seal();
      await this.barrier();
    } finally {
      await this.#file.close();
    }
  }
}
