import type { AuditFacts } from "../contract/agent.ts";
import { AgentError } from "../contract/error.ts";
import type {
  AuditStore,
  Direction,
  LogLine,
  Seq,
  SessionId,
  SessionLog,
  SessionSummary,
  VerifyReport,
} from "../contract/log.ts";
import { newestFirst } from "./catalog.ts";
import { isSessionId } from "./files.ts";
import { GENESIS, sealLine } from "./chain.ts";
import { parseLine, SESSION_ENDED, SESSION_STARTED } from "./line.ts";

/** Logs that end with the server. Nothing is ever taken out, so that it is for trials and tests. */
export function createMemoryLogStore(): AuditStore {
  const logs = new Map<SessionId, MemoryLog>();
  return {
    create(id) {
      if (!isSessionId(id) || logs.has(id)) {
        throw new AgentError("log_unavailable", `no log for session ${id}: its id is taken or none`);
      }
      const log = new MemoryLog(id);
      logs.set(id, log);
      return log;
    },
    async open(id) {
      const log = logs.get(id);
      if (log === undefined) throw new AgentError("unknown_session", `there is no session ${id}`);
      log.reopen();
      return log;
    },
    async *read(id, after, limit) {
      const log = logs.get(id);
      if (log === undefined) throw new AgentError("unknown_session", `there is no session ${id}`);
      yield* log.read(after, limit);
    },
    publicKey: undefined,
    recover: () => Promise.resolve([]),
    recordRead: () => undefined,
    verify: async (id) => unproven(id, logs.get(id)?.summary()),
    erase: async (id) => {
      throw new AgentError("log_unavailable", `session ${id} lives in memory: nothing can be erased from it`);
    },
    close: () => Promise.resolve(),
    summary: (id) => Promise.resolve(logs.get(id)?.summary()),
    async *list() {
      yield* [...logs.values()].map((log) => log.summary()).sort(newestFirst);
    },
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

class MemoryLog implements SessionLog {
  readonly #id: SessionId;
  readonly #startTime = new Date().toISOString();
  readonly #lines: string[] = [];
  #lastActivity = this.#startTime;
  #hash = GENESIS.hash;
  #ended = false;

  constructor(id: SessionId) {
    this.#id = id;
    this.append("incoming", SESSION_STARTED);
  }

  get head(): Seq {
    return this.#lines.length - 1;
  }

  append(direction: Direction, json: string, audit?: AuditFacts): Seq {
    if (this.#ended) {
      throw new AgentError("log_unavailable", `the log of session ${this.#id} takes no more: it has ended`);
    }
    const seq = this.#lines.length;
    const timestamp = seq === 0 ? this.#startTime : new Date().toISOString();
    const { line, hash } = sealLine({ timestamp, direction, json, audit, seq }, this.#hash);
    this.#lines.push(line);
    this.#hash = hash;
    this.#lastActivity = timestamp;
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

  *read(after: Seq, limit: number): Generator<LogLine> {
    for (let seq = after + 1; seq < Math.min(this.#lines.length, after + 1 + limit); seq += 1) {
      const line = parseLine(this.#lines[seq] ?? "");
      if (line !== undefined) yield line;
    }
  }

  summary(): SessionSummary {
    return {
      session_id: this.#id,
      start_time: this.#startTime,
      last_activity: this.#lastActivity,
      event_count: this.#lines.length,
      state: this.#ended ? "ended" : "active",
    };
  }
}
