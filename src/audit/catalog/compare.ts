import { setImmediate as nextTurn } from "node:timers/promises";
import type { SessionId } from "../../contract/log.ts";
import type { LogSource, StoredName } from "./source.ts";
import type { CatalogTable, Outline } from "./table.ts";

/** How many sessions are compared before others get their turn. */
const BY_NAME = 100;
const BY_LOG = 50;

/** Logs of which the catalog says that they are there and they are not, or the other way round; new ones by age. */
export async function compareNames(table: CatalogTable, source: LogSource): Promise<SessionId[]> {
  const names = new NameComparison(table);
  for await (const some of source.names()) for (const name of some) names.add(name);
  for await (const rows of inPortions(table, BY_NAME)) for (const row of rows) names.check(row);
  return names.different();
}

/** Logs that were changed since they were read, some at a time. */
export async function* changedLogs(table: CatalogTable, source: LogSource): AsyncGenerator<SessionId[]> {
  for await (const rows of inPortions(table, BY_LOG)) {
    yield rows
      .filter(({ id, active, changed }) => active === 0 && source.find(id)?.changed !== changed)
      .map(({ id }) => id);
  }
}

async function* inPortions(table: CatalogTable, count: number): AsyncGenerator<Outline[]> {
  for (let rows = table.after("", count); rows.length > 0; rows = table.after(rows.at(-1)?.id ?? "", count)) {
    yield rows;
    await nextTurn();
  }
}

/** First the names, then the rows of the catalog. What both know costs a bit of memory and no more. */
class NameComparison {
  readonly #table: CatalogTable;
  /** By the numbers of the rows. */
  readonly #named: Uint8Array;
  readonly #held = new Set<SessionId>();
  readonly #fresh: SessionId[] = [];
  readonly #different: SessionId[] = [];

  constructor(table: CatalogTable) {
    this.#table = table;
    this.#named = new Uint8Array((table.lastNumber() >> 3) + 1);
  }

  add({ id, kind }: StoredName): void {
    if (kind === "hold") return void this.#held.add(id);
    const row = this.#table.outline(id);
    if (row === undefined) return void this.#fresh.push(id);
    if (this.#isNamed(row)) return;
    this.#named[row.no >> 3]! |= 1 << (row.no & 7);
    if ((kind === "archived") !== (row.archived === 1)) this.#different.push(id);
  }

  check(row: Outline): void {
    if (!this.#isNamed(row) || this.#held.has(row.id) !== (row.held === 1)) this.#different.push(row.id);
  }

  different(): SessionId[] {
    // Oldest first: so they are numbered, and so they are found.
    return [...this.#different, ...this.#fresh.sort()];
  }

  #isNamed({ no }: Outline): boolean {
    return ((this.#named[no >> 3] ?? 0) & (1 << (no & 7))) !== 0;
  }
}
