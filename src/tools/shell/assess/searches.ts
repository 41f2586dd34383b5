import { Doubt } from "./doubt.ts";
import type { Given } from "./options.ts";
import { NUMBER, TEXT, valued, WORD, type Program, type Uses } from "./program.ts";

const COLOR = /^(?:auto|always|never|ansi)$/;
const CONTEXT = valued(NUMBER, "ABCm", "after-context before-context context max-count");

/** Without what reads patterns from a file. */
export const grep: Program = {
  flags:
    "abchiHIlLnoqrRsvwxyzEFGPTUZ --basic-regexp --extended-regexp --fixed-strings --perl-regexp --byte-offset --count --dereference-recursive --files-with-matches --files-without-match --ignore-case --no-ignore-case --initial-tab --invert-match --line-number --line-regexp --no-filename --no-messages --null --only-matching --quiet --recursive --silent --text --with-filename --word-regexp",
  values: {
    ...CONTEXT,
    ...valued(TEXT, "e", "regexp include exclude"),
    ...valued(WORD, "", "exclude-dir binary-files"),
  },
  optionalValues: { color: COLOR, colour: COLOR },
  numeric: true,
  patterns: true,
  uses(given) {
    const paths = pathsAfterPattern(given, ["e", "regexp"]);
    const followsLinks = has(given, "R", "dereference-recursive");
    if (!followsLinks && !has(given, "r", "recursive")) return inputOr(paths);
    return {
      paths: withoutInput(paths),
      readsInput: paths.includes("-"),
      search: {
        roots: rootsOf(paths),
        hidden: true,
        include: valuesOf(given, "include"),
        excludeFolders: valuesOf(given, "exclude-dir"),
        followsLinks,
      },
    };
  },
};

/** What the files of a type are named. Choosing by type brings hidden files back, so other types ask. */
const TYPES: Record<string, string> = {
  c: "*.c *.h",
  cpp: "*.cc *.cpp *.cxx *.h *.hh *.hpp *.inl *.c++ *.h++ *.hxx *.in",
  cs: "*.cs",
  css: "*.css *.scss",
  go: "*.go",
  html: "*.htm *.html *.ejs",
  java: "*.java *.jsp *.jspx *.properties",
  js: "*.js *.jsx *.cjs *.mjs *.vue",
  json: "*.json composer.lock *.sarif",
  kotlin: "*.kt *.kts",
  md: "*.md *.markdown *.mdown *.mdwn *.mdx *.mkd *.mkdn",
  php: "*.php* *.phtml",
  py: "*.py *.pyi",
  rust: "*.rs",
  swift: "*.swift",
  toml: "*.toml Cargo.lock",
  ts: "*.ts *.tsx *.cts *.mts",
  yaml: "*.yaml *.yml",
};
const TYPE = new RegExp(`^(?:${Object.keys(TYPES).join("|")})$`);

/**
 * Without --pre and --hostname-bin, which run programs, -z, which runs decompressors, -f and --ignore-file, which read
 * a file of that name, and --follow. What it would find in hidden files is looked at: names with -g come back.
 */
export const rg: Program = {
  flags:
    "abcFHiIlnNopPqsSUvwx0.u --byte-offset --case-sensitive --column --count --count-matches --crlf --files --files-with-matches --files-without-match --fixed-strings --heading --hidden --ignore-case --invert-match --json --line-number --line-regexp --max-columns-preview --multiline --multiline-dotall --no-config --no-filename --no-heading --no-ignore --no-ignore-vcs --no-line-number --no-messages --null --one-file-system --only-matching --passthru --pcre2 --pretty --quiet --smart-case --stats --text --trim --type-list --vimgrep --with-filename --word-regexp",
  values: {
    ...CONTEXT,
    ...valued(TEXT, "egr", "regexp glob iglob replace"),
    ...valued(NUMBER, "jMd", "threads max-columns max-depth maxdepth max-filesize"),
    ...valued(WORD, "T", "type-not sort sortr"),
    ...valued(TYPE, "t", "type"),
    color: COLOR,
  },
  uses(given, input) {
    if (has(given, "type-list")) return {};
    // Only names are told.
    if (has(given, "files")) return { paths: given.operands };
    if (has(given, "hidden", ".", "u", "no-ignore", "no-ignore-vcs")) {
      throw new Doubt("rg would read hidden or ignored files, which may hold secrets.");
    }
    const paths = pathsAfterPattern(given, ["e", "regexp"]);
    if (paths.length === 0 && input === "pipe") return { readsInput: true };
    const globs = valuesOf(given, "g", "glob", "iglob").filter((glob) => !glob.startsWith("!"));
    const types = valuesOf(given, "t", "type").flatMap((type) => TYPES[type]?.split(" ") ?? []);
    return {
      paths: withoutInput(paths),
      readsInput: paths.includes("-"),
      search: {
        roots: rootsOf(paths),
        hidden: false,
        include: [...globs, ...types],
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
    ...valued(NUMBER, "d", "max-depth min-depth max-results"),
    ...valued(WORD, "te", "type extension"),
    ...valued(TEXT, "ES", "exclude size"),
    color: COLOR,
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
