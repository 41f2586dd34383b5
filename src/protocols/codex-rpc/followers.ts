import { AgentError } from "../../contract/error.ts";
import type { SessionId } from "../../contract/log.ts";
import type { Session, Sessions } from "../../contract/session.ts";
import { Follower, type Listener } from "./follower.ts";
import { invalidRequest } from "./frame.ts";
import type { Hall } from "./hall.ts";
import type { ThreadHistory } from "./history.ts";
import { toSessionId } from "./thread-id.ts";

interface FollowersParts {
  sessions: Sessions;
  hall: Hall;
  listener: Listener;
}

/** The threads that one client follows. */
export class Followers {
  readonly #parts: FollowersParts;
  readonly #bySession = new Map<SessionId, Follower>();
  #isClosed = false;

  constructor(parts: FollowersParts) {
    this.#parts = parts;
  }

  get(id: SessionId): Follower | undefined {
    return this.#bySession.get(id);
  }

  /** Of a thread that runs; a client that does not follow it yet does so from now on. Throws RpcError. */
  async of(threadId: string): Promise<Follower> {
    const id = toSessionId(threadId);
    const known = this.#bySession.get(id);
    if (known) return known;
    const session = this.#parts.sessions.running().find((running) => running.id === id);
    if (!session) throw invalidRequest(`thread not found: ${threadId}`);
    const history = await this.#parts.hall.histories.read(id, session);
    const follower = this.add(session, history);
    follower.follow(history.head);
    return follower;
  }

  /** The caller tells the client of the thread, and then has it followed. Throws RpcError when the client has left. */
  add(session: Session, history: ThreadHistory): Follower {
    // A session that nobody can leave any more would never end.
    if (this.#isClosed) throw invalidRequest("The connection is closed.");
    this.#bySession.get(session.id)?.leave();
    const follower = new Follower({ session, history }, this.#parts);
    this.#bySession.set(session.id, follower);
    return follower;
  }

  /** False if the client did not follow it. */
  drop(id: SessionId): boolean {
    this.#bySession.get(id)?.leave();
    return this.#bySession.delete(id);
  }

  /** The client is gone. */
  close(): void {
    this.#isClosed = true;
    for (const id of this.#bySession.keys()) this.drop(id);
  }

  /** The one whose question has this number; null: the only one that has a question. */
  withQuestion(number: unknown): Follower | undefined {
    const asked = [...this.#bySession.values()].filter(({ openNumber }) => openNumber !== undefined);
    if (number === null) return asked.length === 1 ? asked[0] : undefined;
    return asked.find(({ openNumber }) => openNumber === number);
  }
}

/** What is told of a session that does not exist, in the words that the method has for it. */
export async function orUnknown<Result>(work: Promise<Result>, message: string): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof AgentError && error.code === "unknown_session") throw invalidRequest(message);
    throw error;
  }
}
