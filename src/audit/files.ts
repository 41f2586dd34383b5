import { chmodSync, constants, fstatSync, lstatSync, mkdirSync, readdirSync, readSync } from "node:fs";
import { lstat, open, readdir, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { AgentError } from "../contract/error.ts";
import type { SessionId } from "../contract/log.ts";
import { ARCHIVE } from "./archive.ts";

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
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  let file: FileHandle;
  try {
    file = await open(pathOf(folder, id), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw new AgentError("log_unavailable", `the log of session ${id} cannot be read: ${reasonOf(cause)}`, {
      cause,
    });
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  return undefined;
}

export async function sessionIds(folder: string): Promise<SessionId[]> {
  const names = await readdir(folder);
  return names.flatMap((name) => SESSION_FILE.exec(name)?.[1] ?? []);
}

/** Where a session's file is: among the logs, or in the archive. Undefined where it is in neither. */
export async function locate(folder: string, id: SessionId): Promise<string | undefined> {
  for (const place of [folder, join(folder, ARCHIVE)]) {
    const stats = await lstat(pathOf(place, id)).catch(() => undefined);
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
  let parts: Buffer[] = [];
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
    if (bytesRead === 0) return;
    let start = 0;
    for (;;) {
      const end = chunk.subarray(0, bytesRead).indexOf(0x0a, start);
      if (end < 0) break;
      yield Buffer.concat([...parts, chunk.subarray(start, end)]);
      parts = [];
      start = end + 1;
    }
    if (start < bytesRead) parts.push(Buffer.from(chunk.subarray(start, bytesRead)));
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
