import type { Records, SessionId } from "../contract/log.ts";

const DAY_MS = 86_400_000;

/** Archives every session that ended so long ago, but for those under legal hold. Resolves with their number. */
export async function archiveOlderThan(
  records: Records,
  { days, now = Date.now(), each }: { days: number; now?: number; each?: (done: number) => void },
): Promise<number> {
  const limit = new Date(now - days * DAY_MS).toISOString();
  // All of them first: archiving changes what is listed.
  const old: SessionId[] = [];
  for await (const { session_id, last_activity, legal_hold } of records.list({
    state: "ended",
    sort: "oldest",
  })) {
    if (last_activity < limit && !legal_hold) old.push(session_id);
  }
  let done = 0;
  for (const id of old) {
    if ((await records.archive(id)) === undefined) done += 1;
    each?.(done);
  }
  return done;
}

/** How often a server looks for sessions that have become old. */
const EVERY_MS = 3_600_000;

/** Does so now and from time to time, until the returned function is called. */
export function keepArchiving(
  records: Records,
  { days, onFault }: { days: number; onFault: (error: unknown) => void },
): () => void {
  const archive = () => void archiveOlderThan(records, { days }).catch(onFault);
  const timer = setInterval(archive, EVERY_MS).unref();
  archive();
  return () => clearInterval(timer);
}
