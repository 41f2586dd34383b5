import type { DatabaseSync, StatementSync } from "node:sqlite";

/** More than there are kinds of questions; only lists of unlike lengths make more. */
const MOST = 100;

const statements = new WeakMap<DatabaseSync, Map<string, StatementSync>>();

/**
 * The statement of a question that comes again and again. A statement that is made for one question alone stays in
 * memory until the whole heap is collected, which a server that does little else puts off for long.
 */
export function statementOf(database: DatabaseSync, sql: string): StatementSync {
  const known = statements.get(database) ?? new Map<string, StatementSync>();
  statements.set(database, known);
  const statement = known.get(sql) ?? database.prepare(sql);
  if (known.size >= MOST) known.clear();
  known.set(sql, statement);
  return statement;
}
