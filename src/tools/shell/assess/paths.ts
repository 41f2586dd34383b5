import { lstat, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isInside } from "../../workdir.ts";
import { Doubt, quoted } from "./doubt.ts";
import { looksSecret } from "./secrets.ts";

/** Linux's own limit. */
const LONGEST_PATH = 4096;

/** Where a command runs: both absolute, links resolved. */
export interface Place {
  workspace: string;
  cwd: string;
}

/**
 * Where a path leads, by way of all links. Throws a Doubt unless that is in the workspace, and its name and the path's
 * own are not those of secrets.
 */
export async function checkPath(path: string, { workspace, cwd }: Place): Promise<string> {
  if (path === "/dev/null") return path;
  if (path === "" || path.length > LONGEST_PATH) {
    throw new Doubt("A file name that is empty or very long is not looked into.");
  }
  const isRelative = !path.startsWith("/");
  const target = await resolveLinks(isRelative ? `${cwd}/${path}` : path, path);
  if (!isInside(workspace, target)) throw new Doubt(`${quoted(path)} leads out of the workspace.`);
  const named = isRelative || !path.startsWith(`${workspace}/`) ? path : path.slice(workspace.length);
  if (looksSecret(named) || looksSecret(target.slice(workspace.length))) {
    throw new Doubt(`${quoted(path)} is named like something that holds secrets.`);
  }
  const found = await stat(target).catch(() => undefined);
  if (found !== undefined && !found.isFile() && !found.isDirectory()) {
    throw new Doubt(`${quoted(path)} is neither a file nor a folder.`);
  }
  return target;
}

/** The folder that `cd` leads to. Throws a Doubt when it is outside, or when the shell and the kernel may differ. */
export async function checkFolder(path: string, place: Place): Promise<string> {
  await checkPath(path, place);
  const named = path.startsWith("/") ? join(path) : join(place.cwd, path);
  const folder = named.length > 1 && named.endsWith("/") ? named.slice(0, -1) : named;
  // The shell takes `..` as text, programs take it by the folder's real place.
  const real = await resolveLinks(folder, path);
  if (real !== folder) throw new Doubt(`${quoted(path)} is a link.`);
  return folder;
}

/** As the kernel would, `..` after links included; the end of the path need not exist. */
async function resolveLinks(path: string, shown: string): Promise<string> {
  const missing: string[] = [];
  let existing = path;
  for (;;) {
    try {
      return join(await realpath(existing), ...missing);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      const name = basename(existing);
      const isResolvable = (code === "ENOENT" || code === "ENOTDIR") && name !== "..";
      // A link to something that is not there may lead anywhere.
      const isLink = await lstat(existing).then(
        (found) => found.isSymbolicLink(),
        () => false,
      );
      if (!isResolvable || isLink || existing === "/") {
        throw new Doubt(`It is not known where ${quoted(shown)} leads.`);
      }
      if (name !== ".") missing.unshift(name);
      existing = dirname(existing);
    }
  }
}
