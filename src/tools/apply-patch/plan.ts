import type { FileChange } from "../../contract/message.ts";
import { ToolError } from "../../contract/tool.ts";
import { applyHunks } from "./apply-hunks.ts";
import { asToolError } from "./file-error.ts";
import { readState, type FileState } from "./file-state.ts";
import { Folders } from "./folder.ts";
import type { Ground } from "./ground.ts";
import { parsePatch, type Hunk, type Operation } from "./parse.ts";
import { findPlace, keyOf, type Place } from "./place.ts";
import { decodeText, encodeText } from "./text-file.ts";

/** What a patch does to one file, computed against the disk and not yet done. */
export interface Change {
  kind: FileChange["kind"];
  place: Place;
  /** Where a moved file goes. */
  target?: Place;
  /** Undefined: the file is new. */
  before?: FileState;
  /** Undefined: the file goes. */
  after?: Buffer;
}

/** Reads a patch and computes all its changes without touching the disk. Throws ToolError when any does not fit. */
export async function planPatch(patch: string, ground: Ground): Promise<Change[]> {
  if (patch.includes("\0")) throw new ToolError("A patch must not contain NUL characters.");
  const operations = parsePatch(patch);
  const folders = new Folders(ground.workspace);
  const changes = new Map<string, Change>();
  try {
    for (const operation of operations) {
      await planOperation(operation, { ground, folders, changes }).catch((error: unknown) => {
        throw asToolError(operation.path, error);
      });
    }
  } finally {
    await folders.close();
  }
  const planned = [...new Set(changes.values())];
  refuseFilesInFiles(planned);
  return planned;
}

interface Planning {
  ground: Ground;
  folders: Folders;
  /** By every key that the patch has named. */
  changes: Map<string, Change>;
}

async function planOperation(operation: Operation, planning: Planning): Promise<void> {
  const { changes, folders, ground } = planning;
  const place = await findPlace(ground, operation.path);
  const earlier = changes.get(keyOf(place));
  if (earlier !== undefined) return planAgain(operation, place, earlier);

  const before = await readState(folders, place);
  if (operation.kind === "add") {
    if (before !== undefined) {
      throw new ToolError(`${place.path}: exists already; use "*** Update File:" to change it.`);
    }
    changes.set(keyOf(place), { kind: "add", place, after: Buffer.from(operation.content, "utf8") });
    return;
  }
  if (before === undefined) throw new ToolError(`${place.path}: there is no such file.`);
  if (operation.kind === "delete") {
    changes.set(keyOf(place), { kind: "delete", place, before });
    return;
  }
  const after = updated(place.path, before.bytes, operation.hunks);
  if (operation.movePath === undefined) {
    changes.set(keyOf(place), { kind: "update", place, before, after });
    return;
  }
  const target = await findTarget(operation.movePath, place, planning);
  const change: Change = { kind: "move", place, target, before, after };
  changes.set(keyOf(place), change);
  changes.set(keyOf(target), change);
}

/** A patch may come back to a file that it has added or updated before. */
function planAgain(operation: Operation, place: Place, earlier: Change): void {
  const isUpdate = operation.kind === "update" && operation.movePath === undefined;
  const isText = earlier.kind === "add" || earlier.kind === "update";
  if (!isUpdate || !isText || earlier.after === undefined) {
    throw new ToolError(`${place.path}: the patch names it twice, after an earlier ${earlier.kind}.`);
  }
  earlier.after = updated(place.path, earlier.after, operation.hunks);
}

async function findTarget(path: string, source: Place, planning: Planning): Promise<Place> {
  const target = await findPlace(planning.ground, path);
  if (keyOf(target) === keyOf(source)) throw new ToolError(`${target.path}: cannot be moved onto itself.`);
  if (planning.changes.has(keyOf(target))) throw new ToolError(`${target.path}: the patch names it twice.`);
  if ((await readState(planning.folders, target)) !== undefined) {
    throw new ToolError(`${source.path}: cannot be moved to ${target.path}, which exists already.`);
  }
  return target;
}

function updated(path: string, bytes: Buffer, hunks: readonly Hunk[]): Buffer {
  if (hunks.length === 0) return bytes;
  const file = decodeText(bytes);
  if (file === undefined)
    throw new ToolError(`${path}: is a binary file (no text in UTF-8); a patch cannot change it.`);
  return encodeText(applyHunks(path, file, hunks));
}

function refuseFilesInFiles(changes: readonly Change[]): void {
  const written = new Set(
    changes
      .filter(({ after }) => after !== undefined)
      .map(writtenPlace)
      .map(keyOf),
  );
  for (const place of changes.map(writtenPlace)) {
    const folder = place.folders.findIndex((_, index) =>
      written.has(place.folders.slice(0, index + 1).join("/")),
    );
    if (folder === -1) continue;
    throw new ToolError(
      `${place.path}: the patch makes ${place.folders.slice(0, folder + 1).join("/")} a file.`,
    );
  }
}

const writtenPlace = (change: Change): Place => change.target ?? change.place;
