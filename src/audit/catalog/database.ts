import { chownSync, closeSync, constants, lstatSync, openSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Another number: what an older server wrote is thrown away and read from the logs again. */
const VERSION = 1;

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
    title TEXT,
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
`;

/**
 * Opens the catalog's file, or begins it anew: where there is none, where another version wrote it, and where it is
 * damaged. Throws where even that fails. `isNew`: nothing stands in it.
 */
export function openDatabase(path: string): { database: DatabaseSync; isNew: boolean } {
  if (path === IN_MEMORY) return { database: begin(path), isNew: true };
  try {
    const database = reopen(path);
    if (database !== undefined) return { database, isNew: false };
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
  removeDatabase(path);
  return { database: begin(path), isNew: true };
}

export const catalogPath = (folder: string): string => join(folder, "catalog.sqlite");

export const IN_MEMORY = ":memory:";

/** Also what belongs to it: a journal that outlives its database would be played into the next one. */
export function removeDatabase(path: string): void {
  for (const ending of ["", "-wal", "-shm"]) rmSync(`${path}${ending}`, { force: true });
}

/** What SQLite says of a file that is no database or not a whole one. */
export const isDamage = (error: unknown): boolean =>
  error instanceof Error &&
  "errcode" in error &&
  (DAMAGE.has(Number(error.errcode) & 0xff) || /^no such (table|column)/.test(error.message));

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGE = new Set([11, 26]);

function reopen(path: string): DatabaseSync | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || stat.size === 0 || !stat.isFile()) return undefined;
  const database = new DatabaseSync(path, { timeout: BUSY_MS });
  try {
    const version = database.prepare("PRAGMA user_version").get()?.["user_version"];
    if (version === VERSION) {
      configure(database);
      database.prepare("SELECT no FROM session LIMIT 1").get();
      return database;
    }
  } catch (error) {
    database.close();
    throw error;
  }
  database.close();
  return undefined;
}

function begin(path: string): DatabaseSync {
  if (path !== IN_MEMORY) {
    const { O_RDWR, O_CREAT, O_EXCL } = constants;
    closeSync(openSync(path, O_RDWR | O_CREAT | O_EXCL, 0o600));
    giveToOwner(path);
  }
  const database = new DatabaseSync(path, { timeout: BUSY_MS });
  configure(database);
  database.exec(`BEGIN; ${SCHEMA} PRAGMA user_version = ${VERSION}; COMMIT`);
  return database;
}

/** Whoever looks at a server's logs as root must not take the catalog away from it. SQLite does so for the journal. */
function giveToOwner(path: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(dirname(path));
  chownSync(path, uid, gid);
}

/** What a crash of the machine takes from it is read from the logs again; only it must not be torn. */
function configure(database: DatabaseSync): void {
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA journal_size_limit = 8388608;
    PRAGMA secure_delete = ON;
  `);
}
