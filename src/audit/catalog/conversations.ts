import type { DatabaseSync } from "node:sqlite";
import type { Conversation, ConversationPage, ConversationQuery } from "../../contract/log.ts";
import { Conditions, readCursor, selectPage, writeCursor } from "./paging.ts";
import type { SessionRow } from "./table.ts";

const COLUMNS = { start_time: "began", last_activity: "latest" } as const;

/** Throws AgentError `invalid_message` for a cursor that cannot be read. */
export function readConversations(
  database: DatabaseSync,
  query: ConversationQuery,
  { limit, cursor }: { limit: number; cursor: string | undefined },
): ConversationPage {
  const order = { column: COLUMNS[query.sort], descending: query.descending };
  const from = cursor === undefined ? undefined : readCursor(cursor, query.sort);
  const { rows, last } = selectPage(database, { wanted: conditionsOf(query), order, from, limit });
  const [first] = rows;
  return {
    conversations: rows.map(toConversation),
    next_cursor: last ? writeCursor(query.sort, order, last) : null,
    previous_cursor: first ? writeCursor(query.sort, order, first) : null,
  };
}

function conditionsOf(query: ConversationQuery): Conditions {
  const wanted = new Conditions("archived = 0");
  wanted.add("preview IS NOT NULL");
  wanted.add(`put_away = ${Number(query.put_away)}`);
  if (query.workspaces) wanted.addList("workspace", query.workspaces);
  if (query.providers) wanted.addList("provider", query.providers);
  if (query.except) wanted.addList("id", query.except, "NOT");
  if (query.words !== undefined) wanted.add("instr(coalesce(name, preview), ?) > 0", query.words);
  return wanted;
}

const toConversation = (row: SessionRow): Conversation => ({
  session_id: row.id,
  start_time: row.began,
  last_activity: row.latest,
  model: row.model,
  provider: row.provider,
  preview: row.preview ?? "",
  name: row.name,
  workspace: row.workspace,
  forked_from: row.forked_from,
  put_away: row.put_away === 1,
});
