import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Doubt, quoted } from "./doubt.ts";
import { fitsGlob, isLeftOut, readRules, rulesFor, type IgnoreRules } from "./ignore-files.ts";
import { checkPath, type Place } from "./paths.ts";
import { looksSecret, looksSecretToSearch } from "./secrets.ts";

/** A search through all files below some folders. */
export interface Search {
  roots: readonly string[];
  /** Whether names with a leading dot are searched too. */
  hidden: boolean;
  /** Only files with such names, hidden ones too. */
  include: readonly string[];
  /** Folders with such names are left out. */
  excludeFolders: readonly string[];
  /** Links below are followed, not only the ones that were named. */
  followsLinks?: boolean;
  /** .gitignore and its like leave out folders and bring hidden files back. */
  followsIgnoreFiles?: boolean;
}

const MOST_ENTRIES = 20_000;

/** Throws a Doubt when the search would read a file that is named like a secret. */
export async function checkSearch(search: Search, place: Place): Promise<void> {
  if (search.include.some((glob) => looksSecret(glob.replaceAll("*", "")))) {
    throw new Doubt("It searches files that are named like secrets.");
  }
  for (const root of search.roots) {
    const top = await checkPath(root, place);
    const secret = await findSecret(top, search, place.workspace);
    if (secret !== undefined) {
      const shown = quoted(secret.slice(place.workspace.length + 1));
      throw new Doubt(`The search would read ${shown}, which is named like something that holds secrets.`);
    }
  }
}

async function findSecret(top: string, search: Search, workspace: string): Promise<string | undefined> {
  const rules: IgnoreRules = search.followsIgnoreFiles
    ? await rulesFor(top, workspace)
    : { exceptions: [], names: new Set(), paths: new Set() };
  const secrets: string[] = [];
  const folders = [top];
  let room = MOST_ENTRIES;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    room -= entries.length;
    if (room < 0) throw new Doubt("It searches too many files to look through them for secrets first.");
    if (search.followsIgnoreFiles && folder !== top) await readExceptions(folder, rules);
    for (const entry of entries) {
      const path = join(folder, entry.name);
      if (entry.isSymbolicLink() && search.followsLinks) {
        throw new Doubt(`The search would follow the link ${quoted(entry.name)}.`);
      }
      // A glob that fits a folder brings it back.
      const isNamed = search.include.some((glob) => fitsGlob(entry.name, glob));
      const isOut =
        search.excludeFolders.includes(entry.name) || (!isNamed && isLeftOut(path, entry.name, rules));
      if (entry.isDirectory() && !isOut) folders.push(path);
      else if (entry.isFile() && looksSecretToSearch(path.slice(workspace.length))) secrets.push(path);
    }
  }
  return secrets.find((path) => isReached(path.slice(workspace.length), search, rules.exceptions));
}

/** What a folder's own ignore files leave out is searched by us all the same. */
async function readExceptions(folder: string, rules: IgnoreRules): Promise<void> {
  await readRules(folder, { exceptions: rules.exceptions, names: new Set(), paths: new Set() });
}

function isReached(path: string, search: Search, exceptions: readonly string[]): boolean {
  const parts = path.split("/").filter((part) => part !== "");
  const fitsSome = (globs: readonly string[]) =>
    globs.some((glob) => parts.some((part) => fitsGlob(part, glob)));
  if (search.include.length > 0) return fitsSome(search.include);
  const isHidden = parts.some((part) => part.startsWith("."));
  return !isHidden || search.hidden || fitsSome(exceptions);
}
