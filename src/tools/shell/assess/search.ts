import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Doubt, quoted } from "./doubt.ts";
import { fits } from "./globs.ts";
import { checkPath, type Place } from "./paths.ts";
import { looksSecret } from "./secrets.ts";

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
  /** Lines `!name` in .gitignore and its like bring hidden files back. */
  followsIgnoreFiles: boolean;
}

const MOST_ENTRIES = 20_000;
const IGNORE_FILES = new Set([".gitignore", ".ignore", ".rgignore"]);

/** Throws a Doubt when the search would read a file that is named like a secret. */
export async function checkSearch(search: Search, place: Place): Promise<void> {
  if (search.include.some((glob) => looksSecret(glob.replaceAll("*", "")))) {
    throw new Doubt("It searches files that are named like secrets.");
  }
  const secrets: string[] = [];
  const broughtBack: string[] = [];
  let room = MOST_ENTRIES;
  for (const root of search.roots) {
    const top = await checkPath(root, place);
    for await (const path of filesBelow(top, search)) {
      room -= 1;
      if (room < 0) throw new Doubt("It searches too many files to look through them for secrets first.");
      const name = path.slice(path.lastIndexOf("/") + 1);
      if (looksSecret(path.slice(place.workspace.length))) secrets.push(path);
      if (search.followsIgnoreFiles && IGNORE_FILES.has(name))
        broughtBack.push(...(await exceptionsIn(path)));
    }
  }
  const reached = secrets.find((path) => isReached(path.slice(place.workspace.length), search, broughtBack));
  if (reached !== undefined) {
    const shown = quoted(reached.slice(place.workspace.length + 1));
    throw new Doubt(`The search would read ${shown}, which is named like something that holds secrets.`);
  }
}

function isReached(path: string, search: Search, broughtBack: readonly string[]): boolean {
  const parts = path.split("/").filter((part) => part !== "");
  const fitsSome = (globs: readonly string[]) =>
    globs.some((glob) => parts.some((part) => fits(part, lastPart(glob))));
  if (search.include.length > 0) return fitsSome(search.include);
  const isHidden = parts.some((part) => part.startsWith("."));
  return !isHidden || search.hidden || fitsSome(broughtBack);
}

const lastPart = (glob: string) => glob.replace(/\/+$/, "").split("/").at(-1) ?? glob;

async function exceptionsIn(path: string): Promise<string[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.split("\n").flatMap((line) => (line.startsWith("!") ? [line.slice(1).trim()] : []));
}

async function* filesBelow(folder: string, search: Search): AsyncGenerator<string> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink() && search.followsLinks) {
      throw new Doubt(`The search would follow the link ${quoted(entry.name)}.`);
    }
    if (!entry.isDirectory()) yield path;
    else if (!search.excludeFolders.includes(entry.name)) yield* filesBelow(path, search);
  }
}
