import type { AuditStore, SessionId } from "../contract/log.ts";

const DAY_MS = 86_400_000;

type Store = Pick<AuditStore, "records" | "recordRead">;

interface Age {
  days: number;
  now?: number;
  each?: (done: number) => void;
  /** Gets what kept a session where it is: the younger ones are archived all the same. */
  onFault: (error: unknown) => void;
  /** Between two sessions it ends when this fires. */
  signal?: AbortSignal;
}

/** Archives every session that ended so long ago, but for those under legal hold. Resolves with their number. */
export async function archiveOlderThan(
  { records, recordRead }: Store,
  { days, now = Date.now(), each, onFault, signal }: Age,
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
  for (const session_id of old) {
    if (signal?.aborted) break;
    recordRead({ action: "archive", session_id, query: { older_than_days: String(days) } });
    try {
      if ((await records.archive(session_id)) === undefined) done += 1;
    } catch (error) {
      onFault(error);
    }
    each?.(done);
  }
  return done;
}

/** How often a server looks for sessions that have become old. */
const EVERY_MS = 3_600_000;

/** Does so now and from time to time, until the returned function is called: it resolves when nothing is moved any more. */
export function keepArchiving(
  store: Store,
  { days, onFault }: Pick<Age, "days" | "onFault">,
): () => Promise<void> {
  const stopping = new AbortController();
  let running: Promise<unknown> | undefined;
  const archive = () => {
    running ??= archiveOlderThan(store, { days, onFault, signal: stopping.signal })
      .catch(onFault)
      .finally(() => (running = undefined));
  };
  const timer = setInterval(archive, EVERY_MS).unref();
  archive();
  return async () => {
    clearInterval(timer);
    stopping.abort();
    await running;
  };
}
