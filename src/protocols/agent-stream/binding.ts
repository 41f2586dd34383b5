import { createHash } from "node:crypto";
import type { SessionOptions, Session, Sessions } from "../../contract/session.ts";
import { openIfThere } from "../open-if-there.ts";

/**
 * The session of a client's name: it follows from the name, so that the same name leads to the same session for as long
 * as there is a log of it, also after the server was started anew, and nothing has to be remembered.
 */
const idOf = (name: string) => createHash("sha256").update(`agent-stream\n${name}`).digest("hex");

const OWN_ID = /^[0-9a-f]{32,64}$/;

/** A session that is there, by a client's name or by its own id; undefined when there is none. */
export async function findSession(sessions: Sessions, name: string): Promise<Session | undefined> {
  const ids = OWN_ID.test(name) ? [name, idOf(name)] : [idOf(name)];
  for (const id of ids) {
    const session = await openIfThere(sessions, id);
    if (session !== undefined) return session;
  }
  return undefined;
}

/** A new session, of a name if there is one. */
export function createSession(
  sessions: Sessions,
  name: string | undefined,
  options: SessionOptions,
): Promise<Session> {
  return sessions.create({ ...options, ...(name !== undefined && { id: idOf(name) }) });
}
