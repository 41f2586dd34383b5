import type { FileHandle } from "node:fs/promises";
import { lstat } from "node:fs/promises";
import type { SessionId, SessionSummary } from "../contract/log.ts";
import { openFile, pathOf } from "./files.ts";
import { timestampOf } from "./line.ts";

/** What stands at the beginning of every line. */
const TIMESTAMP_BYTES = 64;

/** Summaries of log files that nobody writes to here. A file is read again only when its size or time has changed. */
export class Catalog {
  readonly #folder: string;
  readonly #known = new Map<SessionId, { size: number; changed: number; summary: SessionSummary }>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Undefined where there is no such log. */
  async summary(id: SessionId): Promise<SessionSummary | undefined> {
    const stat = await lstat(pathOf(this.#folder, id)).catch(() => undefined);
    const known = this.#known.get(id);
    if (stat !== undefined && known?.size === stat.size && known.changed === stat.mtimeMs)
      return known.summary;
    const file = await openFile(this.#folder, id);
    if (file === undefined) {
      this.#known.delete(id);
      return undefined;
    }
    try {
      const { size, mtimeMs, mtime } = await file.stat();
      const summary = await summarize(file, id, mtime.toISOString());
      this.#known.set(id, { size, changed: mtimeMs, summary });
      return summary;
    } finally {
      await file.close();
    }
  }
}

/** A log that no session writes to is `ended`, also when a crash kept it from saying so: nobody runs it. */
async function summarize(file: FileHandle, id: SessionId, changed: string): Promise<SessionSummary> {
  const { count, lastLineAt } = await scan(file);
  const start = count === 0 ? undefined : await timeAt(file, 0);
  const last = count === 0 ? undefined : await timeAt(file, lastLineAt);
  return {
    session_id: id,
    start_time: start ?? changed,
    last_activity: last ?? changed,
    event_count: count,
    state: "ended",
  };
}

/** Counts whole lines: what a crash left after the last line break is none. */
async function scan(file: FileHandle): Promise<{ count: number; lastLineAt: number }> {
  const chunk = Buffer.allocUnsafe(256 * 1024);
  let count = 0;
  let lastLineAt = 0;
  let lineAt = 0;
  let offset = 0;
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, offset);
    if (bytesRead === 0) return { count, lastLineAt };
    const bytes = chunk.subarray(0, bytesRead);
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, end + 1)) {
      count += 1;
      lastLineAt = lineAt;
      lineAt = offset + end + 1;
    }
    offset += bytesRead;
  }
}

async function timeAt(file: FileHandle, position: number): Promise<string | undefined> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(TIMESTAMP_BYTES), 0, TIMESTAMP_BYTES, position);
  return timestampOf(buffer.toString("latin1", 0, bytesRead));
}

export const newestFirst = (one: SessionSummary, other: SessionSummary): number =>
  compare(other.start_time, one.start_time) || compare(other.session_id, one.session_id);

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
