import { setImmediate as nextTurn } from "node:timers/promises";
import type { SessionId } from "../../contract/log.ts";
import type { LogSource } from "./source.ts";
import type { CatalogTable, Outline } from "./table.ts";

/** How many sessions are compared before others get their turn. */
const BY_NAME = 250;
const BY_LOG = 50;

/** Logs of which the catalog says that they are there and they are not, or the other way round; new ones by age. */
export async function compareNames(table: CatalogTable, source: LogSource): Promise<SessionId[]> {
  const { here, archived, held } = await source.all();
  const known = new Set<SessionId>();
  const different: SessionId[] = [];
  for await (const rows of inPortions(table, BY_NAME)) {
    for (const row of rows) {
      known.add(row.id);
      const isThere = (row.archived === 1 ? archived : here).has(row.id);
      if (!isThere || held.has(row.id) !== (row.held === 1)) different.push(row.id);
    }
  }
  // Oldest first: so they are numbered, and so they are found.
  const fresh = [...here, ...archived].filter((id) => !known.has(id)).sort();
  return [...different, ...fresh];
}

/** Logs that were changed since they were read, some at a time. */
export async function* changedLogs(table: CatalogTable, source: LogSource): AsyncGenerator<SessionId[]> {
  for await (const rows of inPortions(table, BY_LOG)) {
    const found = await Promise.all(rows.map(({ id }) => source.find(id)));
    yield rows
      .filter(({ active, changed }, index) => active === 0 && found[index]?.changed !== changed)
      .map(({ id }) => id);
  }
}

async function* inPortions(table: CatalogTable, count: number): AsyncGenerator<Outline[]> {
  for (let rows = table.after("", count); rows.length > 0; rows = table.after(rows.at(-1)?.id ?? "", count)) {
    yield rows;
    await nextTurn();
  }
}
