import type { DatabaseSync } from "node:sqlite";
import type { SessionId } from "../../contract/log.ts";
import type { FoundLog } from "./source.ts";
import { RowStatement } from "./statements.ts";
import { noTotals, type Totals } from "./totals.ts";

/** A session in the catalog. */
export interface SessionRow extends Totals {
  /** Older sessions have smaller numbers, as far as they were known when they came in. */
  no: number;
  id: SessionId;
  archived: number;
  held: number;
  /** 1: some process writes to its log, or did so until it crashed. */
  active: number;
  /** How far its log has been read. */
  indexed: number;
  /** When the log was written to, as of the last reading. */
  changed: number;
  /** `start_time` and `last_activity`, or the time of the file. */
  began: string;
  latest: string;
}

export type Outline = Pick<SessionRow, "no" | "id" | "archived" | "held" | "active" | "changed">;

const OUTLINE = "SELECT no, id, archived, held, active, changed FROM session";

const TOTALS = Object.keys(noTotals()) as (keyof Totals)[];

/**
 * In the index of words a line stands under the number of its session and its position in the log. So the newest
 * sessions come first, and all lines of a session stand together.
 */
const POSITION_BITS = 40n;

const toWordsKey = (no: number, position: number): bigint => (BigInt(no) << POSITION_BITS) | BigInt(position);

export const fromWordsKey = (key: bigint): { no: number; position: number } => ({
  no: Number(key >> POSITION_BITS),
  position: Number(key & ((1n << POSITION_BITS) - 1n)),
});

/** The statements that change the catalog. */
export class CatalogTable {
  readonly #database: DatabaseSync;
  readonly #statements;
  #isFilled = false;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#statements = {
      byId: new RowStatement<SessionRow>(database, "SELECT * FROM session WHERE id = ?"),
      outline: new RowStatement<Outline>(database, `${OUTLINE} WHERE id = ?`),
      after: new RowStatement<Outline>(database, `${OUTLINE} WHERE id > ? ORDER BY id LIMIT ?`),
      lastNumber: new RowStatement<{ no: number | null }>(database, "SELECT max(no) AS no FROM session"),
      eventCount: new RowStatement<Pick<SessionRow, "event_count">>(
        database,
        "SELECT event_count FROM session WHERE id = ?",
      ),
      active: new RowStatement<Pick<SessionRow, "id">>(database, "SELECT id FROM session WHERE active = 1"),
      add: database.prepare("INSERT OR IGNORE INTO session (id) VALUES (?)"),
      begin: database.prepare(
        "INSERT INTO session (id, active) VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET active = 1",
      ),
      update: database.prepare(
        `UPDATE session SET indexed = ?, ${TOTALS.map((name) => `${name} = ?`).join(", ")} WHERE no = ?`,
      ),
      settle: database.prepare(
        "UPDATE session SET changed = ?, archived = ?, held = ?, active = ? WHERE no = ?",
      ),
      unsettle: database.prepare("UPDATE session SET changed = 0 WHERE no = ?"),
      remove: database.prepare("DELETE FROM session WHERE no = ?"),
      merge: database.prepare("INSERT INTO words (words, rank) VALUES ('merge', 16)"),
      changes: new RowStatement<{ count: number }>(database, "SELECT total_changes() AS count"),
      addWords: database.prepare("INSERT INTO words (rowid, text) VALUES (?, ?)"),
      removeWords: database.prepare("DELETE FROM words WHERE rowid >= ? AND rowid < ?"),
    };
  }

  find(id: SessionId): SessionRow | undefined {
    return this.#statements.byId.get(id);
  }

  outline(id: SessionId): Outline | undefined {
    return this.#statements.outline.get(id);
  }

  /** Some sessions, by id. */
  after(id: SessionId, limit: number): Outline[] {
    return this.#statements.after.all(id, limit);
  }

  lastNumber(): number {
    return this.#statements.lastNumber.get()?.no ?? 0;
  }

  /** How many lines of a log are in the catalog. */
  eventCount(id: SessionId): number {
    return this.#statements.eventCount.get(id)?.event_count ?? 0;
  }

  activeIds(): SessionId[] {
    return this.#statements.active.all().map(({ id }) => id);
  }

  /** From now on a crash leaves a mark that says: read this log again. */
  begin(id: SessionId): void {
    this.#statements.begin.run(id);
  }

  /** Its row, an empty one if it is new, or if what was read of the log stands there no more. Within a transaction. */
  prepare(id: SessionId, { size, changed }: FoundLog): SessionRow {
    this.#statements.add.run(id);
    const row = this.find(id);
    if (row === undefined) throw new Error(`session ${id} is not in the catalog`);
    const isWritten = row.changed > 0 && row.changed !== changed;
    // Whoever appends here marks the log first: one without the mark was changed by hand.
    const isOther = size < row.indexed || (isWritten && (row.active === 0 || size === row.indexed));
    return isOther ? this.#clear(row) : row;
  }

  /** The words of the line that begins at `position`. Within a transaction, as what follows. */
  addWords({ no }: SessionRow, position: number, text: string): void {
    this.#statements.addWords.run(toWordsKey(no, position), text);
  }

  /** What has been read of a log so far. */
  update(row: SessionRow): void {
    this.#statements.update.run(row.indexed, ...TOTALS.map((name) => row[name]), row.no);
  }

  /** The log has been read as far as `row` says, which is all of it. */
  settle(row: SessionRow, { size, changed, archived, held }: FoundLog, active: boolean): void {
    // It has grown while it was read: when it was last written to is not known.
    const known = row.indexed > size ? 0 : changed;
    this.#statements.settle.run(known, Number(archived), Number(held), Number(active), row.no);
  }

  /** As if nothing had been read of it. */
  clear(row: SessionRow): void {
    this.transaction(() => this.#clear(row));
  }

  remove(id: SessionId): void {
    const row = this.find(id);
    if (row === undefined) return;
    this.#removeWords(row.no);
    this.#statements.remove.run(row.no);
  }

  /** One small step of merging what the index of words has collected. False: there was nothing to do. */
  tidy(): boolean {
    const changes = () => this.#statements.changes.get()?.count ?? 0;
    const before = changes();
    this.#statements.merge.run();
    // The step itself counts as one.
    return changes() - before > 1;
  }

  /** The first step of merging all that the index of words has, so that words which were taken out are in it no more. */
  beginPurge(): void {
    this.#database.exec("INSERT INTO words (words, rank) VALUES ('merge', -16)");
  }

  transaction(work: () => void): void {
    if (this.#isFilled) return work();
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /**
   * Until the work is done all is one transaction: each leaves a piece of the index of words behind, and many small ones
   * are slow to merge. For a catalog that is new, and that is thrown away where the work fails.
   */
  async fill(work: () => Promise<void>): Promise<void> {
    this.#database.exec("BEGIN IMMEDIATE");
    this.#isFilled = true;
    await work();
    this.#isFilled = false;
    this.#database.exec("COMMIT");
  }

  #clear(row: SessionRow): SessionRow {
    const empty: SessionRow = { ...row, ...noTotals(), indexed: 0, changed: 0 };
    this.#removeWords(row.no);
    this.update(empty);
    this.#statements.unsettle.run(row.no);
    return empty;
  }

  #removeWords(no: number): void {
    this.#statements.removeWords.run(toWordsKey(no, 0), toWordsKey(no + 1, 0));
  }
}
