import { AgentError } from "../contract/error.ts";
import type { SessionId } from "../contract/log.ts";
import type { Session, Sessions } from "../contract/session.ts";

/** Undefined when there is no session of this id. */
export async function openIfThere(sessions: Sessions, id: SessionId): Promise<Session | undefined> {
  try {
    return await sessions.open(id);
  } catch (error) {
    if (error instanceof AgentError && error.code === "unknown_session") return undefined;
    throw error;
  }
}
