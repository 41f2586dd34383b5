import { existsSync } from "node:fs";
import type { LogProblem, SessionId } from "../contract/log.ts";
import { namesIn } from "./catalog/names.ts";
import type { Examined } from "./examine.ts";
import { checkpointPath, sessionIdsOf } from "./files.ts";
import { type KnownSession, type OpenedServerLog, readKnownSessions } from "./server-log.ts";

type Interrupted = Map<SessionId, KnownSession | undefined | "unasked">;

/**
 * What was being written to when the server was last left, and what is known of it beside its checkpoints; `sessions` is
 * what the server's log tells of its last run.
 */
export async function interruptedSessions(
  folder: string,
  sessions: OpenedServerLog["sessions"],
): Promise<Interrupted> {
  const isOpen = (id: SessionId) => sessions.get(id) === "session_opened";
  // A session's file is made before the server's log is told, and signed after that was synced.
  const unsigned = (await unsignedSessions(folder)).filter((id) => !isOpen(id));
  // Somebody may have taken the checkpoints away: such a log must have come to the end that is on the record.
  const known = unsigned.length > 0 ? await readKnownSessions(folder, unsigned) : undefined;
  const interrupted: Interrupted = new Map(unsigned.map((id) => [id, known?.get(id)]));
  for (const id of sessions.keys()) if (isOpen(id)) interrupted.set(id, "unasked");
  return interrupted;
}

/**
 * The sessions that have a log and no checkpoint. What is kept meanwhile does not grow with the number of sessions, and a
 * store of 100 000 takes a third of the time that a look for each checkpoint would. Two that by chance cancel each other
 * (one in 2^47 pairs) are those of the last run, which the server's log names as well.
 */
async function unsignedSessions(folder: string): Promise<SessionId[]> {
  const differences = new Int32Array(1 << 16);
  for await (const names of namesIn(folder)) {
    for (const name of names) {
      if (!name.endsWith(".jsonl") && !name.endsWith(".checkpoint")) continue;
      // What comes twice, with a log and with a checkpoint, leaves nothing behind.
      const slot = slotOf(name);
      differences[slot] = (differences[slot] ?? 0) ^ markOf(name);
    }
  }
  const unsigned: SessionId[] = [];
  if (differences.every((difference) => difference === 0)) return unsigned;
  for await (const names of namesIn(folder)) {
    for (const id of sessionIdsOf(names.filter((name) => differences[slotOf(name)] !== 0))) {
      if (!existsSync(checkpointPath(folder, id))) unsigned.push(id);
    }
  }
  return unsigned;
}

/** By the end of the id's first 32 digits, and by what comes before it. Names that are shorter are no session's. */
const slotOf = (name: string): number => parseInt(name.slice(28, 32), 16) & 0xffff;
const markOf = (name: string): number =>
  (parseInt(name.slice(0, 8), 16) ^ parseInt(name.slice(20, 28), 16)) | 1;

/** What makes a log something else than what was written. Such a log is reported and never gone on with. */
const DAMAGE: readonly LogProblem["kind"][] = [
  "edited",
  "missing",
  "added",
  "swapped",
  "tail_cut",
  "rehashed",
];

export const damageOf = ({ report }: Examined): string[] =>
  report.problems.filter(({ kind }) => DAMAGE.includes(kind)).map(({ detail }) => detail);
