import { constants, lstat, open, readlink } from "node:fs/promises";
import type { BigIntStats } from "node:fs";
import { ToolError } from "../../contract/tool.ts";
import { errorCode } from "./file-error.ts";
import type { Folders } from "./folder.ts";
import type { Place } from "./place.ts";

/** A patch, its diff and what is needed to undo it are in memory at the same time. */
const MAX_FILE_BYTES = 32 << 20;

/** A file as it was found, with all that is needed to put it back. */
export interface FileState {
  bytes: Buffer;
  mode: number;
  uid: number;
  gid: number;
  /** Changes whenever somebody writes to the file or replaces it. */
  stamp: string;
}

/** Reads the file at a place; undefined when nothing is there. Throws ToolError for what is no plain file. */
export async function readState(folders: Folders, place: Place): Promise<FileState | undefined> {
  if (place.existing < place.folders.length) return undefined;
  const entry = await (await folders.get(place.folders)).entry(place.name);
  // Not to hang on a named pipe, which is refused below.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(entry, flags).catch(async (error: unknown) => {
    if (errorCode(error) === "ENOENT") return undefined;
    if (errorCode(error) !== "ELOOP") throw error;
    const target = await readlink(entry);
    throw new ToolError(`${place.path}: is a symbolic link to ${target}; name the file itself.`);
  });
  if (handle === undefined) return undefined;
  try {
    const stats = await handle.stat({ bigint: true });
    if (stats.isDirectory()) throw new ToolError(`${place.path}: is a folder, not a file.`);
    if (!stats.isFile()) throw new ToolError(`${place.path}: is no plain file.`);
    if (stats.size > MAX_FILE_BYTES) {
      throw new ToolError(`${place.path}: has ${stats.size} bytes; a patch takes at most ${MAX_FILE_BYTES}.`);
    }
    const { mode, uid, gid } = stats;
    const bytes = await handle.readFile();
    return { bytes, mode: Number(mode) & 0o7777, uid: Number(uid), gid: Number(gid), stamp: stampOf(stats) };
  } finally {
    await handle.close();
  }
}

/** The stamp of whatever is at a path now. */
export async function readStamp(path: string): Promise<string> {
  return stampOf(await lstat(path, { bigint: true }));
}

const stampOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  [dev, ino, size, mtimeNs, ctimeNs].join(":");
