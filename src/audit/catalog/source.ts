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

/** Which logs there are, without looking into them. */
export interface StoredLogs {
  here: ReadonlySet<SessionId>;
  archived: ReadonlySet<SessionId>;
  held: ReadonlySet<SessionId>;
}

/** Where logs are kept, for those who read them. Ids that are none are logs that are not there. */
export interface LogSource {
  all(): Promise<StoredLogs>;
  find(id: SessionId): Promise<FoundLog | undefined>;
  /** Whole lines from a position on, until there are no more or the reader stops. */
  lines(id: SessionId, from: number): AsyncIterable<RawLine>;
  raw(id: SessionId): AsyncIterable<Uint8Array>;
  /** Calls back, now and then also for nothing, until the returned function is called. */
  watch(id: SessionId, changed: () => void): () => void;
  /** Moves an ended log, with all that belongs to it, where archived logs are. */
  archive(id: SessionId): Promise<void>;
  isHeld(id: SessionId): Promise<boolean>;
  hold(id: SessionId, held: boolean): Promise<void>;
}
