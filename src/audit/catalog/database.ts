import { closeSync, constants, lstatSync, openSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { giveToOwnerOf } from "../disk.ts";

/** Another number: what an older server wrote is thrown away and read from the logs again. */
const VERSION = 2;

/** How long a process waits for another one that writes, in milliseconds. The event loop stands still so long. */
const BUSY_MS = 100;

const SCHEMA = `
  CREATE TABLE session (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    archived INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0,
    active INTEGER NOT NULL DEFAULT 0,
    indexed INTEGER NOT NULL DEFAULT 0,
    changed REAL NOT NULL DEFAULT 0,
    start_time TEXT,
    last_activity TEXT,
    event_count INTEGER NOT NULL DEFAULT 0,
    ended INTEGER NOT NULL DEFAULT 0,
    preview TEXT,
    name TEXT,
    workspace TEXT,
    forked_from TEXT,
    put_away INTEGER NOT NULL DEFAULT 0,
    model TEXT,
    provider TEXT,
    turns INTEGER NOT NULL DEFAULT 0,
    approvals INTEGER NOT NULL DEFAULT 0,
    last_request TEXT,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    cached_input_tokens INTEGER NOT NULL DEFAULT 0,
    cache_write_input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    reasoning_output_tokens INTEGER NOT NULL DEFAULT 0,
    cost_usd REAL NOT NULL DEFAULT 0,
    unpriced INTEGER NOT NULL DEFAULT 0,
    -- A log without a line that tells a time has that of its file.
    began TEXT AS (coalesce(start_time, strftime('%Y-%m-%dT%H:%M:%fZ', CAST(changed AS INTEGER) / 1000.0, 'unixepoch'))),
    latest TEXT AS (coalesce(last_activity, strftime('%Y-%m-%dT%H:%M:%fZ', CAST(changed AS INTEGER) / 1000.0, 'unixepoch')))
  ) STRICT;
  CREATE INDEX session_by_start ON session (archived, began, id);
  CREATE INDEX session_by_activity ON session (archived, latest, id);
  CREATE INDEX session_active ON session (id) WHERE active = 1;
  CREATE VIRTUAL TABLE words USING fts5 (
    text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
  );
  -- Merged in small steps by whoever writes: left to itself it is done in large ones, within some commit.
  INSERT INTO words (words, rank) VALUES ('automerge', 0);
  INSERT INTO words (words, rank) VALUES ('crisismerge', 64);
  INSERT INTO words (words, rank) VALUES ('usermerge', 8);
`;

/**
 * Opens the catalog's file. Undefined where there is none that can be used: where there is no file, where another
 * version wrote it, and where it is damaged. Throws where that cannot be told.
 */
export function openDatabase(path: string): DatabaseSync | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || stat.size === 0 || !stat.isFile()) return undefined;
  const database = new DatabaseSync(path, { timeout: BUSY_MS });
  try {
    const version = database.prepare("PRAGMA user_version").get()?.["user_version"];
    if (version === VERSION) {
      database.exec(SHARED);
      database.prepare("SELECT no FROM session LIMIT 1").get();
      return database;
    }
  } catch (error) {
    if (!isDamage(error)) {
      database.close();
      throw error;
    }
  }
  database.close();
  return undefined;
}

/** An empty catalog in a file that is not there yet, or IN_MEMORY; for this connection alone until it is closed. */
export function createDatabase(path: string): DatabaseSync {
  if (path !== IN_MEMORY) {
    const { O_RDWR, O_CREAT, O_EXCL } = constants;
    const descriptor = openSync(path, O_RDWR | O_CREAT | O_EXCL, 0o600);
    // SQLite does so for the journal.
    giveToOwnerOf(dirname(path), descriptor);
    closeSync(descriptor);
  }
  const database = new DatabaseSync(path);
  database.exec(`${ALONE} BEGIN; ${SCHEMA} PRAGMA user_version = ${VERSION}; COMMIT`);
  return database;
}

/** Whether some process fills the catalog, which nobody else can open meanwhile. */
export function isBeingFilled(path: string): boolean {
  const database = new DatabaseSync(path);
  try {
    database.exec("BEGIN EXCLUSIVE");
    return false;
  } catch (error) {
    return codeOf(error) === SQLITE_BUSY;
  } finally {
    database.close();
  }
}

export const catalogPath = (folder: string): string => join(folder, "catalog.sqlite");

export const IN_MEMORY = ":memory:";

/** Also what belongs to it: a journal that outlives its database would be played into the next one. */
export function removeDatabase(path: string): void {
  for (const ending of ["", "-wal", "-shm"]) rmSync(`${path}${ending}`, { force: true });
}

/** What SQLite says of a file that is no database or not a whole one. */
export const isDamage = (error: unknown): boolean =>
  DAMAGE.has(codeOf(error)) ||
  (codeOf(error) > 0 && error instanceof Error && /^no such (table|column)/.test(error.message));

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGE: ReadonlySet<number> = new Set([11, 26]);
const SQLITE_BUSY = 5;

/** SQLite's own code of an error; 0 where it is none of SQLite's. */
const codeOf = (error: unknown): number =>
  error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : 0;

/** What was taken out of a log must not stand in a page that is not used any more. */
const ALWAYS = "PRAGMA secure_delete = ON;";

/** What a crash of the machine takes from it is read from the logs again; only it must not be torn. */
const SHARED = `
  ${ALWAYS}
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA wal_autocheckpoint = 0;
  PRAGMA journal_size_limit = 8388608;
`;

/** After a crash or a failure nobody looks at it again. A journal would hold as much as the catalog: all is one transaction. */
const ALONE = `
  ${ALWAYS}
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = OFF;
  PRAGMA synchronous = OFF;
`;
