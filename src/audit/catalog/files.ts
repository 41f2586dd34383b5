import { closeSync, lstatSync, readSync, type Stats, watch } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { SessionId } from "../../contract/log.ts";
import { ARCHIVE, isHeld, setHold } from "../archive.ts";
import { blobFolderOf, putBack } from "../blobs.ts";
import { isSessionId, openAtOnce, openFile, pathOf } from "../files.ts";
import { type CutLine, LineCutter } from "../line-cutter.ts";
import { namesIn } from "./names.ts";
import type { FoundLog, LogSource, RawLine, StoredName } from "./source.ts";

const CHUNK_BYTES = 32 * 1024;

/** How often a log is looked at that somebody waits for: not every file system tells of changes. */
const LOOK_MS = 1000;

/** The logs of a folder and of the archive inside it. */
export class FileSource implements LogSource {
  readonly #folder: string;
  readonly #archive: string;
  /** For all that is read at once: with very many logs, one for each would outgrow everything else. */
  readonly #buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);

  constructor(folder: string) {
    this.#folder = folder;
    this.#archive = join(folder, ARCHIVE);
  }

  async *names(): AsyncGenerator<StoredName[]> {
    for await (const names of namesIn(this.#folder)) {
      yield [...asIds(names, "jsonl", "log"), ...asIds(names, "hold", "hold")];
    }
    // What is held is said outside, wherever the log is.
    for await (const names of namesIn(this.#archive)) yield asIds(names, "jsonl", "archived");
  }

  find(id: SessionId): FoundLog | undefined {
    if (!isSessionId(id)) return undefined;
    for (const folder of [this.#folder, this.#archive]) {
      const stats = statsOf(pathOf(folder, id));
      if (stats?.isFile()) {
        const held = isHeld(this.#folder, id);
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
      const cutter = new LineCutter(from);
      const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      for (let position = from; ;) {
        const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, position);
        if (bytesRead === 0) return;
        position += bytesRead;
        yield* asText(cutter.cut(buffer.subarray(0, bytesRead)), blobFolderOf(folder, id));
      }
    } finally {
      await file.close();
    }
  }

  *linesAtOnce(id: SessionId, from: number): Generator<RawLine> {
    for (const folder of [this.#folder, this.#archive]) {
      const descriptor = openAtOnce(folder, id);
      if (descriptor === undefined) continue;
      try {
        const cutter = new LineCutter(from);
        for (let position = from; ;) {
          const bytesRead = readSync(descriptor, this.#buffer, 0, CHUNK_BYTES, position);
          yield* asText(cutter.cut(this.#buffer.subarray(0, bytesRead)), blobFolderOf(folder, id));
          if (bytesRead < CHUNK_BYTES) return;
          position += bytesRead;
        }
      } finally {
        closeSync(descriptor);
      }
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

const asIds = (names: readonly string[], ending: string, kind: StoredName["kind"]): StoredName[] =>
  names
    .filter((name) => name.endsWith(`.${ending}`))
    .map((name) => ({ id: name.slice(0, -ending.length - 1), kind }))
    .filter(({ id }) => isSessionId(id));

function* asText(lines: Iterable<CutLine>, blobFolder: string): Generator<RawLine> {
  for (const { start, bytes } of lines) {
    yield { start, end: start + bytes.length + 1, text: putBack(bytes.toString(), blobFolder) };
  }
}

function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
