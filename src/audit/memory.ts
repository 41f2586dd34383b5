import type { AuditFacts } from "../contract/audit.ts";
import { AgentError } from "../contract/error.ts";
import type {
  AuditStore,
  Direction,
  Seq,
  SessionId,
  SessionLog,
  SessionSummary,
  VerifyReport,
} from "../contract/log.ts";
import { IN_MEMORY } from "./catalog/database.ts";
import { CatalogRecords } from "./catalog/records.ts";
import type { FoundLog, LogSource, RawLine, StoredName } from "./catalog/source.ts";
import { GENESIS, sealLine } from "./chain.ts";
import { isSessionId } from "./files.ts";
import { SESSION_ENDED, SESSION_STARTED } from "./line.ts";

/** Logs that end with the server. Nothing is ever taken out, so that it is for trials and tests. */
export function createMemoryLogStore(): AuditStore {
  const logs = new Map<SessionId, MemoryLog>();
  const live = () => [...logs.values()].map((log) => log.summary()).filter(({ state }) => state === "active");
  const records = new CatalogRecords({
    source: new MemorySource(logs),
    path: IN_MEMORY,
    archive: async (id) => {
      const log = logs.get(id);
      if (log) log.archived = true;
      return undefined;
    },
    live,
    othersWrite: () => false,
    onFault: () => undefined,
  });
  return {
    records,
    create(id) {
      if (!isSessionId(id) || logs.has(id)) {
        throw new AgentError("log_unavailable", `no log for session ${id}: its id is taken or none`);
      }
      records.index.began(id);
      const log = new MemoryLog(id);
      logs.set(id, log);
      return log;
    },
    async open(id) {
      const log = logs.get(id);
      if (log === undefined) throw new AgentError("unknown_session", `there is no session ${id}`);
      if (log.summary().state === "archived") {
        throw new AgentError("log_unavailable", `session ${id} is archived: nothing can be added to it`);
      }
      records.index.began(id);
      log.reopen();
      return log;
    },
    read: (id, after, limit) => records.read(id, after, limit),
    publicKey: undefined,
    unsyncedBytes: 0,
    recover: () => Promise.resolve([]),
    recordRead: () => undefined,
    verify: async (id) => unproven(id, logs.get(id)?.summary()),
    erase: async (id) => {
      throw new AgentError("log_unavailable", `session ${id} lives in memory: nothing can be erased from it`);
    },
    close: () => records.index.close(),
    summary: (id) => records.summary(id),
    list: () => records.list({ sort: "newest" }),
  };
}

/** Nobody vouches for what is not on a disk. */
function unproven(id: SessionId, summary: SessionSummary | undefined): VerifyReport {
  if (summary === undefined) throw new AgentError("unknown_session", `there is no session ${id}`);
  return {
    session_id: id,
    ok: false,
    state: summary.state === "active" ? "active" : "ended",
    lines: summary.event_count,
    signed_lines: 0,
    problems: [{ kind: "unsigned", seq: 0, detail: "the log lives in memory and is not signed" }],
    erased: [],
  };
}

/** The logs, as the catalog reads them: positions are numbers of lines. */
class MemorySource implements LogSource {
  readonly #logs: ReadonlyMap<SessionId, MemoryLog>;
  readonly #held = new Set<SessionId>();

  constructor(logs: ReadonlyMap<SessionId, MemoryLog>) {
    this.#logs = logs;
  }

  async *names(): AsyncGenerator<StoredName[]> {
    yield [...this.#logs].map(([id, { archived }]) => ({ id, kind: archived ? "archived" : "log" }));
    yield [...this.#held].map((id) => ({ id, kind: "hold" }));
  }

  find(id: SessionId): FoundLog | undefined {
    const log = this.#logs.get(id);
    return log && { ...log.found(), held: this.#held.has(id) };
  }

  async *lines(id: SessionId, from: number): AsyncGenerator<RawLine> {
    yield* this.linesAtOnce(id, from);
  }

  *linesAtOnce(id: SessionId, from: number): Generator<RawLine> {
    const lines = this.#logs.get(id)?.lines ?? [];
    for (let start = from; start < lines.length; start += 1) {
      yield { start, end: start + 1, text: lines[start] ?? "" };
    }
  }

  async *raw(id: SessionId): AsyncGenerator<Uint8Array> {
    for await (const { text } of this.lines(id, 0)) yield Buffer.from(`${text}\n`);
  }

  watch(id: SessionId, changed: () => void): () => void {
    const watchers = this.#logs.get(id)?.watchers;
    watchers?.add(changed);
    return () => watchers?.delete(changed);
  }

  async hold(id: SessionId, held: boolean): Promise<void> {
    if (held) this.#held.add(id);
    else this.#held.delete(id);
  }
}

class MemoryLog implements SessionLog {
  readonly lines: string[] = [];
  readonly watchers = new Set<() => void>();
  archived = false;
  readonly #id: SessionId;
  readonly #startTime = new Date().toISOString();
  #lastActivity = this.#startTime;
  #hash = GENESIS.hash;
  #ended = false;

  constructor(id: SessionId) {
    this.#id = id;
    this.append("incoming", SESSION_STARTED);
  }

  get head(): Seq {
    return this.lines.length - 1;
  }

  append(direction: Direction, json: string, audit?: AuditFacts): Seq {
    if (this.#ended) {
      throw new AgentError("log_unavailable", `the log of session ${this.#id} takes no more: it has ended`);
    }
    const seq = this.lines.length;
    const timestamp = seq === 0 ? this.#startTime : new Date().toISOString();
    const { line, hash } = sealLine({ timestamp, direction, json, audit, seq }, this.#hash);
    this.lines.push(line.toString("utf8", 0, line.length - 1));
    this.#hash = hash;
    this.#lastActivity = timestamp;
    for (const changed of this.watchers) changed();
    return seq;
  }

  barrier(): Promise<void> {
    return Promise.resolve();
  }

  end(): Promise<void> {
    if (!this.#ended) this.append("incoming", SESSION_ENDED);
    this.#ended = true;
    return Promise.resolve();
  }

  reopen(): void {
    this.#ended = false;
  }

  found(): Omit<FoundLog, "held"> {
    return { size: this.lines.length, changed: Date.parse(this.#lastActivity), archived: this.archived };
  }

  summary(): SessionSummary {
    return {
      session_id: this.#id,
      start_time: this.#startTime,
      last_activity: this.#lastActivity,
      event_count: this.lines.length,
      state: this.archived ? "archived" : this.#ended ? "ended" : "active",
    };
  }
}
