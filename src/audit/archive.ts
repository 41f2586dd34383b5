import { lstatSync } from "node:fs";
import { lstat, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { SessionId } from "../contract/log.ts";

/** The folder, inside that of the logs, where archived ones are. */
export const ARCHIVE = "archive";

/** The folder of what is kept beside the logs. */
const BLOBS = "blobs";

/** Says that a session is under legal hold. It stays where it is, wherever the log goes. */
const HOLD = ".hold";

const holdPath = (folder: string, id: SessionId): string => join(folder, `${id}${HOLD}`);

export function isHeld(folder: string, id: SessionId): boolean {
  try {
    return lstatSync(holdPath(folder, id), { throwIfNoEntry: false }) !== undefined;
  } catch {
    // Whatever stands there: a hold that cannot be read is one.
    return true;
  }
}

export async function setHold(folder: string, id: SessionId, held: boolean): Promise<void> {
  if (!held) {
    await rm(holdPath(folder, id), { force: true });
    return await sync(folder);
  }
  const file = await open(holdPath(folder, id), "a", 0o600);
  try {
    const { size } = await file.stat();
    if (size === 0) await file.appendFile(`${JSON.stringify({ since: new Date().toISOString() })}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await sync(folder);
}

/**
 * Moves all that belongs to a log into the archive, the log itself last: while it is not there yet, archiving it again
 * completes the move.
 */
export async function moveToArchive(folder: string, id: SessionId): Promise<void> {
  const archive = join(folder, ARCHIVE);
  await mkdir(archive, { mode: 0o700, recursive: true });
  const log = `${id}.jsonl`;
  const names = (await readdir(folder)).filter(
    (name) => name.startsWith(`${id}.`) && name !== log && !name.endsWith(HOLD),
  );
  await moveBlobs(folder, archive, id);
  for (const name of [...names, log]) await rename(join(folder, name), join(archive, name));
  await sync(archive);
  await sync(folder);
}

async function moveBlobs(folder: string, archive: string, id: SessionId): Promise<void> {
  try {
    await lstat(join(folder, BLOBS, id));
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  await mkdir(join(archive, BLOBS), { mode: 0o700, recursive: true });
  await rename(join(folder, BLOBS, id), join(archive, BLOBS, id));
  await sync(join(archive, BLOBS));
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const isMissing = (error: unknown) => error instanceof Error && "code" in error && error.code === "ENOENT";
