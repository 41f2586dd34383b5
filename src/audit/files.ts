import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
} from "node:fs";
import { lstat, open, readdir, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { AgentError } from "../contract/error.ts";
import type { SessionId } from "../contract/log.ts";
import { ARCHIVE } from "./archive.ts";
import { LineCutter } from "./line-cutter.ts";

const SESSION_ID = /^[0-9a-f]{32,64}$/;
const SESSION_FILE = /^([0-9a-f]{32,64})\.jsonl$/;

/** Nothing but such an id ever becomes a part of a path. */
export const isSessionId = (id: string): boolean => SESSION_ID.test(id);

/**
 * Makes the folder, for its owner alone. One that exists and holds nothing but logs is closed to others too; one that
 * holds something else may be shared on purpose and is left as it is.
 */
export function prepareFolder(folder: string): void {
  try {
    if (mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined) return;
    const ours = (name: string) => SESSION_FILE.test(name) || name === ".gitkeep";
    if ((lstatSync(folder).mode & 0o077) !== 0 && readdirSync(folder).every(ours)) chmodSync(folder, 0o700);
  } catch (cause) {
    throw new AgentError(
      "log_unavailable",
      `the session store ${folder} cannot be used: ${reasonOf(cause)}`,
      {
        cause,
      },
    );
  }
}

/** Undefined where there is no such file, or where a link or something else stands in its place. */
export async function openFile(folder: string, id: SessionId): Promise<FileHandle | undefined> {
  let file: FileHandle;
  try {
    file = await open(pathOf(folder, id), TO_READ);
  } catch (cause) {
    return missing(id, cause);
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  return undefined;
}

/** The same without waiting: a descriptor. */
export function openAtOnce(folder: string, id: SessionId): number | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(pathOf(folder, id), TO_READ);
  } catch (cause) {
    return missing(id, cause);
  }
  if (fstatSync(descriptor).isFile()) return descriptor;
  closeSync(descriptor);
  return undefined;
}

const TO_READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const missing = (id: SessionId, cause: unknown): undefined => onlyMissing(cause, `the log of session ${id}`);

/** For what may be missing, and has a link in its place at most. Throws AgentError `log_unavailable` for every other failure. */
export function onlyMissing(cause: unknown, what: string): undefined {
  if (isMissing(cause)) return undefined;
  throw new AgentError("log_unavailable", `${what} cannot be read: ${reasonOf(cause)}`, { cause });
}

export async function sessionIds(folder: string): Promise<SessionId[]> {
  return sessionIdsOf(await readdir(folder));
}

export const sessionIdsOf = (names: readonly string[]): SessionId[] =>
  names.flatMap((name) => SESSION_FILE.exec(name)?.[1] ?? []);

/** Where a session's file is: among the logs, or in the archive. Undefined where it is in neither. */
export async function locate(folder: string, id: SessionId): Promise<string | undefined> {
  for (const place of [folder, join(folder, ARCHIVE)]) {
    const stats = await lstat(pathOf(place, id)).catch((cause: unknown) => missing(id, cause));
    if (stats?.isFile()) return pathOf(place, id);
  }
  return undefined;
}

export function pathOf(folder: string, id: SessionId): string {
  if (!isSessionId(id)) throw new TypeError("a session id is 32 to 64 lower-case hex digits");
  return join(folder, `${id}.jsonl`);
}

export const checkpointPath = (folder: string, id: SessionId): string =>
  pathOf(folder, id).replace(/\.jsonl$/, ".checkpoint");

/** The file's whole lines, without their line breaks; what follows the last line break is left out. */
export async function* readLines(file: FileHandle): AsyncGenerator<Buffer> {
  const chunk = Buffer.allocUnsafe(64 * 1024);
  const cutter = new LineCutter();
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
    if (bytesRead === 0) return;
    for (const { bytes } of cutter.cut(chunk.subarray(0, bytesRead))) yield Buffer.from(bytes);
  }
}

/** The file's whole lines, the newest first. Blocks: for a start, not for a running server. */
export function* readLinesBackwards(descriptor: number): Generator<Buffer> {
  const chunk = Buffer.allocUnsafe(64 * 1024);
  let position = fstatSync(descriptor).size;
  let rest = Buffer.alloc(0);
  let whole = false;
  while (position > 0) {
    const length = Math.min(chunk.length, position);
    position -= length;
    readSync(descriptor, chunk, 0, length, position);
    let bytes = Buffer.concat([chunk.subarray(0, length), rest]);
    for (let end = bytes.lastIndexOf(0x0a); end >= 0; end = bytes.lastIndexOf(0x0a)) {
      if (whole) yield bytes.subarray(end + 1);
      whole = true;
      bytes = bytes.subarray(0, end);
      if (end === 0) break;
    }
    rest = bytes;
  }
  if (whole) yield rest;
}

/** `ENOSPC: no space left on device` and the like, without the path that follows: clients are told of it. */
export const reasonOf = (cause: unknown): string => {
  const text = cause instanceof Error ? cause.message : String(cause);
  return /^E[A-Z0-9]+: [^,]+/.exec(text)?.[0] ?? text;
};

const isMissing = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ELOOP");
