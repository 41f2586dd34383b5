import { stat } from "node:fs/promises";
import { Doubt, quoted } from "./doubt.ts";
import { matchesOf } from "./globs.ts";
import { readOptions } from "./options.ts";
import { checkPath, type Place } from "./paths.ts";
import type { Input, Uses } from "./program.ts";
import { PROGRAMS } from "./programs.ts";
import { checkSearch } from "./search.ts";
import type { Word } from "./words.ts";

interface Circumstances extends Place {
  input: Input;
}

/** Why some programs ask that a person may take for harmless. */
const WHY: ReadonlyMap<string, string> = new Map([
  ["git", "git may run programs that the repository's configuration names."],
  ["printenv", "printenv shows the environment."],
  ["env", "env shows the environment or runs a program."],
]);

/** Throws a Doubt unless the command is known to only read, and only in the workspace. */
export async function checkCommand(
  name: string,
  words: readonly Word[],
  { input, ...place }: Circumstances,
): Promise<void> {
  const program = /^[a-z0-9]+$/.test(name) ? PROGRAMS.get(name) : undefined;
  if (program === undefined) {
    throw new Doubt(WHY.get(name) ?? `${quoted(name)} is not known to only read.`);
  }
  for (const word of words) {
    if (word.pattern === undefined) continue;
    if (program.patterns !== true) {
      throw new Doubt(`The shell would put file names in place of ${quoted(word.text)} for ${name}.`);
    }
    await checkPattern(word.pattern, place);
  }
  const texts = words.map((word) => word.text);
  if (texts.length === 1 && (texts[0] === "--version" || texts[0] === "--help")) return;
  const given = program.isFree ? { options: [], operands: texts } : readOptions(name, program, texts);
  await checkUses(name, program.uses(given, input), { input, ...place });
}

async function checkUses(
  name: string,
  { paths = [], onlyFiles, search, readsInput }: Uses,
  { input, ...place }: Circumstances,
): Promise<void> {
  // Where standard input is left open it would wait until its time is over.
  if (readsInput && input === "none") throw new Doubt(`${name} would wait for input.`);
  for (const path of paths) {
    const target = await checkPath(path, place);
    const isFolder = onlyFiles && (await stat(target).catch(() => undefined))?.isDirectory();
    if (isFolder) throw new Doubt(`${name} would read what is in the folder ${quoted(path)}.`);
  }
  if (search !== undefined) await checkSearch(search, place);
}

/** A file may be named like an option, lead out of the workspace, or hold a secret. */
async function checkPattern(pattern: NonNullable<Word["pattern"]>, place: Place): Promise<void> {
  for (const match of await matchesOf(pattern, place)) {
    if (match.startsWith("-")) throw new Doubt(`The file ${quoted(match)} is named like an option.`);
    await checkPath(match, place);
  }
}
