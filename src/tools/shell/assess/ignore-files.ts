import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { readPlainFile } from "../../plain-file.ts";
import { isInside } from "../../workdir.ts";
import { Doubt, quoted } from "./doubt.ts";
import { fits } from "./globs.ts";

/** What .gitignore and its like say, as far as it matters here. */
export interface IgnoreRules {
  /** Names that `!name` brings back, though they be hidden. */
  exceptions: string[];
  /** Names of folders that are left out anywhere. */
  names: Set<string>;
  /** Paths of folders that are left out. */
  paths: Set<string>;
}

const IGNORE_FILES = [".gitignore", ".ignore", ".rgignore", ".git/info/exclude"];
const LONGEST = 1024 * 1024;

/** The rules for a folder: its own and those of the folders above, up to the workspace. */
export async function rulesFor(folder: string, workspace: string): Promise<IgnoreRules> {
  const rules: IgnoreRules = { exceptions: [], names: new Set(), paths: new Set() };
  let isRepository = false;
  for (let above = folder; isInside(workspace, above); above = dirname(above)) {
    await readRules(above, rules);
    isRepository ||= await stat(join(above, ".git")).then(
      () => true,
      () => false,
    );
    if (above === dirname(above)) break;
  }
  // Without a repository .gitignore means nothing.
  return isRepository ? rules : { ...rules, names: new Set(), paths: new Set() };
}

/** Adds what the ignore files of one folder say. */
export async function readRules(folder: string, rules: IgnoreRules): Promise<void> {
  for (const name of IGNORE_FILES) {
    for (const line of (await readIgnoreFile(join(folder, name))).split("\n").map((each) => each.trim())) {
      if (line.startsWith("!")) rules.exceptions.push(line.slice(1));
      // Plain names only; a folder that is left out too little costs time, one too many would hide a secret.
      const [, start, plain] = /^(\/?)([A-Za-z0-9_.-]+)\/?$/.exec(line) ?? [];
      if (plain !== undefined && start === "/") rules.paths.add(join(folder, plain));
      else if (plain !== undefined) rules.names.add(plain);
    }
  }
}

async function readIgnoreFile(path: string): Promise<string> {
  try {
    return (await readPlainFile(path, LONGEST)) ?? "";
  } catch {
    throw new Doubt(
      `The search would follow ${quoted(basename(path))}, which cannot be read as a plain file.`,
    );
  }
}

export function isLeftOut(path: string, name: string, { exceptions, names, paths }: IgnoreRules): boolean {
  if (!names.has(name) && !paths.has(path)) return false;
  return !exceptions.some((glob) => fitsGlob(name, glob));
}

/** Whether the last part of a glob may stand for a name. */
export function fitsGlob(name: string, glob: string): boolean {
  const trimmed = glob.replace(/\/+$/, "");
  const [, before = "", choices, behind = ""] =
    /^([^{}[\]\\]*)\{([^{}[\]\\/]*)\}([^{}[\]\\]*)$/.exec(trimmed) ?? [];
  if (choices !== undefined) {
    return choices.split(",").some((choice) => fits(name, lastPart(before + choice + behind)));
  }
  // Classes, escapes and nested choices may stand for anything.
  return /[{}[\]\\]/.test(trimmed) || fits(name, lastPart(trimmed));
}

const lastPart = (glob: string) => glob.split("/").at(-1) ?? glob;
