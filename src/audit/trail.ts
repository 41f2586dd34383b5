import { dirname, join } from "node:path";
import { AgentError } from "../contract/error.ts";
import type {
  ArchiveProblem,
  ReadFact,
  Seq,
  SessionId,
  SessionSummary,
  VerifyReport,
} from "../contract/log.ts";
import type { Redactor } from "../contract/redact.ts";
import { isHalfArchived, isHeld, moveToArchive } from "./archive.ts";
import type { ChainHead } from "./chain.ts";
import type { Durability } from "./chained-file.ts";
import { type Disk, realDisk } from "./disk.ts";
import { eraseLine } from "./erase.ts";
import type { Examined } from "./examine.ts";
import { continueFileLog, type FileLog, type FileLogOptions, startFileLog } from "./file-log.ts";
import { isSessionId, locate } from "./files.ts";
import { redactPatterns } from "./redact/patterns.ts";
import { damageOf, interruptedSessions } from "./recover.ts";
import type { KnownSession } from "./server-log.ts";
import { StoreWriter } from "./store-writer.ts";
import { cutTorn } from "./torn.ts";
import { examineServer, examineSession, verifySession } from "./verify.ts";

export interface TrailOptions {
  folder: string;
  durability?: Durability;
  /** 64 hex digits; without it the store has a key of its own. */
  signingKey?: string | undefined;
  /** Gets every checkpoint of the server's log. */
  witnessUrl?: string | undefined;
  /** For what readers ask; what sessions say comes here without secrets. */
  redactor?: Redactor;
  /** What nobody waits for and somebody should know. */
  onFault?: (error: Error) => void;
  disk?: Disk;
}

/** The writing of a store's logs, and all that proves them. */
export class Trail {
  readonly #options: Required<Pick<TrailOptions, "folder" | "durability" | "onFault" | "disk">>;
  readonly #given: TrailOptions;
  readonly #active = new Map<SessionId, FileLog>();
  /** Sessions that are being opened, archived or erased from. */
  readonly #busy = new Set<SessionId>();
  readonly #writer: StoreWriter;

  constructor(options: TrailOptions) {
    const { folder, durability = "barrier", onFault = () => undefined, disk = realDisk } = options;
    const { signingKey, witnessUrl } = options;
    this.#given = options;
    this.#options = { folder, durability, onFault, disk };
    this.#writer = new StoreWriter({ ...this.#options, signingKey, witnessUrl });
  }

  get publicKey(): string {
    return this.#writer.key.text;
  }

  /** Whether this process is the one that writes to the store. */
  get isWriter(): boolean {
    return this.#writer.isOpen;
  }

  /** Of the logs that are being written. */
  summaries(): SessionSummary[] {
    return [...this.#active.values()].map((log) => log.summary());
  }

  get unsyncedBytes(): number {
    return [...this.#active.values()].reduce((sum, log) => sum + log.unsyncedBytes, 0);
  }

  create(id: SessionId): FileLog {
    const log = startFileLog(this.#logOptions(id));
    try {
      this.#recordOpened(id);
    } catch (error) {
      log.discard();
      throw error;
    }
    this.#active.set(id, log);
    // The first checkpoint. Where it fails the log refuses the next line.
    log.barrier().catch(() => undefined);
    return log;
  }

  async open(id: SessionId): Promise<FileLog> {
    return await this.#alone(id, async () => {
      const path = await this.#existing(id);
      if (dirname(path) !== this.#options.folder) {
        throw new AgentError("log_unavailable", `session ${id} is archived: nothing can be added to it`);
      }
      // Durable before the file grows: after a crash the server's log tells which files to look at.
      this.#recordOpened(id);
      await this.#writer.open().log.barrier();
      const examined = await examineSession(this.#options.folder, id, [this.#writer.key], "unasked");
      if (examined === undefined) throw new AgentError("unknown_session", `there is no session ${id}`);
      const log = this.#continue(id, path, examined);
      this.#active.set(id, log);
      return log;
    });
  }

  async recover(): Promise<SessionId[]> {
    const { log, sessions } = this.#writer.open();
    const { folder, disk } = this.#options;
    // A key that a crash takes away would leave logs behind that nobody can vouch for.
    if (this.#given.signingKey === undefined) await disk.syncFolder(join(folder, "keys"));
    await disk.syncFolder(folder);
    await disk.syncFolder(dirname(folder));
    const ended: SessionId[] = [];
    const unread: SessionId[] = [];
    for (const [id, known] of await interruptedSessions(folder, sessions)) {
      const outcome = await this.#recoverSession(id, known);
      if (outcome === "ended") ended.push(id);
      if (outcome === "unread") unread.push(id);
    }
    log.record({ event: "server_started" });
    // So that the next start looks at them again.
    for (const id of unread) this.#recordOpened(id);
    await log.barrier();
    return ended;
  }

  recordRead(fact: ReadFact): void {
    const { redactor } = this.#given;
    this.#writer.open().log.record({ event: "read", ...(redactor ? withoutSecrets(fact, redactor) : fact) });
  }

  async verify(id: SessionId): Promise<VerifyReport> {
    const { folder } = this.#options;
    // Of a log that fails just now the report tells by itself.
    await this.#active
      .get(id)
      ?.barrier()
      .catch(() => undefined);
    const report =
      id === "server"
        ? (await examineServer(folder, [this.#writer.key]))?.report
        : await verifySession(folder, id, [this.#writer.key]);
    if (report === undefined) throw new AgentError("unknown_session", `there is no session ${id}`);
    return report;
  }

  async erase(id: SessionId, seq: Seq, reason: string): Promise<void> {
    const { folder, disk } = this.#options;
    if (reason.trim() === "") {
      throw new AgentError("invalid_message", "expected a reason for the erasure, got none");
    }
    await this.#alone(id, async () => {
      const path = await this.#existing(id);
      if (isHeld(folder, id)) {
        throw new AgentError(
          "log_unavailable",
          `session ${id} is under legal hold: nothing is erased from it`,
        );
      }
      const { log } = this.#writer.open();
      const record = async () => {
        log.record({ event: "line_erased", session_id: id, seq, reason });
        await log.barrier();
      };
      // Half a line at the end is not copied: it must not be lost.
      cutTorn(disk, path);
      await eraseLine({ path, id, seq, reason, disk, record });
    });
  }

  /** Moves the log of a session that has ended. */
  async archive(id: SessionId): Promise<ArchiveProblem | undefined> {
    const { folder, disk } = this.#options;
    return await this.#alone(id, async () => {
      const path = await this.#existing(id);
      if (isHeld(folder, id)) return "legal_hold";
      this.#writer.open();
      if (dirname(path) === folder) await moveToArchive(disk, folder, id);
      return undefined;
    });
  }

  close(): Promise<void> {
    return this.#writer.close();
  }

  #logOptions(id: SessionId): FileLogOptions {
    const { log } = this.#writer.open();
    const { folder, disk, durability } = this.#options;
    return {
      folder,
      id,
      key: this.#writer.key,
      disk,
      durability,
      registered: () => log.barrier(),
      ended: async (end) => {
        this.#active.delete(id);
        if (end) await this.#recordEnd(id, end);
      },
    };
  }

  #recordOpened(id: SessionId): void {
    this.#writer.open().log.record({ event: "session_opened", session_id: id });
  }

  async #recordEnd(id: SessionId, { size, hash }: ChainHead): Promise<void> {
    const { log } = this.#writer.open();
    log.record({ event: "session_ended", session_id: id, size, head: hash });
    await log.barrier();
  }

  /** Nobody else writes to the session meanwhile. */
  async #alone<Result>(id: SessionId, work: () => Promise<Result>): Promise<Result> {
    if (this.#active.has(id) || this.#busy.has(id)) {
      throw new AgentError("log_unavailable", `session ${id} is being written to`);
    }
    this.#busy.add(id);
    try {
      return await work();
    } finally {
      this.#busy.delete(id);
    }
  }

  /** Also completes a move to the archive that was broken off. */
  async #existing(id: SessionId): Promise<string> {
    const { folder, disk } = this.#options;
    if (isSessionId(id) && isHalfArchived(folder, id)) {
      this.#writer.open();
      await moveToArchive(disk, folder, id);
    }
    const path = isSessionId(id) ? await locate(folder, id) : undefined;
    if (path === undefined) throw new AgentError("unknown_session", `there is no session ${id}`);
    return path;
  }

  /** Goes on with a log after what a crash left at its end was put aside. */
  #continue(id: SessionId, path: string, examined: Examined): FileLog {
    const damage = damageOf(examined);
    if (damage.length > 0) {
      throw new AgentError(
        "log_unavailable",
        `session ${id} can only be read, its log is damaged: ${damage.join("; ")}`,
      );
    }
    const { head, report, startTime = new Date().toISOString(), lastActivity = startTime } = examined;
    const log = continueFileLog(this.#logOptions(id), path, {
      head,
      bytes: cutTorn(this.#options.disk, path),
      signed: report.signed_lines,
      startTime,
      lastActivity,
    });
    if (report.state === "active" || examined.tornBytes > 0) {
      const unsigned = report.lines - report.signed_lines;
      const event = { event: "session_recovered", torn_bytes: examined.tornBytes, unsigned_lines: unsigned };
      log.append("incoming", JSON.stringify(event));
    }
    return log;
  }

  /** Ends what a crash has left open. */
  async #recoverSession(
    id: SessionId,
    known: KnownSession | undefined | "unasked",
  ): Promise<"ended" | "left" | "unread"> {
    const { folder, disk, onFault } = this.#options;
    let examined: Examined | undefined;
    try {
      if (isHalfArchived(folder, id)) {
        await moveToArchive(disk, folder, id);
        return "left";
      }
      examined = await examineSession(folder, id, [this.#writer.key], known);
    } catch (error) {
      onFault(error instanceof Error ? error : new Error(String(error)));
      return "unread";
    }
    const damage = examined ? damageOf(examined) : ["its file is gone"];
    if (examined === undefined || damage.length > 0) {
      this.#writer.open().log.record({ event: "session_damaged", session_id: id, problems: damage });
      onFault(new Error(`the log of session ${id} is damaged and left as it is: ${damage.join("; ")}`));
      return "left";
    }
    const log = this.#continue(id, await this.#existing(id), examined);
    const hasEnded = examined.report.state === "ended" && examined.tornBytes === 0;
    await (hasEnded ? log.release() : log.end());
    return "ended";
  }
}

/** Whoever looks for a key has it in the question. */
const withoutSecrets = (fact: ReadFact, redactor: Redactor): ReadFact =>
  JSON.parse(redactPatterns(redactor.json(JSON.stringify(fact)).text).text) as ReadFact;
