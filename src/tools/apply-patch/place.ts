import { lstat, realpath } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { ToolError } from "../../contract/tool.ts";
import { isInside } from "../workdir.ts";
import { errorCode } from "./file-error.ts";
import type { Ground } from "./ground.ts";

/** Folders whose files make other programs run commands: no patch touches them, wherever in the workspace they are. */
const PROTECTED_ANYWHERE: readonly string[] = [".git"];
/** The same for folders at the top of the workspace. */
const PROTECTED_AT_TOP: readonly string[] = [".codex", ".agents"];

/** A path of a patch after all links in its folders were followed. Whether the file exists is not said. */
export interface Place {
  /** As the patch has it, relative to the workspace, normalised. */
  path: string;
  /** From the workspace down, none of them a link. */
  folders: readonly string[];
  /** How many of the folders exist, from the first. */
  existing: number;
  name: string;
}

/** Two places with the same key are the same file. */
export const keyOf = ({ folders, name }: Place): string => [...folders, name].join("/");

/** Finds the place of a path. Throws ToolError for paths that lead out of the workspace or into protected folders. */
export async function findPlace(ground: Ground, path: string): Promise<Place> {
  const parts = [...ground.base.split("/"), ...splitPath(ground, path)].filter((part) => !/^\.?$/.test(part));
  const name = parts.pop();
  if (name === undefined || /\/\.?$/.test(path)) throw new ToolError(`${path}: expected the path of a file.`);
  const named = [...parts, name].join("/");
  refuseProtected(ground, path, named);
  const { folders, existing } = await followFolders(ground.workspace, parts, path);
  const place = { path: named, folders, existing, name };
  refuseProtected(ground, path, keyOf(place));
  return place;
}

function splitPath(ground: Ground, path: string): string[] {
  if (/\p{Cc}/u.test(path)) {
    throw new ToolError(`${JSON.stringify(path)}: a path must not contain control characters.`);
  }
  if (isAbsolute(path)) {
    const hint = isInside(ground.workspace, path) ? ` (here: ${relative(ground.workspace, path)})` : "";
    throw new ToolError(`${path}: expected a path relative to the workspace, got an absolute one${hint}.`);
  }
  const parts = path.split("/");
  if (parts.includes(".."))
    throw new ToolError(`${path}: expected a path inside the workspace without "..".`);
  return parts;
}

function refuseProtected(ground: Ground, path: string, place: string): void {
  // Some file systems take .GIT for .git.
  const parts = place.toLowerCase().split("/");
  const absolute = join(ground.workspace, place).toLowerCase();
  const isProtected =
    PROTECTED_AT_TOP.includes(parts[0] ?? "") ||
    parts.some((part) => PROTECTED_ANYWHERE.includes(part)) ||
    ground.protectedPaths.some((other) => isInside(other.toLowerCase(), absolute));
  if (isProtected) throw new ToolError(`${path}: is protected; no patch may change it.`);
}

async function followFolders(
  workspace: string,
  parts: readonly string[],
  path: string,
): Promise<{ folders: string[]; existing: number }> {
  let folder = workspace;
  for (const [index, part] of parts.entries()) {
    const next = await followFolder(join(folder, part), path);
    const followed = splitFolder(workspace, folder);
    if (next === undefined) {
      return { folders: [...followed, ...parts.slice(index)], existing: followed.length };
    }
    if (!isInside(workspace, next)) {
      throw new ToolError(`${path}: ${part} is a link that leads out of the workspace, to ${next}.`);
    }
    folder = next;
  }
  const folders = splitFolder(workspace, folder);
  return { folders, existing: folders.length };
}

/** The folder behind a path; undefined when nothing is there. */
async function followFolder(folder: string, path: string): Promise<string | undefined> {
  try {
    const isLink = (await lstat(folder)).isSymbolicLink();
    const target = isLink ? await realpath(folder) : folder;
    if ((await lstat(target)).isDirectory()) return target;
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    const dangling = await lstat(folder).then(
      () => true,
      () => false,
    );
    if (!dangling) return undefined;
    throw new ToolError(`${path}: ${folder} is a link that leads nowhere.`);
  }
  throw new ToolError(`${path}: ${folder} is a file, not a folder.`);
}

const splitFolder = (workspace: string, folder: string): string[] =>
  relative(workspace, folder)
    .split(sep)
    .filter((part) => part !== "");
