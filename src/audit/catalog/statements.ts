import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";

/**
 * A statement that finds rows; the schema says that they are of this type. They are made here: the objects that SQLite's
 * binding makes outlive the collector's small rounds, and 100 000 of them fill the heap for nothing.
 */
export class RowStatement<Row> {
  readonly #statement: StatementSync;
  /** Undefined where Node is too old to give rows as arrays. */
  readonly #columns: string[] | undefined;

  constructor(database: DatabaseSync, sql: string) {
    this.#statement = database.prepare(sql);
    if (!("setReturnArrays" in this.#statement)) return;
    this.#statement.setReturnArrays(true);
    this.#columns = this.#statement.columns().map(({ name }) => name);
  }

  get(...values: SQLInputValue[]): Row | undefined {
    const row: unknown = this.#statement.get(...values);
    return row === undefined ? undefined : this.#toRow(row);
  }

  all(...values: SQLInputValue[]): Row[] {
    return this.#statement.all(...values).map((row) => this.#toRow(row));
  }

  #toRow(found: unknown): Row {
    const columns = this.#columns;
    if (columns === undefined) return found as Row;
    const values = found as SQLOutputValue[];
    const row: Record<string, SQLOutputValue | undefined> = {};
    for (let index = 0; index < columns.length; index += 1) row[columns[index] ?? ""] = values[index];
    return row as Row;
  }
}

/** More than there are kinds of questions; only lists of unlike lengths make more. */
const MOST = 100;

const known = new WeakMap<DatabaseSync, Map<string, RowStatement<unknown>>>();

/**
 * The statement of a question that comes again and again. One that is made for a single question stays in memory until
 * the whole heap is collected, which a server that does little else puts off for long.
 */
export function statementOf<Row>(database: DatabaseSync, sql: string): RowStatement<Row> {
  const statements = known.get(database) ?? new Map<string, RowStatement<unknown>>();
  known.set(database, statements);
  const statement = statements.get(sql) ?? new RowStatement<unknown>(database, sql);
  if (statements.size >= MOST) statements.clear();
  statements.set(sql, statement);
  return statement as RowStatement<Row>;
}
