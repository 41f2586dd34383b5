import { lstatSync, readFileSync, type Stats } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";

/**
 * A place in the workspace that commands may not change, because programs outside the sandbox obey what stands there.
 * In an `anchor` commands may write, but they may not move it away from under what is protected in it.
 */
export interface ProtectedPath {
  path: string;
  access: "read-only" | "anchor";
  /** What to put there while nothing is, so that a command cannot. */
  placeholder: "folder" | "file";
  /** Of a placeholder that is a file. */
  content?: string;
}

/**
 * The protected places of a workspace, parents first; `readOnlyPaths` are further ones, as far as they are inside. Throws
 * where one is a symbolic link: that can be replaced.
 */
export function protectedPaths(workspace: string, readOnlyPaths: readonly string[] = []): ProtectedPath[] {
  return [
    ...gitPaths(workspace),
    place(join(workspace, ".codex"), "folder"),
    place(join(workspace, ".agents"), "folder"),
    ...readOnlyPaths.filter((path) => isInside(workspace, path)).flatMap((path) => onTheWay(workspace, path)),
  ];
}

/** The folders down to a place and the place itself; where one of the folders is missing, that one must stay so. */
function onTheWay(workspace: string, path: string): ProtectedPath[] {
  const folders = foldersBetween(workspace, path);
  const missing = folders.findIndex((folder) => look(folder) === undefined);
  const there = missing < 0 ? folders : folders.slice(0, missing);
  const last = folders[there.length];
  return [...there.map(anchor), last === undefined ? place(path, "file") : place(last, "folder")];
}

/** Where there is no repository none can be made: its hooks would run outside, at the user's next commit. */
function gitPaths(workspace: string): ProtectedPath[] {
  const git = place(join(workspace, ".git"), "folder");
  const found = look(git.path);
  if (found === undefined) return [git];
  if (found.isDirectory()) return [{ ...git, access: "anchor" }, ...insideGit(git.path)];

  const linked = linkedGitFolder(git.path);
  if (linked === undefined || !isFolderInside(workspace, linked)) return [git];
  const common = namedIn(join(linked, "commondir"), /^(.+)$/m) ?? linked;
  const folders = new Set(isFolderInside(workspace, common) ? [linked, common] : [linked]);
  return [git, ...[...folders].flatMap((folder) => [...anchors(workspace, folder), ...insideGit(folder)])];
}

/** What a repository's programs are named in, and what says that it is to be read elsewhere. */
function insideGit(folder: string): ProtectedPath[] {
  return [
    place(join(folder, "hooks"), "folder"),
    place(join(folder, "config"), "file"),
    place(join(folder, "config.worktree"), "file"),
    // It must name a folder: this one.
    { ...place(join(folder, "commondir"), "file"), content: ".\n" },
  ];
}

/** A worktree's `.git` is a file that names the folder. */
const linkedGitFolder = (file: string) => namedIn(file, /^gitdir: (.+)$/m);

/** The path that a file names, relative to its folder. */
function namedIn(file: string, pattern: RegExp): string | undefined {
  // Reading a pipe would wait for whoever writes to it.
  if (look(file)?.isFile() !== true) return undefined;
  const named = pattern.exec(readFileSync(file, "utf8"))?.[1];
  return named === undefined ? undefined : resolve(dirname(file), named);
}

const isFolderInside = (folder: string, path: string) =>
  isInside(folder, path) && look(path)?.isDirectory() === true;

function anchors(workspace: string, folder: string): ProtectedPath[] {
  return [...foldersBetween(workspace, folder), folder].map(anchor);
}

const anchor = (path: string): ProtectedPath => ({ ...place(path, "folder"), access: "anchor" });

/** The folders inside `folder` on the way to `path`, outermost first. */
export function foldersBetween(folder: string, path: string): string[] {
  const steps = relative(folder, path).split(sep).slice(0, -1);
  return steps.map((_, index) => join(folder, ...steps.slice(0, index + 1)));
}

function place(path: string, placeholder: ProtectedPath["placeholder"]): ProtectedPath {
  if (look(path)?.isSymbolicLink() === true) {
    throw new Error(
      `${path} is a symbolic link, which the sandbox cannot keep commands from replacing. ` +
        `Put what it points to in its place, or set SANDBOX=read-only.`,
    );
  }
  return { path, access: "read-only", placeholder };
}

function look(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && way !== "";
}
