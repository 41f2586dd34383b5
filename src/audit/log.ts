import { resolve } from "node:path";
import { AgentError } from "../contract/error.ts";
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
import { blobFolderOf, putBack } from "./blobs.ts";
import { Catalog, newestFirst } from "./catalog.ts";
import { isSessionId, openFile, prepareFolder, readLines, sessionIds } from "./files.ts";
import { parseLine, seqOf } from "./line.ts";
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

/** How many files a listing looks at together. */
const LISTED_TOGETHER = 16;

class FileLogStore implements AuditStore {
  readonly #folder: string;
  readonly #catalog: Catalog;
  readonly #trail: Trail;

  constructor(options: TrailOptions) {
    this.#folder = options.folder;
    this.#catalog = new Catalog(options.folder);
    this.#trail = new Trail(options);
  }

  get publicKey(): string {
    return this.#trail.publicKey;
  }

  create(id: SessionId): SessionLog {
    return this.#trail.create(id);
  }

  open(id: SessionId): Promise<SessionLog> {
    return this.#trail.open(id);
  }

  recover(): Promise<SessionId[]> {
    return this.#trail.recover();
  }

  recordRead = (fact: ReadFact): void => this.#trail.recordRead(fact);

  verify(id: SessionId): Promise<VerifyReport> {
    return this.#trail.verify(id);
  }

  erase(id: SessionId, seq: Seq, reason: string): Promise<void> {
    return this.#trail.erase(id, seq, reason);
  }

  close(): Promise<void> {
    return this.#trail.close();
  }

  async *read(id: SessionId, after: Seq, limit: number): AsyncGenerator<LogLine> {
    const file = isSessionId(id) ? await openFile(this.#folder, id) : undefined;
    if (file === undefined) throw new AgentError("unknown_session", `there is no session ${id}`);
    try {
      let left = limit;
      if (left <= 0) return;
      for await (const bytes of readLines(file)) {
        if ((seqOf(bytes) ?? after + 1) <= after) continue;
        yield parsed(putBack(bytes.toString(), blobFolderOf(this.#folder, id)), id);
        left -= 1;
        if (left <= 0) return;
      }
    } finally {
      await file.close();
    }
  }

  async summary(id: SessionId): Promise<SessionSummary | undefined> {
    if (!isSessionId(id)) return undefined;
    return this.#trail.active(id)?.summary() ?? (await this.#catalog.summary(id));
  }

  async *list(): AsyncGenerator<SessionSummary> {
    const ids = await sessionIds(this.#folder);
    const summaries: SessionSummary[] = [];
    for (let start = 0; start < ids.length; start += LISTED_TOGETHER) {
      const some = await Promise.all(ids.slice(start, start + LISTED_TOGETHER).map((id) => this.summary(id)));
      summaries.push(...some.filter((summary) => summary !== undefined));
    }
    yield* summaries.sort(newestFirst);
  }
}

function parsed(text: string, id: SessionId): LogLine {
  const line = parseLine(text);
  if (line === undefined) throw new AgentError("log_unavailable", `the log of session ${id} is damaged`);
  return line;
}
