import type { LogLine } from "../../contract/log.ts";

const PAGE_LINES = 500;
/** How many characters of text are kept, roughly. */
const ROOM = 48 * 1024 * 1024;

interface LinePage {
  lines: (LogLine | undefined)[];
  size: number;
  used: number;
}

/** Lines by their place in the log. When there is no more room, those that were not asked for longest are forgotten. */
export class LinePages {
  readonly #pages = new Map<number, LinePage>();
  readonly #room: number;
  #size = 0;
  #clock = 0;

  constructor(room = ROOM) {
    this.#room = room;
  }

  get(index: number): LogLine | undefined {
    const page = this.#pages.get(Math.floor(index / PAGE_LINES));
    if (page === undefined) return undefined;
    page.used = this.#clock += 1;
    return page.lines[index % PAGE_LINES];
  }

  set(index: number, line: LogLine): void {
    const number = Math.floor(index / PAGE_LINES);
    const page = this.#pages.get(number) ?? { lines: [], size: 0, used: 0 };
    this.#pages.set(number, page);
    page.used = this.#clock += 1;
    if (page.lines[index % PAGE_LINES] === undefined) {
      const size = sizeOf(line.message_data);
      page.size += size;
      this.#size += size;
    }
    page.lines[index % PAGE_LINES] = line;
    if (this.#size > this.#room) this.#forget(number);
  }

  /** The lines that are read together with this one. */
  around(index: number): { first: number; count: number } {
    return { first: index - (index % PAGE_LINES), count: PAGE_LINES };
  }

  #forget(kept: number): void {
    const oldestFirst = [...this.#pages].filter(([number]) => number !== kept);
    oldestFirst.sort(([, one], [, other]) => one.used - other.used);
    for (const [number, { size }] of oldestFirst) {
      if (this.#size <= this.#room) return;
      this.#pages.delete(number);
      this.#size -= size;
    }
  }
}

/** The characters in a value's texts, and something for the rest. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 8;
  return Object.values(value).reduce<number>((sum, entry) => sum + sizeOf(entry), 32);
}
