import { Doubt, quoted } from "./doubt.ts";
import { matchesOf } from "./globs.ts";
import { readOptions } from "./options.ts";
import { checkPath, type Place } from "./paths.ts";
import { PROGRAMS } from "./programs.ts";
import { checkSearch } from "./search.ts";
import type { Word } from "./words.ts";

/** `hasInput`: standard input is a pipe or empty, so that reading it ends. */
export interface Circumstances extends Place {
  hasInput: boolean;
}

/** Throws a Doubt unless the command is known to only read, and only in the workspace. */
export async function checkCommand(
  name: string,
  words: readonly Word[],
  { hasInput, ...place }: Circumstances,
): Promise<void> {
  const program = /^[a-z0-9]+$/.test(name) ? PROGRAMS.get(name) : undefined;
  if (program === undefined) throw new Doubt(`${quoted(name)} is not known to only read.`);
  for (const word of words) {
    if (word.pattern === undefined) continue;
    if (program.patterns !== true) {
      throw new Doubt(`The shell would put file names in place of ${quoted(word.text)} for ${name}.`);
    }
    await checkPattern(word.pattern, place);
  }
  const texts = words.map((word) => word.text);
  const given = program.isFree ? { options: [], operands: texts } : readOptions(name, program, texts);
  const { paths = [], search, readsInput = false } = program.uses(given, hasInput);
  if (readsInput && !hasInput) throw new Doubt(`${name} would wait for input.`);
  for (const path of paths) await checkPath(path, place);
  if (search !== undefined) await checkSearch(search, place);
}

/** A file may be named like an option, lead out of the workspace, or hold a secret. */
async function checkPattern(pattern: NonNullable<Word["pattern"]>, place: Place): Promise<void> {
  for (const match of await matchesOf(pattern, place.cwd)) {
    if (match.startsWith("-")) throw new Doubt(`The file ${quoted(match)} is named like an option.`);
    await checkPath(match, place);
  }
}
