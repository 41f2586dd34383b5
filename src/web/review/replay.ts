import type { LogLine } from "../../contract/log.ts";
import type { Block } from "./blocks.ts";
import { Conversation } from "./conversation.ts";
import { listAt, textAt, valueAt } from "./read.ts";
import { countWhere } from "./timeline.ts";

/** One delta of a line that holds several. */
export interface Piece {
  /** Milliseconds since the first of its line. */
  offset: number;
  text: string;
}

/** A line's deltas with their times, as they were logged; undefined for every other line. */
export function piecesOf({ message_data: message }: LogLine): Piece[] | undefined {
  if (textAt(message, "type") !== "response_delta") return undefined;
  const delta = textAt(message, "payload", "delta") ?? "";
  const pieces: Piece[] = [];
  let start = 0;
  let latest = 0;
  for (const entry of listAt(message, "payload", "timing")) {
    const [offset, length] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (typeof offset !== "number" || typeof length !== "number" || !(length >= 0)) continue;
    latest = Math.max(latest, offset);
    pieces.push({ offset: latest, text: delta.slice(start, start + length) });
    start += length;
  }
  if (start < delta.length) pieces.push({ offset: latest, text: delta.slice(start) });
  return pieces;
}

/** Says when each line is played, in milliseconds since 1970: one after the other, whatever the clock did. */
export class PlayTimes {
  readonly starts: number[] = [];
  #end = 0;

  add(line: LogLine, at: number): void {
    const lead = piecesOf(line)?.at(-1)?.offset ?? 0;
    const start = Math.max(at - lead, this.#end);
    this.starts.push(start);
    this.#end = start + lead;
  }

  /** When the last one has been played. */
  get end(): number {
    return this.#end;
  }
}

/** Where lines come from: undefined for what is not there yet. */
export type LineAt = (index: number) => LogLine | undefined;

interface Snapshot {
  lines: number;
  blocks: readonly Block[];
  isWorking: boolean;
}

/** How many lines are played again at most to go back. */
const SNAPSHOT_LINES = 500;

/** Plays a session to any moment, forwards and backwards. */
export class Replay {
  /** When each line is played. It may grow. */
  readonly #times: readonly number[];
  readonly #lineAt: LineAt;
  readonly #snapshots: Snapshot[] = [{ lines: 0, blocks: [], isWorking: false }];
  #conversation = new Conversation();
  /** Lines that were played whole, and deltas of the one after them. */
  #lines = 0;
  #pieces = 0;

  constructor(times: readonly number[], lineAt: LineAt) {
    this.#times = times;
    this.#lineAt = lineAt;
  }

  get blocks(): readonly Block[] {
    return this.#conversation.blocks;
  }

  get isWorking(): boolean {
    return this.#conversation.isWorking;
  }

  /** How many lines have been played whole. */
  get lines(): number {
    return this.#lines;
  }

  /** Goes to a moment. Returns the index of a line that is needed and not there yet: it stands still before it. */
  seek(at: number): number | undefined {
    const due = countWhere(this.#times, (time) => time <= at);
    if (this.#isBehind(due, at)) this.#goBack(due);
    while (this.#lines < due) {
      const line = this.#lineAt(this.#lines);
      if (line === undefined) return this.#lines;
      if (!this.#play(line, at)) return undefined;
      if (this.#lines % SNAPSHOT_LINES === 0) this.#remember();
    }
    return undefined;
  }

  /** Whether more was played than is due. */
  #isBehind(due: number, at: number): boolean {
    if (this.#lines !== due) return this.#lines > due || this.#pieces > this.#duePieces(this.#lines, at);
    return this.#pieces > 0 || this.#duePieces(due - 1, at) < (this.#piecesAt(due - 1)?.length ?? 0);
  }

  #piecesAt(index: number): Piece[] | undefined {
    const line = this.#lineAt(index);
    return line && piecesOf(line);
  }

  #duePieces(index: number, at: number): number {
    const start = this.#times[index] ?? 0;
    return countWhere(this.#piecesAt(index) ?? [], ({ offset }) => start + offset <= at);
  }

  #goBack(due: number): void {
    const kept = countWhere(this.#snapshots, ({ lines }) => lines < due || lines === 0);
    const { lines, blocks, isWorking } = this.#snapshots[kept - 1] ?? {
      lines: 0,
      blocks: [],
      isWorking: false,
    };
    this.#conversation = new Conversation(blocks, isWorking);
    this.#lines = lines;
    this.#pieces = 0;
  }

  /** Whether the line is played whole now. */
  #play(line: LogLine, at: number): boolean {
    const pieces = piecesOf(line);
    if (pieces === undefined) {
      this.#conversation.add(line);
    } else {
      const due = this.#duePieces(this.#lines, at);
      const text = pieces
        .slice(this.#pieces, due)
        .map(({ text }) => text)
        .join("");
      if (text !== "") this.#conversation.addDelta(valueAt(line.message_data, "payload"), text, line.seq);
      this.#pieces = Math.max(this.#pieces, due);
      if (due < pieces.length) return false;
    }
    this.#lines += 1;
    this.#pieces = 0;
    return true;
  }

  #remember(): void {
    if ((this.#snapshots.at(-1)?.lines ?? 0) >= this.#lines) return;
    this.#snapshots.push({ lines: this.#lines, blocks: [...this.blocks], isWorking: this.isWorking });
  }
}
