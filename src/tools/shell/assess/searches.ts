import { Doubt } from "./doubt.ts";
import type { Given } from "./options.ts";
import { NUMBER, TEXT, WORD, type Program, type Uses } from "./program.ts";

const COLOR = /^(?:auto|always|never|ansi)$/;
const CONTEXT = { A: NUMBER, B: NUMBER, C: NUMBER, m: NUMBER };
const LONG_CONTEXT = {
  "after-context": NUMBER,
  "before-context": NUMBER,
  context: NUMBER,
  "max-count": NUMBER,
};

/** Without -R, which follows links, and without what reads patterns from a file. */
export const grep: Program = {
  flags:
    "abchiHIlLnoqrsvwxyzEFGPTUZ --basic-regexp --extended-regexp --fixed-strings --perl-regexp --byte-offset --count --files-with-matches --files-without-match --ignore-case --no-ignore-case --initial-tab --invert-match --line-number --line-regexp --no-filename --no-messages --null --only-matching --quiet --recursive --silent --text --with-filename --word-regexp",
  values: {
    ...CONTEXT,
    ...LONG_CONTEXT,
    ...{ e: TEXT, regexp: TEXT, include: TEXT, exclude: TEXT },
    "exclude-dir": WORD,
    "binary-files": WORD,
  },
  optionalValues: { color: COLOR, colour: COLOR },
  numeric: true,
  patterns: true,
  uses(given) {
    const paths = pathsAfterPattern(given, ["e", "regexp"]);
    if (!has(given, "r", "recursive")) return inputOr(paths);
    return {
      paths: withoutInput(paths),
      readsInput: paths.includes("-"),
      search: {
        roots: rootsOf(paths),
        hidden: true,
        include: valuesOf(given, "include"),
        excludeFolders: valuesOf(given, "exclude-dir"),
        followsIgnoreFiles: false,
      },
    };
  },
};

/** Types whose files are source code or data under plain names: choosing by type brings hidden files back. */
const SOURCE_TYPES =
  /^(?:asm|c|cpp|cs|csharp|css|cmake|dart|elixir|go|haskell|h|html|java|js|json|jsonl|kotlin|less|lua|markdown|md|perl|php|protobuf|py|python|rst|ruby|rust|sass|scala|sql|svelte|swift|toml|ts|typescript|txt|vue|xml|yaml|zig)$/;

/**
 * Without --pre and --hostname-bin, which run programs, -z, which runs decompressors, -f and --ignore-file, which read
 * a file of that name, and --follow. What it would find in hidden files is looked at: names with -g come back.
 */
export const rg: Program = {
  flags:
    "abcFHiIlnNopPqsSUvwx0.u --byte-offset --case-sensitive --column --count --count-matches --crlf --files --files-with-matches --files-without-match --fixed-strings --heading --hidden --ignore-case --invert-match --json --line-number --line-regexp --max-columns-preview --multiline --multiline-dotall --no-config --no-filename --no-heading --no-ignore --no-ignore-vcs --no-line-number --no-messages --null --one-file-system --only-matching --passthru --pcre2 --pretty --quiet --smart-case --stats --text --trim --type-list --vimgrep --with-filename --word-regexp",
  values: {
    ...CONTEXT,
    ...LONG_CONTEXT,
    ...{ e: TEXT, regexp: TEXT, g: TEXT, glob: TEXT, iglob: TEXT, r: TEXT, replace: TEXT },
    ...{ t: SOURCE_TYPES, type: SOURCE_TYPES, T: WORD, "type-not": WORD },
    ...{ j: NUMBER, threads: NUMBER, M: NUMBER, "max-columns": NUMBER, d: NUMBER, "max-depth": NUMBER },
    ...{ maxdepth: NUMBER, "max-filesize": NUMBER, sort: WORD, sortr: WORD, color: COLOR },
  },
  uses(given, hasInput) {
    if (has(given, "type-list")) return {};
    // Only names are told.
    if (has(given, "files")) return { paths: given.operands };
    if (has(given, "hidden", ".", "u", "no-ignore", "no-ignore-vcs")) {
      throw new Doubt("rg would read hidden or ignored files, which may hold secrets.");
    }
    const paths = pathsAfterPattern(given, ["e", "regexp"]);
    if (paths.length === 0 && hasInput) return { readsInput: true };
    const globs = valuesOf(given, "g", "glob", "iglob");
    return {
      paths: withoutInput(paths),
      readsInput: paths.includes("-"),
      search: {
        roots: rootsOf(paths),
        hidden: false,
        include: globs.filter((glob) => !glob.startsWith("!")),
        excludeFolders: [],
        followsIgnoreFiles: true,
      },
    };
  },
};

/** Without -x and -X, which run programs, and -L, which follows links. It tells names only. */
export const fd: Program = {
  flags:
    "0aFgHIipsu --absolute-path --case-sensitive --fixed-strings --full-path --glob --hidden --ignore-case --no-ignore --print0 --regex --unrestricted",
  values: {
    ...{ d: NUMBER, "max-depth": NUMBER, "min-depth": NUMBER, t: WORD, type: WORD, e: WORD, extension: WORD },
    ...{ E: TEXT, exclude: TEXT, S: TEXT, size: TEXT, color: COLOR, "max-results": NUMBER },
  },
  uses: ({ operands: [, ...paths] }) => ({ paths }),
};

/** The first operand is the pattern, unless an option gave it. */
function pathsAfterPattern(given: Given, patternOptions: readonly string[]): string[] {
  if (has(given, ...patternOptions)) return given.operands;
  if (given.operands.length === 0) throw new Doubt("There is nothing to search for.");
  return given.operands.slice(1);
}

function inputOr(paths: readonly string[]): Uses {
  return { paths: withoutInput(paths), readsInput: paths.length === 0 || paths.includes("-") };
}

const withoutInput = (paths: readonly string[]) => paths.filter((path) => path !== "-");
const rootsOf = (paths: readonly string[]) => (paths.length === 0 ? ["."] : withoutInput(paths));

const has = (given: Given, ...names: string[]) => given.options.some(({ name }) => names.includes(name));

function valuesOf(given: Given, ...names: string[]): string[] {
  return given.options.flatMap(({ name, value }) =>
    value !== undefined && names.includes(name) ? [value] : [],
  );
}
