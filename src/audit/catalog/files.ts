import { watch } from "node:fs";
import { type FileHandle, lstat, opendir } from "node:fs/promises";
import { join } from "node:path";
import type { SessionId } from "../../contract/log.ts";
import { ARCHIVE, isHeld, moveToArchive, setHold } from "../archive.ts";
import { blobFolderOf, putBack } from "../blobs.ts";
import type { FoundLog, LogSource, RawLine, StoredLogs } from "./source.ts";
import { isSessionId, openFile, pathOf } from "../files.ts";

const CHUNK_BYTES = 32 * 1024;

/** How often a log is looked at that somebody waits for: not every file system tells of changes. */
const LOOK_MS = 1000;

/** The logs of a folder and of the archive inside it. */
export class FileSource implements LogSource {
  readonly #folder: string;
  readonly #archive: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.#archive = join(folder, ARCHIVE);
  }

  async all(): Promise<StoredLogs> {
    const here = new Set<SessionId>();
    const held = new Set<SessionId>();
    for await (const name of namesIn(this.#folder)) {
      const [id = "", ending] = name.split(".", 2);
      if (!isSessionId(id)) continue;
      if (name === `${id}.jsonl`) here.add(id);
      else if (ending === "hold") held.add(id);
    }
    const archived = new Set<SessionId>();
    for await (const name of namesIn(this.#archive)) {
      const id = name.slice(0, -".jsonl".length);
      if (name.endsWith(".jsonl") && isSessionId(id) && !here.has(id)) archived.add(id);
    }
    return { here, archived, held };
  }

  async find(id: SessionId): Promise<FoundLog | undefined> {
    if (!isSessionId(id)) return undefined;
    for (const folder of [this.#folder, this.#archive]) {
      const stats = await lstat(pathOf(folder, id)).catch(() => undefined);
      if (stats?.isFile()) {
        const held = await this.isHeld(id);
        return { size: stats.size, changed: stats.mtimeMs, archived: folder === this.#archive, held };
      }
    }
    return undefined;
  }

  async *lines(id: SessionId, from: number): AsyncGenerator<RawLine> {
    const opened = await this.#open(id);
    if (opened === undefined) return;
    const { file, folder } = opened;
    try {
      for await (const { bytes, start } of linesFrom(file, from)) {
        const text = putBack(bytes.toString(), blobFolderOf(folder, id));
        yield { start, end: start + bytes.length + 1, text };
      }
    } finally {
      await file.close();
    }
  }

  async *raw(id: SessionId): AsyncGenerator<Uint8Array> {
    const opened = await this.#open(id);
    if (opened === undefined) return;
    const { file } = opened;
    try {
      const { size } = await file.stat();
      for (let position = 0; position < size;) {
        const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, size - position));
        const { bytesRead } = await file.read(chunk, 0, chunk.length, position);
        if (bytesRead === 0) return;
        yield chunk.subarray(0, bytesRead);
        position += bytesRead;
      }
    } finally {
      await file.close();
    }
  }

  watch(id: SessionId, changed: () => void): () => void {
    // It keeps the process alive: somebody waits.
    const timer = setInterval(changed, LOOK_MS);
    try {
      const watcher = watch(join(this.#folder, `${id}.jsonl`), { persistent: false }, changed);
      // The file may have gone to the archive, or the system may watch no more files: the timer goes on.
      watcher.on("error", () => watcher.close());
      return () => {
        clearInterval(timer);
        watcher.close();
      };
    } catch {
      return () => clearInterval(timer);
    }
  }

  archive(id: SessionId): Promise<void> {
    return moveToArchive(this.#folder, id);
  }

  isHeld(id: SessionId): Promise<boolean> {
    return isHeld(this.#folder, id);
  }

  hold(id: SessionId, held: boolean): Promise<void> {
    return setHold(this.#folder, id, held);
  }

  async #open(id: SessionId): Promise<{ file: FileHandle; folder: string } | undefined> {
    if (!isSessionId(id)) return undefined;
    for (const folder of [this.#folder, this.#archive]) {
      const file = await openFile(folder, id);
      if (file !== undefined) return { file, folder };
    }
    return undefined;
  }
}

/** Some at a time: with very many names the event loop would stand still. */
async function* namesIn(folder: string): AsyncGenerator<string> {
  try {
    for await (const { name } of await opendir(folder, { bufferSize: 256 })) yield name;
  } catch (error) {
    // Nothing has been archived yet.
    if (!isMissing(error)) throw error;
  }
}

const isMissing = (error: unknown) => error instanceof Error && "code" in error && error.code === "ENOENT";

/** Whole lines, without their line breaks; what follows the last line break is left out. */
async function* linesFrom(file: FileHandle, from: number): AsyncGenerator<{ bytes: Buffer; start: number }> {
  // One buffer for all of it: when there are many logs, the garbage would outgrow everything else.
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let parts: Buffer[] = [];
  let start = from;
  for (let position = from; ;) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    let chunk = buffer.subarray(0, bytesRead);
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a)) {
      const bytes = Buffer.concat([...parts, chunk.subarray(0, end)]);
      yield { bytes, start };
      start += bytes.length + 1;
      parts = [];
      chunk = chunk.subarray(end + 1);
    }
    parts.push(Buffer.from(chunk));
  }
}
