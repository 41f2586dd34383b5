import type { LogLine } from "../../contract/log.ts";
import { askRecord, RecordError, sessionPath } from "../parts/record-api.ts";
import { LinePages } from "./line-pages.ts";
import { Outline } from "./outline.ts";
import { countWhere } from "./timeline.ts";
import { serverPath } from "../parts/base-path.ts";

/** The first answer is small, so that there is something to see. */
const FIRST_LINES = 500;
const NEXT_LINES = 4000;
/** How long lines that come one by one are gathered before the page is told. */
const GATHER_MS = 100;
/** How long a server that has refused to tell what comes is left alone. */
const PAUSE_MS = 3000;

interface EventsPage {
  events: LogLine[];
  next_after: number | null;
}

export type ReaderState =
  | { kind: "reading" }
  /** All that there is has been read, and new lines come as they are written. */
  | { kind: "live"; isConnected: boolean }
  /** The session has ended, and all of it has been read. */
  | { kind: "done" }
  | { kind: "failed"; error: RecordError };

/**
 * Reads a session's log: first what there is, then what comes. Of every line it keeps the outline; the lines themselves
 * as far as there is room, and reads them again where they are needed.
 */
export class LogReader {
  readonly outline = new Outline();
  state: ReaderState = { kind: "reading" };
  /** Lines that cannot be read any more. */
  damage: string | undefined;
  /** Counts what was told to those who listen. */
  version = 0;
  readonly #id: string;
  readonly #pages: LinePages;
  readonly #listeners = new Set<() => void>();
  #stopping = new AbortController();
  #tail: EventSource | undefined;
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #pause: ReturnType<typeof setTimeout> | undefined;

  constructor(id: string, pages = new LinePages()) {
    this.#id = id;
    this.#pages = pages;
  }

  /** Goes on where it was stopped. */
  start(): void {
    this.#stopping = new AbortController();
    this.state = { kind: "reading" };
    void this.#read(this.#stopping.signal);
  }

  stop(): void {
    this.#stopping.abort();
    this.#tail?.close();
    clearTimeout(this.#pause);
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Undefined for one that must be read again: see `need`. */
  lineAt = (index: number): LogLine | undefined => this.#pages.get(index);

  /** The place of a line in the outline; the nearest before it where it is missing. */
  indexOf(seq: number): number {
    return Math.max(0, countWhere(this.outline.rows, (row) => row.seq <= seq) - 1);
  }

  /** Resolves when a line of the outline is there. Rejects with RecordError. */
  async need(index: number): Promise<void> {
    if (this.#pages.get(index) !== undefined) return;
    const { first, count } = this.#pages.around(index);
    const before = this.outline.rows[first - 1]?.seq ?? -1;
    const { events } = await this.#ask(before, count);
    for (const [offset, line] of events.entries()) this.#pages.set(first + offset, line);
    if (this.#pages.get(index) === undefined)
      throw new RecordError(0, "log_unavailable", "This line of the log cannot be read any more.");
    this.#tell();
  }

  #ask(after: number, limit: number, signal?: AbortSignal): Promise<EventsPage> {
    return askRecord<EventsPage>(sessionPath(this.#id, `/events?after=${after}&limit=${limit}`), signal);
  }

  async #read(signal: AbortSignal): Promise<void> {
    try {
      for (let limit = FIRST_LINES; !signal.aborted; limit = NEXT_LINES) {
        const { events, next_after: next } = await this.#ask(this.#newest(), limit, signal);
        for (const line of events) this.#add(line);
        this.#tell();
        if (next === null) break;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof RecordError && error.code !== "log_unavailable") {
        // Whoever follows a session is not shown a page of nothing because a proxy restarts.
        return this.state.kind === "live" && isPassing(error) ? this.#readLater(signal) : this.#fail(error);
      }
      // The tail goes around what cannot be read, and says where.
      this.damage = "Some lines of this log cannot be read.";
    }
    if (!signal.aborted) this.#follow(signal);
  }

  #readLater(signal: AbortSignal): void {
    this.#pause = setTimeout(() => void this.#read(signal), PAUSE_MS);
  }

  #newest(): number {
    return this.outline.rows.at(-1)?.seq ?? -1;
  }

  #add(line: LogLine): void {
    if (line.seq <= this.#newest()) return;
    this.#pages.set(this.outline.rows.length, line);
    this.outline.add(line);
  }

  #fail(error: RecordError): void {
    this.state = { kind: "failed", error };
    this.#tell();
  }

  #follow(signal: AbortSignal): void {
    if (this.#hasEnded()) return this.#finish();
    const path = sessionPath(this.#id, `/events?after=${this.#newest()}`);
    const tail = new EventSource(serverPath(path));
    this.#tail = tail;
    const setConnected = (isConnected: boolean) => {
      this.state = { kind: "live", isConnected };
      this.#tell();
    };
    tail.addEventListener("open", () => setConnected(true));
    tail.addEventListener("error", () => {
      setConnected(false);
      // It comes back by itself where the connection was lost, and not where the server answered anything but 200.
      if (tail.readyState === EventSource.CLOSED) this.#readLater(signal);
    });
    tail.addEventListener("gap", ({ data }: MessageEvent<string>) => {
      const { after, next } = JSON.parse(data) as { after: number; next: number };
      this.damage = `Between line ${after} and line ${next} nothing can be read.`;
    });
    tail.addEventListener("message", ({ data }: MessageEvent<string>) => {
      this.#add(JSON.parse(data) as LogLine);
      if (this.#hasEnded()) return this.#finish();
      this.#gathering ??= setTimeout(() => this.#tell(), GATHER_MS);
    });
    setConnected(false);
  }

  #hasEnded(): boolean {
    return this.outline.rows.at(-1)?.type === "session_ended";
  }

  #finish(): void {
    this.#tail?.close();
    this.state = { kind: "done" };
    this.#tell();
  }

  #tell(): void {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    this.version += 1;
    for (const listener of this.#listeners) listener();
  }
}

/** Whether it may go better when it is asked again. */
const isPassing = ({ status }: RecordError): boolean => status === 0 || status === 429 || status >= 500;
