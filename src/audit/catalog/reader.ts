import { setImmediate as nextTurn } from "node:timers/promises";
import type { SessionId } from "../../contract/log.ts";
import { LogReading, SLICE_LENGTH } from "./reading.ts";
import type { LogSource } from "./source.ts";
import type { CatalogTable, Reading, SessionRow } from "./table.ts";

/** How many logs are read together, and how much of their text goes in with one transaction. */
interface Portion {
  logs: number;
  length: number;
}

const SMALL: Portion = { logs: 8, length: SLICE_LENGTH };
/** When there is very much to read: that is a start, and nobody is kept waiting by a longer transaction. */
const LARGE: Portion = { logs: 64, length: 131_072 };
const MUCH = 1000;

/** How long such steps go on. */
const TIDY_MS = 50;

interface CatalogReaderParts {
  source: LogSource;
  table: CatalogTable;
  /** Whether somebody writes to the log of a row. */
  isActive: (row: SessionRow) => boolean;
  /** After some writing. */
  written: () => Promise<void>;
}

/** Takes into the catalog what is new in logs, in pieces that let others have their turn. */
export class CatalogReader {
  readonly #parts: CatalogReaderParts;

  constructor(parts: CatalogReaderParts) {
    this.#parts = parts;
  }

  /** Until the set is empty. What could not be read stays in it. */
  async readAll(ids: Set<SessionId>): Promise<void> {
    while (ids.size > 0) {
      const portion = ids.size > MUCH ? LARGE : SMALL;
      const some = first(ids, portion.logs);
      for (const id of some) ids.delete(id);
      try {
        for (const id of await this.#read(some, portion)) ids.add(id);
      } catch (error) {
        for (const id of some) ids.add(id);
        throw error;
      }
      // Else it falls behind so far that it is done all at once. A little at a time it waits until nobody asks.
      if (portion === LARGE) await this.tidy();
      await this.#parts.written();
    }
  }

  /** Until nothing is left in the index of words of what was taken out. Long where there is much. */
  async purge(): Promise<void> {
    const { table } = this.#parts;
    table.beginPurge();
    while (table.tidy()) await nextTurn();
  }

  /** Resolves with those that another process has read meanwhile. */
  async #read(ids: readonly SessionId[], { length }: Portion): Promise<SessionId[]> {
    const readings = await this.#begin(ids);
    try {
      for (let open = readings; open.length > 0; open = open.filter(({ done }) => !done)) {
        const slices = await Promise.all(open.map((reading) => reading.next()));
        for (const group of inGroups(slices, length)) {
          this.#parts.table.store(group);
          await nextTurn();
        }
      }
    } finally {
      await Promise.all(readings.map((reading) => reading.close()));
    }
    return this.#settle(readings);
  }

  /** A log that is gone leaves the catalog. */
  async #begin(ids: readonly SessionId[]): Promise<LogReading[]> {
    const { source, table } = this.#parts;
    const found = await Promise.all(ids.map((id) => source.find(id)));
    const readings: LogReading[] = [];
    table.transaction(() => {
      for (const [index, id] of ids.entries()) {
        const log = found[index];
        if (log) readings.push(new LogReading(source, log, table.prepare(id, log)));
        else table.remove(id);
      }
    });
    return readings;
  }

  #settle(readings: readonly LogReading[]): SessionId[] {
    const { table, isActive } = this.#parts;
    const unsettled: SessionId[] = [];
    table.transaction(() => {
      for (const { row, found } of readings) {
        if (!table.settle(row, found, isActive(row))) unsettled.push(row.id);
      }
    });
    return unsettled;
  }

  /** Some steps of merging what was read. What is left of it is done the next time. */
  async tidy(): Promise<void> {
    const until = performance.now() + TIDY_MS;
    while (performance.now() < until && this.#parts.table.tidy()) await nextTurn();
  }
}

function* inGroups(readings: readonly Reading[], maxLength: number): Generator<Reading[]> {
  let group: Reading[] = [];
  let length = 0;
  for (const reading of readings) {
    const own = reading.texts.reduce((sum, { text }) => sum + text.length, 0);
    if (group.length > 0 && length + own > maxLength) {
      yield group;
      group = [];
      length = 0;
    }
    group.push(reading);
    length += own;
  }
  if (group.length > 0) yield group;
}

function first<Item>(items: Iterable<Item>, count: number): Item[] {
  const taken: Item[] = [];
  for (const item of items) {
    if (taken.length === count) break;
    taken.push(item);
  }
  return taken;
}
