import { join } from "node:path";
import type { SessionId, VerifyReport } from "../contract/log.ts";
import { ARCHIVE } from "./archive.ts";
import { SERVER_ORIGIN, sessionOrigin } from "./checkpoint.ts";
import { examine, type Examined } from "./examine.ts";
import { isSessionId, locate, onlyMissing, sessionIds } from "./files.ts";
import type { VerifierKey } from "./keys.ts";
import { type KnownSession, readKnownSessions, serverLogPath } from "./server-log.ts";

/** Reads a session's log as it stands, and what the server's log says of it. Undefined where neither knows it. */
export async function verifySession(
  folder: string,
  id: SessionId,
  keys: readonly VerifierKey[],
): Promise<VerifyReport | undefined> {
  const report = await verifyOnce(folder, id, keys);
  // A line may have been erased or the session ended while it was read: only what stays is said.
  return report?.ok === false ? verifyOnce(folder, id, keys) : report;
}

async function verifyOnce(
  folder: string,
  id: SessionId,
  keys: readonly VerifierKey[],
): Promise<VerifyReport | undefined> {
  const known = (await readKnownSessions(folder, [id])).get(id);
  const examined = await examineSession(folder, id, keys, known);
  return examined?.report ?? (known && gone(id));
}

/** The server's own log first, then every session that is there or that it knows. */
export async function* verifyAll(folder: string, keys: readonly VerifierKey[]): AsyncGenerator<VerifyReport> {
  const known = await readKnownSessions(folder);
  const server = await examineServer(folder, keys);
  const archived = await sessionIds(join(folder, ARCHIVE)).catch((cause: unknown) =>
    onlyMissing(cause, "the archive"),
  );
  const ids = new Set([...(await sessionIds(folder)), ...(archived ?? []), ...known.keys()]);
  if (server || ids.size > 0) yield server?.report ?? gone("server");
  for (const id of [...ids].sort()) {
    const report = (await examineSession(folder, id, keys, known.get(id)))?.report;
    yield report?.ok ? report : ((await verifyOnce(folder, id, keys)) ?? gone(id));
  }
}

export const examineServer = (folder: string, keys: readonly VerifierKey[]): Promise<Examined | undefined> =>
  examine({ path: serverLogPath(folder), id: "server", origin: SERVER_ORIGIN, keys });

/** `known`: what the server's log says; `unasked` where that is not in question. */
export async function examineSession(
  folder: string,
  id: SessionId,
  keys: readonly VerifierKey[],
  known: KnownSession | undefined | "unasked",
): Promise<Examined | undefined> {
  const path = isSessionId(id) ? await locate(folder, id) : undefined;
  return path === undefined ? undefined : examine({ path, id, origin: sessionOrigin(id), keys, known });
}

const gone = (id: string): VerifyReport => ({
  session_id: id,
  ok: false,
  state: "ended",
  lines: 0,
  signed_lines: 0,
  problems: [{ kind: "file_gone", detail: "the server's log knows it, and its file is not there" }],
  erased: [],
});
