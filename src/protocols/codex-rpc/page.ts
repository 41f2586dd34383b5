import { invalidRequest } from "./frame.ts";

interface Paging<Entry> {
  /** The key of the entry before the page. */
  cursor: string | undefined;
  limit: number | undefined;
  readonly keyOf: (entry: Entry) => string;
}

const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 500;

export const pageSize = (limit = DEFAULT_LIMIT) => Math.min(Math.max(1, limit), MAX_LIMIT);

/** One page of a list that is in order already. Throws RpcError for a cursor that leads nowhere. */
export function page<Entry>(entries: readonly Entry[], { cursor, limit, keyOf }: Paging<Entry>) {
  const before = cursor === undefined ? -1 : entries.findIndex((entry) => keyOf(entry) === cursor);
  if (cursor !== undefined && before < 0) throw invalidRequest(`invalid cursor: ${cursor.slice(0, 64)}`);
  const start = before + 1;
  const data = entries.slice(start, start + pageSize(limit));
  const last = data.at(-1);
  const isMore = start + data.length < entries.length;
  return { data, nextCursor: last !== undefined && isMore ? keyOf(last) : null };
}
