import type { FoundLog, LogSource, RawLine } from "./source.ts";
import type { Reading, SessionRow } from "./table.ts";
import { addLine } from "./totals.ts";
import { parseLine } from "../line.ts";
import { textOf } from "../search-text.ts";

/** How much is read of one log before it goes into the catalog: text in characters, and lines. */
export const SLICE_LENGTH = 16_384;
const SLICE_LINES = 100;

/** Reads what is new in one log, slice by slice. */
export class LogReading {
  readonly found: FoundLog;
  /** As it is when all that has been read is in the catalog. */
  row: SessionRow;
  done = false;
  readonly #lines: AsyncIterator<RawLine>;

  constructor(source: LogSource, found: FoundLog, row: SessionRow) {
    this.found = found;
    this.row = row;
    this.#lines = source.lines(row.id, row.indexed)[Symbol.asyncIterator]();
  }

  async next(): Promise<Reading> {
    const totals = { ...this.row };
    const texts: Reading["texts"] = [];
    let to = this.row.indexed;
    let length = 0;
    for (let count = 0; count < SLICE_LINES && length < SLICE_LENGTH; count += 1) {
      const next = await this.#lines.next();
      if (next.done === true) {
        this.done = true;
        break;
      }
      const line = parseLine(next.value.text);
      addLine(totals, line);
      const text = line === undefined ? "" : textOf(line.message_data);
      if (text !== "") texts.push({ position: next.value.start, text });
      length += text.length;
      to = next.value.end;
    }
    const reading = { row: this.row, totals, to, texts };
    this.row = { ...totals, indexed: to };
    return reading;
  }

  async close(): Promise<void> {
    await this.#lines.return?.();
  }
}
