import type { AuditFacts } from "../contract/audit.ts";
import { dirname } from "node:path";
import { AgentError } from "../contract/error.ts";
import type { Direction, Seq } from "../contract/log.ts";
import type { BlobFolder } from "./blobs.ts";
import { type ChainHead, GENESIS, sealLine } from "./chain.ts";
import type { CheckpointFile } from "./checkpoint.ts";
import { type Disk, writeWhole } from "./disk.ts";
import { reasonOf } from "./files.ts";

/** `off`: nothing waits for the disk; what a crash of the machine keeps is then up to the system. */
export type Durability = "barrier" | "strict" | "off";

export interface ChainedFileOptions {
  path: string;
  /** Opened to append. */
  descriptor: number;
  /** For errors: `session 0f...`. */
  name: string;
  disk: Disk;
  durability: Durability;
  checkpoints: CheckpointFile;
  /** How long lines may wait for a checkpoint, in milliseconds. */
  checkpointMs: number;
  /** Whether a barrier signs, too. */
  signBarriers: boolean;
  blobs?: BlobFolder;
  start?: ChainStart;
}

/** A file that is gone on with. */
export interface ChainStart {
  head: ChainHead;
  /** Of whole lines; there is nothing else in it. */
  bytes: number;
  /** How many of the lines a checkpoint vouches for. */
  signed: number;
}

/**
 * Appends to one file of chained lines: one synchronous write a line, on a descriptor that it keeps. Checkpoints are
 * written for what is on the disk already, so that after a crash none vouches for more than there is.
 */
export class ChainedFile {
  readonly #options: ChainedFileOptions;
  #head: ChainHead;
  /** Bytes of whole lines in the file. */
  #bytes: number;
  #syncedBytes: number;
  #signedSize: number;
  /** The folder's entries for this file and its checkpoints are durable. */
  #namesSynced: boolean;
  #failure: AgentError | undefined;
  #closed = false;
  /** As many lines are to be signed with the next sync. */
  #signUpTo: number;
  #timer: NodeJS.Timeout | undefined;
  #sync: Promise<void> | undefined;
  #nextSync: Promise<void> | undefined;

  constructor(options: ChainedFileOptions) {
    this.#options = options;
    const { head, bytes, signed } = options.start ?? { head: GENESIS, bytes: 0, signed: 0 };
    this.#head = head;
    this.#bytes = bytes;
    // What stood there when it was opened may have been written and not synced.
    this.#syncedBytes = 0;
    this.#signedSize = signed;
    this.#signUpTo = Math.max(1, head.size);
    this.#namesSynced = options.start !== undefined;
  }

  get head(): ChainHead {
    return this.#head;
  }

  /** Throws AgentError `log_unavailable`; after a failure always. */
  append(line: {
    direction: Direction;
    json: string;
    audit?: AuditFacts | undefined;
    timestamp?: string;
  }): Seq {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closed) throw this.#unavailable("it has ended");
    const seq = this.#head.size;
    const sealed = sealLine({ ...this.#withoutBlobs(line), seq }, this.#head.hash);
    this.#write(sealed.line);
    this.#head = { size: seq + 1, hash: sealed.hash };
    this.#signLater();
    return seq;
  }

  /**
   * After it resolves, everything appended so far survives a crash of the machine. Refused after a failure, though older
   * lines may be safe: what comes after a barrier must not begin without a log. Who asks while a sync runs shares the
   * next one: the running one may have begun before the newest line.
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
    if (this.#syncedBytes === this.#bytes && !this.#mustSign()) return Promise.resolve();
    this.#sync = this.#syncNow().finally(() => (this.#sync = undefined));
    return this.#sync;
  }

  get unsyncedBytes(): number {
    return this.#bytes - this.#syncedBytes;
  }

  /** A barrier that signs in any case. */
  checkpoint(): Promise<void> {
    this.#signUpTo = this.#head.size;
    return this.barrier();
  }

  /** From now on nothing is added. */
  seal(): void {
    this.#closed = true;
  }

  /** Signs the last line and lets go of the file. */
  async close(): Promise<void> {
    this.seal();
    const { descriptor, disk, checkpoints } = this.#options;
    try {
      await this.checkpoint();
      if (this.#options.durability !== "off") await checkpoints.sync();
    } finally {
      clearTimeout(this.#timer);
      await this.#sync?.catch(() => undefined);
      await this.#options.blobs?.settle(false);
      checkpoints.close();
      disk.close(descriptor);
    }
  }

  /** Lets go of the file as it is. Nothing may be waiting for it. */
  abandon(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#options.disk.close(this.#options.descriptor);
  }

  #withoutBlobs<Line extends { json: string; audit?: AuditFacts | undefined }>(line: Line): Line {
    const { blobs } = this.#options;
    if (blobs === undefined) return line;
    try {
      const { json, kept } = blobs.takeOut(line.json);
      return kept.length === 0 ? line : { ...line, json, audit: { ...line.audit, blobs: kept } };
    } catch (cause) {
      throw this.#fail(reasonOf(cause), cause);
    }
  }

  #followingBarrier(): Promise<void> {
    this.#nextSync = undefined;
    return this.barrier();
  }

  #mustSign = (): boolean =>
    (this.#signedSize < this.#signUpTo || this.#options.signBarriers) && this.#signedSize < this.#head.size;

  async #syncNow(): Promise<void> {
    const { descriptor, disk, durability, blobs } = this.#options;
    const [bytes, head, sign] = [this.#bytes, this.#head, this.#mustSign()];
    try {
      await blobs?.settle(durability !== "off");
      if (durability !== "off") await disk.sync(descriptor);
      this.#syncedBytes = bytes;
      if (sign) this.#sign(head);
      if (!this.#namesSynced && durability !== "off") await this.#syncNames();
    } catch (cause) {
      // What the kernel could not write it may have dropped: nothing after it can be trusted.
      throw this.#fail(reasonOf(cause), cause);
    }
  }

  #sign(head: ChainHead): void {
    this.#options.checkpoints.sign(head);
    this.#signedSize = head.size;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (head.size < this.#head.size) this.#signLater();
  }

  #signLater(): void {
    this.#timer ??= setTimeout(() => this.#checkpointLater(), this.#options.checkpointMs).unref();
  }

  /** Without it the name of a new file may be lost with a crash, however well its bytes were kept. */
  async #syncNames(): Promise<void> {
    const { disk, checkpoints, path } = this.#options;
    await checkpoints.sync();
    await disk.syncFolder(dirname(path));
    this.#namesSynced = true;
  }

  #checkpointLater(): void {
    this.#timer = undefined;
    // The log refuses everything after a failure, and whoever appends next is told.
    this.checkpoint().catch(() => undefined);
  }

  #write(bytes: Buffer): void {
    const { disk, descriptor } = this.#options;
    try {
      writeWhole(disk, descriptor, bytes);
    } catch (cause) {
      this.#cutBack();
      throw this.#fail(reasonOf(cause), cause);
    }
    this.#bytes += bytes.length;
  }

  #cutBack(): void {
    try {
      this.#options.disk.truncate(this.#options.descriptor, this.#bytes);
    } catch {
      // A reader leaves the torn line out, and recovery puts it aside.
    }
  }

  #fail(reason: string, cause: unknown): AgentError {
    this.#failure ??= this.#unavailable(reason, cause);
    return this.#failure;
  }

  #unavailable(reason: string, cause?: unknown): AgentError {
    return new AgentError("log_unavailable", `the log of ${this.#options.name} takes no more: ${reason}`, {
      cause,
    });
  }
}
