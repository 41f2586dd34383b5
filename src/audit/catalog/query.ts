import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { z } from "zod";
import { AgentError } from "../../contract/error.ts";
import {
  SESSION_SORTS,
  type SessionListing,
  type SessionPage,
  type SessionQuery,
  type SessionSort,
} from "../../contract/log.ts";
import type { SessionRow } from "./table.ts";
import { readTerms, toMatch } from "./search-words.ts";

interface Order {
  column: "began" | "latest" | "event_count" | "cost_usd";
  descending: boolean;
}

const ORDERS: Record<SessionSort, Order> = {
  newest: { column: "began", descending: true },
  oldest: { column: "began", descending: false },
  activity: { column: "latest", descending: true },
  events: { column: "event_count", descending: true },
  cost: { column: "cost_usd", descending: true },
};

/** Where a page ended: the value that it was sorted by, and the session. Sessions that come in later move nothing. */
const Cursor = z.tuple([z.enum(SESSION_SORTS), z.union([z.string(), z.number()]), z.string()]);
type Cursor = z.infer<typeof Cursor>;

export interface PageWish {
  limit: number;
  cursor?: string | undefined;
  /** Nobody asks for the `total`: it is 0. */
  uncounted?: boolean;
}

/** Throws AgentError `invalid_message` for a cursor or words that cannot be read. */
export function readPage(
  database: DatabaseSync,
  query: SessionQuery,
  { limit, cursor, uncounted = false }: PageWish,
): SessionPage {
  const wanted = conditionsOf(query);
  const from = cursor === undefined ? undefined : readCursor(cursor, query.sort);
  const rows = select(database, { query, wanted, from, limit: limit + 1 });
  const more = rows.length > limit;
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    sessions: shown.map(toListing),
    next_cursor: more && last ? writeCursor(query.sort, last) : null,
    total: uncounted ? 0 : count(database, wanted),
  };
}

export function toListing(row: SessionRow): SessionListing {
  return {
    session_id: row.id,
    start_time: row.began,
    last_activity: row.latest,
    event_count: row.event_count,
    state: row.archived === 1 ? "archived" : row.active === 1 ? "active" : "ended",
    legal_hold: row.held === 1,
    title: row.title,
    model: row.model,
    provider: row.provider,
    turns: row.turns,
    approvals: row.approvals,
    tokens: {
      input_tokens: row.input_tokens,
      cached_input_tokens: row.cached_input_tokens,
      cache_write_input_tokens: row.cache_write_input_tokens,
      output_tokens: row.output_tokens,
      reasoning_output_tokens: row.reasoning_output_tokens,
    },
    cost: row.unpriced > 0 ? null : row.cost_usd,
  };
}

interface Conditions {
  sql: string[];
  values: SQLInputValue[];
}

function conditionsOf({ state, model, since, until, q }: SessionQuery): Conditions {
  const sql = [`archived = ${Number(state === "archived")}`];
  const values: SQLInputValue[] = [];
  const add = (condition: string, value: SQLInputValue | undefined) => {
    if (value === undefined) return;
    sql.push(condition);
    values.push(value);
  };
  if (state !== undefined && state !== "archived") sql.push(`active = ${Number(state === "active")}`);
  add("model = ?", model);
  add("began >= ?", since);
  add("began < ?", until);
  // The number of a session is in the upper bits of its words' keys.
  const match = q === undefined ? undefined : toMatch(readTerms(q));
  add("no IN (SELECT DISTINCT rowid >> 40 FROM words WHERE words MATCH ?)", match);
  return { sql, values };
}

interface Selection {
  query: SessionQuery;
  wanted: Conditions;
  from: Cursor | undefined;
  limit: number;
}

function select(database: DatabaseSync, { query, wanted, from, limit }: Selection): SessionRow[] {
  const { column, descending } = ORDERS[query.sort];
  const direction = descending ? "DESC" : "ASC";
  const sql = [...wanted.sql];
  const values = [...wanted.values];
  if (from !== undefined) {
    sql.push(`(${column}, id) ${descending ? "<" : ">"} (?, ?)`);
    values.push(from[1], from[2]);
  }
  const statement = `SELECT * FROM session WHERE ${sql.join(" AND ")}
    ORDER BY ${column} ${direction}, id ${direction} LIMIT ?`;
  return database.prepare(statement).all(...values, limit) as unknown as SessionRow[];
}

const count = (database: DatabaseSync, { sql, values }: Conditions): number =>
  Number(
    database.prepare(`SELECT count(*) AS count FROM session WHERE ${sql.join(" AND ")}`).get(...values)?.[
      "count"
    ],
  );

function writeCursor(sort: SessionSort, row: SessionRow): string {
  const cursor: Cursor = [sort, row[ORDERS[sort].column], row.id];
  return Buffer.from(JSON.stringify(cursor)).toString("base64url");
}

function readCursor(text: string, sort: SessionSort): Cursor {
  try {
    const cursor = Cursor.parse(JSON.parse(Buffer.from(text, "base64url").toString()));
    if (cursor[0] === sort) return cursor;
  } catch {
    // Told below.
  }
  throw new AgentError(
    "invalid_message",
    `cursor: expected the next_cursor of a page with sort=${sort}, got ${JSON.stringify(text.slice(0, 64))}`,
  );
}
