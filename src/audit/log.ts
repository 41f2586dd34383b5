import { resolve } from "node:path";
import type {
  AuditStore,
  LogLine,
  ReadFact,
  Seq,
  SessionId,
  SessionLog,
  SessionSummary,
  VerifyReport,
} from "../contract/log.ts";
import { FileSource } from "./catalog/files.ts";
import { catalogPath } from "./catalog/database.ts";
import { CatalogRecords } from "./catalog/records.ts";
import { isSessionId, prepareFolder } from "./files.ts";
import { isLocked } from "./lock.ts";
import { createMemoryLogStore } from "./memory.ts";
import { Trail, type TrailOptions } from "./trail.ts";

/** Logs in a folder; with an empty path in memory, where they end with the server. */
export const createLogStore = (options: TrailOptions): AuditStore =>
  options.folder === "" ? createMemoryLogStore() : createFileLogStore(options);

/** One file a session, `<session_id>.jsonl`. Throws AgentError `log_unavailable` where the folder cannot be used. */
export function createFileLogStore(options: TrailOptions): AuditStore {
  const folder = resolve(options.folder);
  prepareFolder(folder);
  return new FileLogStore({ ...options, folder });
}

class FileLogStore implements AuditStore {
  readonly records: CatalogRecords;
  readonly #trail: Trail;

  constructor(options: TrailOptions) {
    const { folder, onFault = () => undefined } = options;
    const trail = new Trail(options);
    this.#trail = trail;
    this.records = new CatalogRecords({
      source: new FileSource(folder),
      path: catalogPath(folder),
      archive: (id) => trail.archive(id),
      live: () => trail.summaries(),
      othersWrite: () => !trail.isWriter && isLocked(folder),
      onFault: (error) => onFault(error instanceof Error ? error : new Error(String(error))),
    });
  }

  get publicKey(): string {
    return this.#trail.publicKey;
  }

  get unsyncedBytes(): number {
    return this.#trail.unsyncedBytes;
  }

  create(id: SessionId): SessionLog {
    if (isSessionId(id)) this.records.index.began(id);
    return this.#trail.create(id);
  }

  async open(id: SessionId): Promise<SessionLog> {
    return await this.records.index.continues(id, () => this.#trail.open(id));
  }

  async recover(): Promise<SessionId[]> {
    const ended = await this.#trail.recover();
    this.records.index.grew(ended);
    return ended;
  }

  recordRead = (fact: ReadFact): void => this.#trail.recordRead(fact);

  verify(id: SessionId): Promise<VerifyReport> {
    return this.#trail.verify(id);
  }

  async erase(id: SessionId, seq: Seq, reason: string): Promise<void> {
    await this.#trail.erase(id, seq, reason);
    await this.records.index.reread(id);
  }

  async close(): Promise<void> {
    await this.records.index.close();
    await this.#trail.close();
  }

  read(id: SessionId, after: Seq, limit: number): AsyncIterable<LogLine> {
    return this.records.read(id, after, limit);
  }

  summary(id: SessionId): Promise<SessionSummary | undefined> {
    return this.records.summary(id);
  }

  list(): AsyncIterable<SessionSummary> {
    return this.records.list({ sort: "newest" });
  }
}
