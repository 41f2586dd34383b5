import type { DatabaseSync } from "node:sqlite";
import type { SessionListing, SessionPage, SessionQuery, SessionSort } from "../../contract/log.ts";
import { Conditions, type Order, readCursor, selectPage, writeCursor } from "./paging.ts";
import { readTerms, toMatch } from "./search-words.ts";
import { statementOf } from "./statements.ts";
import type { SessionRow } from "./table.ts";
import { titleOf } from "./totals.ts";

const ORDERS: Record<SessionSort, Order> = {
  newest: { column: "began", descending: true },
  oldest: { column: "began", descending: false },
  activity: { column: "latest", descending: true },
  events: { column: "event_count", descending: true },
  cost: { column: "cost_usd", descending: true },
};

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
  const order = ORDERS[query.sort];
  const from = cursor === undefined ? undefined : readCursor(cursor, query.sort);
  const { rows, last } = selectPage(database, { wanted, order, from, limit });
  return {
    sessions: rows.map(toListing),
    next_cursor: last ? writeCursor(query.sort, order, last) : null,
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
    title: titleOf(row),
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

function conditionsOf({ state, model, since, until, q }: SessionQuery): Conditions {
  const wanted = new Conditions(`archived = ${Number(state === "archived")}`);
  if (state !== undefined && state !== "archived") wanted.add(`active = ${Number(state === "active")}`);
  if (model !== undefined) wanted.add("model = ?", model);
  if (since !== undefined) wanted.add("began >= ?", since);
  if (until !== undefined) wanted.add("began < ?", until);
  // The number of a session is in the upper bits of its words' keys.
  const words = "no IN (SELECT DISTINCT rowid >> 40 FROM words WHERE words MATCH ?)";
  if (q !== undefined) wanted.add(words, toMatch(readTerms(q)));
  return wanted;
}

function count(database: DatabaseSync, { sql, values }: Conditions): number {
  const statement = `SELECT count(*) AS count FROM session WHERE ${sql.join(" AND ")}`;
  return statementOf<{ count: number }>(database, statement).get(...values)?.count ?? 0;
}
