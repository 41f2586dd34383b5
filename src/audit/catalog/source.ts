import type { SessionId } from "../../contract/log.ts";

/** A log that is there. Positions are bytes in a file, lines in memory. */
export interface FoundLog {
  size: number;
  /** When it was last written to, in milliseconds since 1970. */
  changed: number;
  archived: boolean;
  /** Under legal hold. */
  held: boolean;
}

/** A whole line, without its line break, and the position after it. */
export interface RawLine {
  start: number;
  end: number;
  text: string;
}

/** A log that is there, or the mark of a legal hold, known by its name alone. */
export interface StoredName {
  id: SessionId;
  kind: "log" | "archived" | "hold";
}

/** Where logs are kept, for those who read them. Ids that are none are logs that are not there. */
export interface LogSource {
  /** Some at a time; a log that is in both places comes as `log` first. */
  names(): AsyncIterable<StoredName[]>;
  find(id: SessionId): FoundLog | undefined;
  /** Whole lines from a position on, until there are no more or the reader stops. */
  lines(id: SessionId, from: number): AsyncIterable<RawLine>;
  /** The same without waiting, for who reads very many logs and stops often. One at a time. */
  linesAtOnce(id: SessionId, from: number): Iterable<RawLine>;
  raw(id: SessionId): AsyncIterable<Uint8Array>;
  /** Calls back, now and then also for nothing, until the returned function is called. */
  watch(id: SessionId, changed: () => void): () => void;
  hold(id: SessionId, held: boolean): Promise<void>;
}
