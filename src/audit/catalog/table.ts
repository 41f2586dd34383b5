import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import type { SessionId } from "../../contract/log.ts";
import type { FoundLog } from "./source.ts";
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

export type Outline = Pick<SessionRow, "id" | "archived" | "held" | "active" | "changed">;

/** What was read of one log: what it comes to up to `to`, and the words of the new lines. */
export interface Reading {
  row: SessionRow;
  totals: Totals;
  to: number;
  texts: { position: number; text: string }[];
}

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

/** The statements that change the catalog. Each call is one transaction. */
export class CatalogTable {
  readonly #database: DatabaseSync;
  readonly #statements;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#statements = {
      byId: database.prepare("SELECT * FROM session WHERE id = ?"),
      after: database.prepare(
        "SELECT id, archived, held, active, changed FROM session WHERE id > ? ORDER BY id LIMIT ?",
      ),
      active: database.prepare("SELECT id FROM session WHERE active = 1"),
      add: database.prepare("INSERT OR IGNORE INTO session (id) VALUES (?)"),
      begin: database.prepare(
        "INSERT INTO session (id, active) VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET active = 1",
      ),
      position: database.prepare("SELECT indexed FROM session WHERE no = ?"),
      update: database.prepare(
        `UPDATE session SET indexed = ?, ${TOTALS.map((name) => `${name} = ?`).join(", ")} WHERE no = ?`,
      ),
      settle: database.prepare(
        "UPDATE session SET changed = ?, archived = ?, held = ?, active = ? WHERE no = ?",
      ),
      remove: database.prepare("DELETE FROM session WHERE no = ?"),
      merge: database.prepare("INSERT INTO words (words, rank) VALUES ('merge', 16)"),
      changes: database.prepare("SELECT total_changes() AS count"),
      addWords: database.prepare("INSERT INTO words (rowid, text) VALUES (?, ?)"),
      removeWords: database.prepare("DELETE FROM words WHERE rowid >= ? AND rowid < ?"),
    };
  }

  find(id: SessionId): SessionRow | undefined {
    return toRow(this.#statements.byId.get(id));
  }

  /** Some sessions, by id. */
  after(id: SessionId, limit: number): Outline[] {
    return this.#statements.after.all(id, limit).map((row) => row as unknown as Outline);
  }

  activeIds(): SessionId[] {
    return this.#statements.active.all().map(({ id }) => String(id));
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

  /** Takes readings in. Left out is what somebody else has taken in meanwhile. */
  store(readings: readonly Reading[]): void {
    this.transaction(() => {
      for (const reading of readings) this.#storeOne(reading);
    });
  }

  #storeOne({ row, totals, to, texts }: Reading): void {
    const { position, addWords, update } = this.#statements;
    if (position.get(row.no)?.["indexed"] !== row.indexed) return;
    for (const { position, text } of texts) addWords.run(toWordsKey(row.no, position), text);
    update.run(to, ...TOTALS.map((name) => totals[name]), row.no);
  }

  /**
   * The log has been read as far as `row` says. False when the catalog does not say the same, because another process
   * wrote to it. Within a transaction.
   */
  settle(row: SessionRow, { size, changed, archived, held }: FoundLog, active: boolean): boolean {
    // It has grown while it was read: when it was last written to is not known.
    const known = row.indexed > size ? 0 : changed;
    this.#statements.settle.run(known, Number(archived), Number(held), Number(active), row.no);
    return this.#statements.position.get(row.no)?.["indexed"] === row.indexed;
  }

  /** As if nothing had been read of it. */
  clear(row: SessionRow): void {
    this.transaction(() => this.#clear(row));
  }

  /** Within a transaction. */
  remove(id: SessionId): void {
    const row = this.find(id);
    if (row === undefined) return;
    this.#removeWords(row.no);
    this.#statements.remove.run(row.no);
  }

  /** One small step of merging what the index of words has collected. False: there was nothing to do. */
  tidy(): boolean {
    const changes = () => Number(this.#statements.changes.get()?.["count"]);
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
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  #clear(row: SessionRow): SessionRow {
    const empty: SessionRow = { ...row, ...noTotals(), indexed: 0, changed: 0 };
    this.#removeWords(row.no);
    this.#statements.update.run(0, ...TOTALS.map((name) => empty[name]), row.no);
    return empty;
  }

  #removeWords(no: number): void {
    this.#statements.removeWords.run(toWordsKey(no, 0), toWordsKey(no + 1, 0));
  }
}

/** A row as SQLite gives it: the schema says that it has just these columns. */
const toRow = (row: Record<string, SQLOutputValue> | undefined): SessionRow | undefined =>
  row as SessionRow | undefined;
