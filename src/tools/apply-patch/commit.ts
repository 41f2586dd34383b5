import { randomUUID } from "node:crypto";
import { constants, link, open, rename, rmdir, unlink } from "node:fs/promises";
import { ToolError } from "../../contract/tool.ts";
import { asToolError, errorCode } from "./file-error.ts";
import { readStamp, type FileState } from "./file-state.ts";
import { Folders, giveTo, type Folder } from "./folder.ts";
import type { Place } from "./place.ts";
import type { Change } from "./plan.ts";

/** What file systems without hard links answer. */
const WITHOUT_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

interface Write {
  place: Place;
  bytes: Buffer;
  /** Whose mode and owner the file gets. */
  like: FileState | undefined;
  /** What stands there now; nothing for a new file. */
  replaces: FileState | undefined;
}

/** A write whose bytes are on the disk under another name. */
interface StagedWrite extends Write {
  folder: Folder;
  stagedName: string;
}

/** What to do when a later step fails, newest first. */
type Undo = { what: string; run: () => Promise<void> }[];

/**
 * Makes all changes, or none: all new bytes are written and synced under other names first, then renamed into place;
 * when a step fails, those before it are taken back. Throws ToolError when the disk refuses or has changed since.
 */
export async function commitChanges(
  workspace: string,
  changes: readonly Change[],
  folders: Folders = new Folders(workspace),
): Promise<void> {
  const undo: Undo = [];
  try {
    const staged: StagedWrite[] = [];
    for (const write of changes.flatMap(writeOf)) {
      await step(write.place, async () => void staged.push(await stage(folders, write, undo)));
    }
    for (const write of staged) await step(write.place, () => publish(write, undo));
    for (const { place, before, kind } of changes) {
      if (before === undefined || kind === "update") continue;
      await step(place, async () => remove(await folders.get(place.folders), place, before, undo));
    }
    await folders.sync();
  } catch (error) {
    throw await rolledBack(error, undo);
  } finally {
    await folders.close();
  }
}

const step = (place: Place, work: () => Promise<void>): Promise<void> =>
  work().catch((error: unknown) => {
    throw asToolError(place.path, error);
  });

function writeOf({ place, target, before, after }: Change): Write[] {
  if (after === undefined) return [];
  return [
    {
      place: target ?? place,
      bytes: after,
      like: before,
      replaces: target === undefined ? before : undefined,
    },
  ];
}

async function stage(folders: Folders, write: Write, undo: Undo): Promise<StagedWrite> {
  const { folders: parts, existing } = write.place;
  for (let depth = existing + 1; depth <= parts.length; depth++) {
    const made = parts.slice(0, depth);
    if (!(await folders.make(made))) continue;
    const parent = await folders.get(made.slice(0, -1));
    undo.push({
      what: `the new folder ${made.join("/")}`,
      run: async () => rmdir(await parent.entry(made.at(-1) ?? "")),
    });
    await giveTo((await folders.get(made)).handle, await parent.handle.stat());
  }
  const folder = await folders.get(parts);
  const stagedName = await writeStaged(folder, write, undo);
  return { ...write, folder, stagedName };
}

/** A new file beside the place it is meant for: a rename is atomic within one folder only. */
async function writeStaged(
  folder: Folder,
  { bytes, like }: Pick<Write, "bytes" | "like">,
  undo: Undo,
): Promise<string> {
  const name = `.apply-patch-${randomUUID()}.tmp`;
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const handle = await open(await folder.entry(name), flags, like === undefined ? 0o666 : 0o600);
  undo.push({
    what: `the temporary file ${name}`,
    run: async () => unlinkIfThere(await folder.entry(name)),
  });
  try {
    await handle.writeFile(bytes);
    await giveTo(handle, like ?? (await folder.handle.stat()));
    // After the owner, because a change of owner clears the set-user-id bit.
    if (like !== undefined) await handle.chmod(like.mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return name;
}

async function publish({ folder, place, stagedName, replaces }: StagedWrite, undo: Undo): Promise<void> {
  const staged = await folder.entry(stagedName);
  const final = await folder.entry(place.name);
  if (replaces === undefined) {
    await giveFreeName(staged, final);
    undo.push({ what: place.path, run: async () => unlink(await folder.entry(place.name)) });
    await unlinkIfThere(staged);
    return;
  }
  await refuseChanged(final, place, replaces);
  await rename(staged, final);
  undo.push({ what: place.path, run: () => restore(folder, place, replaces) });
}

/** Unlike a rename, a link never replaces what somebody else has put there meanwhile. */
async function giveFreeName(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!WITHOUT_LINKS.has(errorCode(error) ?? "")) throw error;
    const isFree = await readStamp(to).then(
      () => false,
      (absent: unknown) => errorCode(absent) === "ENOENT",
    );
    if (!isFree) throw new ToolError("Something else was put there in the meantime.", { cause: error });
    await rename(from, to);
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errorCode(error) !== "ENOENT") throw error;
  });
}

async function remove(folder: Folder, place: Place, before: FileState, undo: Undo): Promise<void> {
  const entry = await folder.entry(place.name);
  await refuseChanged(entry, place, before);
  await unlink(entry);
  undo.push({ what: place.path, run: () => restore(folder, place, before) });
}

async function refuseChanged(entry: string, place: Place, before: FileState): Promise<void> {
  if ((await readStamp(entry)) === before.stamp) return;
  throw new ToolError(`${place.path}: was changed by somebody else while the patch was applied.`);
}

async function restore(folder: Folder, place: Place, before: FileState): Promise<void> {
  const stagedName = await writeStaged(folder, { bytes: before.bytes, like: before }, []);
  await rename(await folder.entry(stagedName), await folder.entry(place.name));
}

async function rolledBack(cause: unknown, undo: Undo): Promise<unknown> {
  const left: string[] = [];
  for (const { what, run } of undo.toReversed()) {
    await run().catch((failure: unknown) => {
      left.push(`${what} (${errorCode(failure) ?? String(failure)})`);
    });
  }
  if (!(cause instanceof ToolError)) return cause;
  const outcome = left.length === 0 ? "Nothing was changed." : `Could not be taken back: ${left.join(", ")}.`;
  return new ToolError(`${cause.message} ${outcome}`, { cause });
}
