import { z } from "zod";
import type { AuditStore } from "../contract/log.ts";
import type { Page } from "../contract/page.ts";
import { json } from "./pieces.ts";
import { number, readQuery, words } from "./query.ts";
import { record } from "./record.ts";

const MAX_LIMIT = 200;

export const SearchQuery = z.strictObject({
  q: words,
  limit: number(`expected a number from 1 to ${MAX_LIMIT}`, 1, MAX_LIMIT).default(50),
  cursor: z.string().optional(),
});

/**
 * `GET /search?q=`: `{"events": [SearchHit, ...], "next_cursor"}`, the lines of all sessions that contain all the words
 * (`"several words"` in a row), the newest session first.
 */
export const search =
  ({ records, recordRead }: AuditStore): Page =>
  async (request) => {
    const { q, limit, cursor } = readQuery(SearchQuery, request.query);
    record(recordRead, "search", request);
    return json(JSON.stringify(await records.search(q, limit, cursor)));
  };
