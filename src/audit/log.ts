import { resolve } from "node:path";
import { AgentError } from "../contract/error.ts";
import type { LogLine, LogStore, Seq, SessionId, SessionLog, SessionSummary } from "../contract/log.ts";
import { Catalog, newestFirst } from "./catalog.ts";
import { continueFileLog, type FileLog, startFileLog } from "./file-log.ts";
import { isSessionId, openFile, prepareFolder, readLines, sessionIds } from "./files.ts";
import { parseLine, seqOf } from "./line.ts";
import { createMemoryLogStore } from "./memory.ts";

/** Logs in a folder; with an empty path in memory, where they end with the server. */
export const createLogStore = ({ folder }: { folder: string }): LogStore =>
  folder === "" ? createMemoryLogStore() : createFileLogStore({ folder });

/** One file a session, `<session_id>.jsonl`. Throws AgentError `log_unavailable` where the folder cannot be used. */
export function createFileLogStore({ folder }: { folder: string }): LogStore {
  const path = resolve(folder);
  prepareFolder(path);
  return new FileLogStore(path);
}

/** How many files a listing looks at together. */
const LISTED_TOGETHER = 16;

class FileLogStore implements LogStore {
  readonly #folder: string;
  readonly #catalog: Catalog;
  readonly #active = new Map<SessionId, FileLog>();

  constructor(folder: string) {
    this.#folder = folder;
    this.#catalog = new Catalog(folder);
  }

  create(id: SessionId): SessionLog {
    const log = startFileLog({ folder: this.#folder, id, ended: () => this.#active.delete(id) });
    this.#active.set(id, log);
    return log;
  }

  async open(id: SessionId): Promise<SessionLog> {
    const active = this.#active.get(id);
    if (active !== undefined) throw new AgentError("log_unavailable", `session ${id} is being written to`);
    const summary = await this.summary(id);
    if (summary === undefined) throw new AgentError("unknown_session", `there is no session ${id}`);
    const log = await continueFileLog(
      { folder: this.#folder, id, ended: () => this.#active.delete(id) },
      summary,
    );
    this.#active.set(id, log);
    return log;
  }

  async *read(id: SessionId, after: Seq, limit: number): AsyncGenerator<LogLine> {
    const file = isSessionId(id) ? await openFile(this.#folder, id) : undefined;
    if (file === undefined) throw new AgentError("unknown_session", `there is no session ${id}`);
    try {
      let left = limit;
      if (left <= 0) return;
      for await (const bytes of readLines(file)) {
        if ((seqOf(bytes) ?? after + 1) <= after) continue;
        yield parsed(bytes, id);
        left -= 1;
        if (left <= 0) return;
      }
    } finally {
      await file.close();
    }
  }

  async summary(id: SessionId): Promise<SessionSummary | undefined> {
    if (!isSessionId(id)) return undefined;
    return this.#active.get(id)?.summary() ?? (await this.#catalog.summary(id));
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

function parsed(bytes: Buffer, id: SessionId): LogLine {
  const line = parseLine(bytes.toString());
  if (line === undefined) throw new AgentError("log_unavailable", `the log of session ${id} is damaged`);
  return line;
}
