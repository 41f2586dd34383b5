import { existsSync } from "node:fs";
import type { LogProblem, SessionId } from "../contract/log.ts";
import type { Examined } from "./examine.ts";
import { checkpointPath, sessionIds } from "./files.ts";
import type { OpenedServerLog } from "./server-log.ts";

/** What was being written to when the server was last left; `sessions` is what its log tells of its last run. */
export async function interruptedSessions(
  folder: string,
  sessions: OpenedServerLog["sessions"],
): Promise<SessionId[]> {
  const open = [...sessions].filter(([, event]) => event === "session_opened").map(([id]) => id);
  // A session's file is made before the server's log is told, and signed after that was synced. Ids go with time.
  const newestFirst = (await sessionIds(folder)).sort().toReversed();
  for (const id of newestFirst) {
    if (sessions.has(id)) continue;
    if (existsSync(checkpointPath(folder, id))) break;
    open.push(id);
  }
  return open;
}

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
