import type { ConversationQuery, Records, Seq, SessionId } from "../../contract/log.ts";
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

interface ThreadPage {
  threads: ThreadFacts[];
  nextCursor: string | null;
  backwardsCursor: string | null;
}

export interface HistoryOptions {
  records: Pick<Records, "read" | "conversations">;
  /** In tokens. */
  readonly contextWindow: (model: string) => number | undefined;
}

/** Reads threads from the logs of their sessions. */
export class Histories {
  readonly #options: HistoryOptions;

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
    for await (const line of this.#options.records.read(id, -1, Infinity)) {
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

  /** Threads as a list shows them. Throws AgentError `invalid_message` for a cursor that leads nowhere. */
  async list(query: ConversationQuery, limit: number, cursor?: string): Promise<ThreadPage> {
    const page = await this.#options.records.conversations(query, limit, cursor);
    return {
      threads: page.conversations.map((conversation) => ThreadFacts.of(conversation)),
      nextCursor: page.next_cursor,
      backwardsCursor: page.previous_cursor,
    };
  }
}
