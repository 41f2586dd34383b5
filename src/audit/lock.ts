import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AgentError } from "../contract/error.ts";

/**
 * Makes this process the only one that writes to the store, until `release`. The lock is the system's own, taken by way
 * of SQLite: it goes with the process, however that ends, and a process of another container counts too. Throws
 * AgentError `log_unavailable` when somebody else holds it.
 */
export function lockStore(folder: string): { release: () => void } {
  const path = join(folder, "server.lock");
  let database: DatabaseSync | undefined;
  try {
    // Who only asks whether somebody writes here holds it for a moment.
    database = new DatabaseSync(path, { timeout: 200 });
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    const held = database;
    return { release: () => held.close() };
  } catch (cause) {
    database?.close();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AgentError(
      "log_unavailable",
      `the session store ${folder} is written to by another server (${path}: ${reason}): stop that one, or set SESSION_STORE_PATH`,
      { cause },
    );
  }
}

/** Whether some process writes to the store just now: this one counts too. */
export function isLocked(folder: string): boolean {
  const path = join(folder, "server.lock");
  if (!existsSync(path)) return false;
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    database.prepare("SELECT count(*) FROM sqlite_schema").get();
    return false;
  } catch {
    return true;
  } finally {
    database.close();
  }
}
