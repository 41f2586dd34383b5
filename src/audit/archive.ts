import { constants, existsSync, lstatSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { AgentError } from "../contract/error.ts";
import type { SessionId } from "../contract/log.ts";
import { type Disk, giveToOwnerOf } from "./disk.ts";

/** The folder, inside that of the logs, where archived ones are. */
export const ARCHIVE = "archive";

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
    giveToOwnerOf(folder, file.fd);
    const { size } = await file.stat();
    if (size === 0) await file.appendFile(`${JSON.stringify({ since: new Date().toISOString() })}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await sync(folder);
}

/** What may lie beside a log, after its name. The checkpoints go first: they show that a move has begun. */
const BESIDE = ["checkpoint", "torn", "blobs", "jsonl.new"];

/**
 * Moves all that belongs to a log into the archive, the log itself last: while it is not there yet, archiving it again
 * completes the move. Throws AgentError `log_unavailable` where the archive has a log of this id already.
 */
export async function moveToArchive(disk: Disk, folder: string, id: SessionId): Promise<void> {
  const archive = join(folder, ARCHIVE);
  const log = `${id}.jsonl`;
  if (!existsSync(archive)) makeArchive(disk, folder);
  if (existsSync(join(archive, log))) {
    throw new AgentError(
      "log_unavailable",
      `session ${id} cannot be archived: ${join(archive, log)} is there already`,
    );
  }
  for (const ending of BESIDE) moveIfThere(disk, `${id}.${ending}`, { from: folder, to: archive });
  disk.rename(join(folder, log), join(archive, log));
  await disk.syncFolder(archive);
  await disk.syncFolder(folder);
}

/** Whether a move of this log was broken off. */
export function isHalfArchived(folder: string, id: SessionId): boolean {
  const archive = join(folder, ARCHIVE);
  const isIn = (place: string, ending: string) => existsSync(join(place, `${id}.${ending}`));
  const hasLeft = isIn(archive, "checkpoint") && !isIn(folder, "checkpoint");
  return hasLeft && isIn(folder, "jsonl") && !isIn(archive, "jsonl");
}

function makeArchive(disk: Disk, folder: string): void {
  const archive = join(folder, ARCHIVE);
  disk.makeFolder(archive);
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  const descriptor = disk.open(archive, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    giveToOwnerOf(folder, descriptor);
  } finally {
    disk.close(descriptor);
  }
}

function moveIfThere(disk: Disk, name: string, { from, to }: { from: string; to: string }): void {
  try {
    disk.rename(join(from, name), join(to, name));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
