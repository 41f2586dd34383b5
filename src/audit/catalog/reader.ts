import { setImmediate as nextTurn } from "node:timers/promises";
import { AgentError } from "../../contract/error.ts";
import type { SessionId } from "../../contract/log.ts";
import { parseLine } from "../line.ts";
import { textOf } from "../search-text.ts";
import type { CatalogCheckpoint } from "./checkpoint.ts";
import type { LogSource } from "./source.ts";
import type { CatalogTable, SessionRow } from "./table.ts";
import { addLine } from "./totals.ts";

/** How long one transaction goes on before others get their turn, in milliseconds. */
const STEP_MS = 10;

/** From so many logs on the index of words is tidied while they are read. */
const MUCH = 1000;

/** How long that goes on each time. */
const TIDY_MS = 50;

interface CatalogReaderParts {
  source: LogSource;
  table: CatalogTable;
  /** Whether somebody writes to the log of a row. */
  isActive: (row: SessionRow) => boolean;
  isStopped: () => boolean;
  /** A log cannot be read. */
  onFault: (error: unknown) => void;
  /** Where the catalog has a journal. */
  checkpoint: CatalogCheckpoint | undefined;
}

/**
 * Takes into the catalog what is new in logs, in steps that let others have their turn. Within a step nothing waits and
 * nothing is kept: what lives on from one step to the next makes the garbage collector keep all the rest as well.
 */
export class CatalogReader {
  readonly #parts: CatalogReaderParts;

  constructor(parts: CatalogReaderParts) {
    this.#parts = parts;
  }

  /** Until the set is empty, or it is stopped. */
  async readAll(ids: Set<SessionId>): Promise<void> {
    const { isStopped, checkpoint } = this.#parts;
    while (ids.size > 0 && !isStopped()) {
      const isMuch = ids.size > MUCH;
      for (const id of this.#step(ids)) ids.delete(id);
      await nextTurn();
      // Else it falls behind so far that it is done all at once. A little at a time it waits until nobody asks.
      if (isMuch) await this.tidy();
      await checkpoint?.whereDue();
    }
  }

  /** Some steps of merging what was read. What is left of it is done the next time. */
  async tidy(): Promise<void> {
    const until = performance.now() + TIDY_MS;
    while (performance.now() < until && this.#parts.table.tidy()) await nextTurn();
  }

  /** Until nothing is left in the index of words of what was taken out. Long where there is much. */
  async purge(): Promise<void> {
    const { table } = this.#parts;
    table.beginPurge();
    while (table.tidy()) await nextTurn();
  }

  /** One transaction. Those that have been read to their end. */
  #step(ids: Iterable<SessionId>): SessionId[] {
    const until = performance.now() + STEP_MS;
    const done: SessionId[] = [];
    this.#parts.table.transaction(() => {
      for (const id of ids) {
        if (!this.#readSome(id, until)) break;
        done.push(id);
        if (performance.now() > until) break;
      }
    });
    return done;
  }

  /** A line at least. False: it has more. */
  #readSome(id: SessionId, until: number): boolean {
    const { source, table, isActive, onFault } = this.#parts;
    const found = source.find(id);
    if (found === undefined) {
      // A log that is gone leaves the catalog.
      table.remove(id);
      return true;
    }
    const row = table.prepare(id, found);
    try {
      for (const { text, start, end } of source.linesAtOnce(id, row.indexed)) {
        this.#take(row, start, text);
        row.indexed = end;
        if (performance.now() > until) {
          table.update(row);
          return false;
        }
      }
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      // Whoever asks for all that is there asks for it again.
      onFault(error);
      return true;
    }
    table.update(row);
    table.settle(row, found, isActive(row));
    return true;
  }

  #take(row: SessionRow, start: number, text: string): void {
    const line = parseLine(text);
    addLine(row, line);
    const words = line === undefined ? "" : textOf(line.message_data);
    if (words !== "") this.#parts.table.addWords(row, start, words);
  }
}
