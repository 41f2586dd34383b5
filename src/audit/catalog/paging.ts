import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { z } from "zod";
import { AgentError } from "../../contract/error.ts";
import { statementOf } from "./statements.ts";
import type { SessionRow } from "./table.ts";

export interface Order {
  column: "began" | "latest" | "event_count" | "cost_usd";
  descending: boolean;
}

/** What holds for all rows that are wanted. */
export class Conditions {
  readonly sql: string[];
  readonly values: SQLInputValue[] = [];

  constructor(first: string) {
    this.sql = [first];
  }

  add(condition: string, ...values: SQLInputValue[]): void {
    this.sql.push(condition);
    this.values.push(...values);
  }

  /** `column` is one of them, or with `not` none. */
  addList(column: string, values: readonly string[], not = ""): void {
    this.add(`${column} ${not} IN (${values.map(() => "?").join(", ")})`, ...values);
  }
}

/** Where a page begins or ends: the value that it is sorted by, and the session. Sessions that come in later move nothing. */
type Place = readonly [value: string | number, id: string];

interface Selection {
  wanted: Conditions;
  order: Order;
  /** The page begins after it. */
  from: Place | undefined;
  limit: number;
}

/** `last`: the row after which more follows. */
export function selectPage(
  database: DatabaseSync,
  { wanted, order: { column, descending }, from, limit }: Selection,
): { rows: SessionRow[]; last: SessionRow | undefined } {
  const direction = descending ? "DESC" : "ASC";
  const sql = [...wanted.sql];
  if (from !== undefined) sql.push(`(${column}, id) ${descending ? "<" : ">"} (?, ?)`);
  const statement = `SELECT * FROM session WHERE ${sql.join(" AND ")}
    ORDER BY ${column} ${direction}, id ${direction} LIMIT ?`;
  const values = [...wanted.values, ...(from ?? []), limit + 1];
  const found = statementOf<SessionRow>(database, statement).all(...values);
  const rows = found.slice(0, limit);
  return { rows, last: found.length > limit ? rows.at(-1) : undefined };
}

const Cursor = z.tuple([z.string(), z.union([z.string(), z.number()]), z.string()]);

/** `sort`: the name of the order, which whoever comes back must name again. */
export function writeCursor(sort: string, { column }: Order, row: SessionRow): string {
  const cursor: z.infer<typeof Cursor> = [sort, row[column], row.id];
  return Buffer.from(JSON.stringify(cursor)).toString("base64url");
}

/** Throws AgentError `invalid_message`. */
export function readCursor(text: string, sort: string): Place {
  try {
    const [written, value, id] = Cursor.parse(JSON.parse(Buffer.from(text, "base64url").toString()));
    if (written === sort) return [value, id];
  } catch {
    // Told below.
  }
  throw new AgentError(
    "invalid_message",
    `cursor: expected the next_cursor of a page with sort=${sort}, got ${JSON.stringify(text.slice(0, 64))}`,
  );
}
