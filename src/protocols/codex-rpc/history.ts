import type { LogStore, Seq, SessionId, SessionSummary } from "../../contract/log.ts";
import type { Session } from "../../contract/session.ts";
import { Projection } from "./projection.ts";
import { messageOf, ThreadFacts } from "./thread-facts.ts";
import { toThreadId } from "./thread-id.ts";
import { TurnLog } from "./turn-log.ts";

/** A thread as its log tells it. */
export interface ThreadHistory {
  facts: ThreadFacts;
  turns: TurnLog;
  /** Ready to go on with what comes after `head`. */
  projection: Projection;
  /** The last line that was read. */
  head: Seq;
}

export interface HistoryOptions {
  logs: LogStore;
  /** In tokens. */
  readonly contextWindow: (model: string) => number | undefined;
}

/** How many threads' facts are kept. */
const MAX_KNOWN = 1000;

/** Reads threads from the logs of their sessions. */
export class Histories {
  readonly #options: HistoryOptions;
  readonly #known = new Map<SessionId, { lines: number; facts: ThreadFacts }>();

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  /** `session`: if it runs. Throws AgentError `unknown_session`. */
  async read(id: SessionId, session?: Session): Promise<ThreadHistory> {
    const history = await this.#replay(id);
    const info = session?.info();
    if (info) history.facts.takeInfo(info);
    // What has not been read yet tells how the turn goes on.
    const goesOn = info?.state === "running" || (info?.head_seq ?? -1) > history.head;
    if (!goesOn) {
      history.turns.take(history.projection.abandon(history.facts.updatedAtMs), history.head);
    }
    return history;
  }

  async #replay(id: SessionId): Promise<ThreadHistory> {
    const projection = new Projection({
      threadId: toThreadId(id),
      contextWindow: this.#options.contextWindow,
    });
    const history = { facts: new ThreadFacts(id), turns: new TurnLog(), projection, head: -1 };
    for await (const line of this.#options.logs.read(id, -1, Infinity)) {
      const message = messageOf(line);
      history.facts.take(line, message);
      history.head = line.seq;
      if (!message) continue;
      // What was for one client alone was not told to all of them; where a session works is the same for all.
      if (line.audit?.client !== undefined && message.type !== "session_info") continue;
      history.turns.take(projection.take(message, Date.parse(line.timestamp)), line.seq);
    }
    return history;
  }

  /** All sessions, newest first. */
  list(): AsyncIterable<SessionSummary> {
    return this.#options.logs.list();
  }

  /** What a list shows of a thread. A log is read again only when it has grown. */
  async facts({ session_id: id, event_count: lines }: SessionSummary): Promise<ThreadFacts> {
    const known = this.#known.get(id);
    if (known?.lines === lines) return known.facts;
    const facts = new ThreadFacts(id);
    for await (const line of this.#options.logs.read(id, -1, Infinity)) facts.take(line, messageOf(line));
    this.#known.delete(id);
    this.#known.set(id, { lines, facts });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MAX_KNOWN) break;
      this.#known.delete(oldest);
    }
    return facts;
  }
}
