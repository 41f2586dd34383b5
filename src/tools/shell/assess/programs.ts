import { find, jq, sed, test } from "./languages.ts";
import {
  atLeast,
  atMost,
  each,
  files,
  NUMBER,
  places,
  TEXT,
  texts,
  valued,
  WORD,
  type Program,
} from "./program.ts";
import { fd, grep, rg } from "./searches.ts";

const COLOR = { color: /^(?:auto|always|never)$/ };
const CHECKSUM: Program = { flags: "bt --binary --text --tag", patterns: true, uses: files };

const LS: Program = {
  flags:
    "1aAbBcCdFghiklmnNopqQrRsStuUvxXZ --all --almost-all --author --directory --full-time --group-directories-first --human-readable --inode --no-group --numeric-uid-gid --recursive --reverse --si --size --escape --file-type",
  values: { I: TEXT, ignore: TEXT, hide: TEXT, w: NUMBER, width: NUMBER },
  optionalValues: {
    ...COLOR,
    classify: WORD,
    format: WORD,
    "indicator-style": WORD,
    sort: WORD,
    time: WORD,
    "time-style": TEXT,
  },
  patterns: true,
  uses: places,
};

const HEAD: Program = {
  flags: "qvz --quiet --silent --verbose --zero-terminated",
  values: { n: NUMBER, c: NUMBER, lines: NUMBER, bytes: NUMBER },
  numeric: true,
  patterns: true,
  uses: files,
};

/** Programs that read and print text. */
const TEXT_PROGRAMS: Record<string, Program> = {
  cat: {
    flags:
      "AbeEnstTuv --show-all --number-nonblank --show-ends --number --squeeze-blank --show-tabs --show-nonprinting",
    patterns: true,
    uses: files,
  },
  head: HEAD,
  // Following a file never ends: -f, and in the old form `+5f`.
  tail: { ...HEAD, uses: each(/^[^+]/, files) },
  wc: {
    flags: "clLmw --bytes --chars --lines --max-line-length --words",
    patterns: true,
    uses: files,
  },
  nl: {
    flags: "p --no-renumber",
    values: {
      b: /^(?:[atn]|p[^]*)$/,
      "body-numbering": /^[atn]$/,
      n: /^(?:ln|rn|rz)$/,
      s: TEXT,
      ...valued(NUMBER, "ilvw"),
    },
    patterns: true,
    uses: files,
  },
  cut: {
    flags: "snz --only-delimited --complement --zero-terminated",
    values: valued(TEXT, "bcdf", "bytes characters delimiter fields output-delimiter"),
    patterns: true,
    uses: files,
  },
  // Writes with -o, and runs a program with --compress-program.
  sort: {
    flags:
      "bcCdfghiMmnrsuVz --ignore-leading-blanks --dictionary-order --ignore-case --general-numeric-sort --human-numeric-sort --numeric-sort --reverse --stable --unique --version-sort --check",
    values: { k: TEXT, t: TEXT, key: TEXT, "field-separator": TEXT },
    uses: files,
  },
  // A second operand is written.
  uniq: {
    flags: "cdDiuz --count --repeated --ignore-case --unique",
    values: { f: NUMBER, s: NUMBER, w: NUMBER },
    uses: atMost(1, files),
  },
  tr: {
    flags: "cCdst --complement --delete --squeeze-repeats --truncate-set1",
    uses: atLeast(
      1,
      atMost(2, () => ({ readsInput: true })),
    ),
  },
  rev: { patterns: true, uses: files },
  // From a pipe it copies to a temporary file first.
  tac: { flags: "br --before --regex", values: { s: TEXT }, patterns: true, uses: atLeast(1, places) },
  paste: { flags: "sz --serial", values: { d: TEXT, delimiters: TEXT }, patterns: true, uses: files },
  fold: { flags: "bs --bytes --spaces", values: { w: NUMBER, width: NUMBER }, patterns: true, uses: files },
  expand: { flags: "i --initial", values: { t: NUMBER, tabs: NUMBER }, patterns: true, uses: files },
  column: { flags: "tnx --table", values: { s: TEXT, c: NUMBER, separator: TEXT }, uses: files },
  comm: { flags: "123", uses: atLeast(2, atMost(2, files)) },
  cmp: { flags: "bls --print-bytes --silent --quiet", uses: atLeast(2, atMost(2, files)) },
  // Paginating runs a program, and a recursive comparison follows links.
  diff: {
    flags:
      "abBcdeEinpqstuwyZ --brief --ignore-all-space --ignore-blank-lines --ignore-case --ignore-space-change --minimal --report-identical-files --side-by-side --strip-trailing-cr --suppress-common-lines --text --unified",
    values: { U: NUMBER, C: NUMBER, W: NUMBER, width: NUMBER },
    optionalValues: { ...COLOR, unified: NUMBER, context: NUMBER },
    uses: atLeast(
      2,
      atMost(2, (given) => ({ ...files(given), onlyFiles: true })),
    ),
  },
  base64: { flags: "dD --decode", values: { w: NUMBER, wrap: NUMBER }, uses: atMost(1, files) },
  // Options after its first operand are file names, and the second operand is written.
  xxd: {
    flags: "abEeipu",
    values: valued(NUMBER, "cgls"),
    apart: true,
    optionsFirst: true,
    uses: atMost(1, files),
  },
  od: {
    flags: "abcdfilosvx --output-duplicates",
    values: { A: WORD, t: WORD, j: NUMBER, N: NUMBER, w: NUMBER },
    uses: each(/^[^+]/, files),
  },
  hexdump: { flags: "bcCdovx", values: { n: NUMBER, s: NUMBER }, uses: files },
  md5sum: CHECKSUM,
  sha1sum: CHECKSUM,
  sha256sum: CHECKSUM,
  sha512sum: CHECKSUM,
};

/** Programs that tell of files and folders. */
const FILE_PROGRAMS: Record<string, Program> = {
  ls: LS,
  stat: {
    flags: "ft --file-system --terse",
    values: { c: TEXT, format: TEXT, printf: TEXT },
    patterns: true,
    uses: atLeast(1, places),
  },
  file: {
    flags: "bhikNr --brief --mime --mime-type --mime-encoding --no-dereference --keep-going --raw",
    uses: atLeast(1, files),
  },
  du: {
    flags:
      "0abchkmSsx --all --apparent-size --bytes --human-readable --one-file-system --summarize --total --separate-dirs",
    values: { d: NUMBER, "max-depth": NUMBER, exclude: TEXT, t: NUMBER, threshold: NUMBER },
    patterns: true,
    uses: places,
  },
  // Writes with -o, and with -R below -L; it reads `-Io x y` as -I x -o y.
  tree: {
    flags: "aCdDfFghinpQrstuv --dirsfirst --noreport --gitignore --prune --du --inodes --metafirst",
    values: { I: TEXT, L: NUMBER, P: TEXT, filelimit: NUMBER },
    apart: true,
    uses: places,
  },
  basename: { flags: "az --multiple --zero", values: { s: TEXT, suffix: TEXT }, uses: atLeast(1, texts) },
  dirname: { flags: "z --zero", uses: atLeast(1, texts) },
  realpath: {
    flags: "emPqsz --canonicalize-existing --canonicalize-missing --quiet --no-symlinks",
    uses: places,
  },
  readlink: { flags: "efmnqsvz --canonicalize", uses: places },
  which: { flags: "a", uses: atLeast(1, each(/^[A-Za-z0-9][A-Za-z0-9_.+-]*$/)) },
};

/** Programs that compute, or tell of the machine. */
const OTHER_PROGRAMS: Record<string, Program> = {
  echo: { isFree: true, patterns: true, uses: texts },
  true: { uses: atMost(0, texts) },
  false: { uses: atMost(0, texts) },
  pwd: { flags: "LP --logical --physical", uses: atMost(0, texts) },
  seq: {
    isFree: true,
    // An increment of nothing never ends.
    uses: atLeast(1, atMost(3, each(/^-?\d{1,9}(?:\.\d{1,9})?$/))),
  },
  expr: { isFree: true, uses: each(/^[^-]/) },
  date: {
    flags: "uR --utc --universal --rfc-email",
    optionalValues: { "iso-8601": WORD },
    values: { "rfc-3339": WORD },
    // Any other operand sets the clock.
    uses: atMost(1, each(/^\+/)),
  },
  uname: {
    flags:
      "amnrspiov --all --kernel-name --kernel-release --kernel-version --machine --nodename --operating-system --processor",
    uses: atMost(0, texts),
  },
  hostname: { uses: atMost(0, texts) },
  whoami: { uses: atMost(0, texts) },
  id: { flags: "Ggnru --group --groups --name --real --user", uses: atMost(0, texts) },
  groups: { uses: atMost(0, texts) },
  nproc: { flags: " --all", uses: atMost(0, texts) },
  df: { flags: "ahHiklT --human-readable --inodes --local --print-type", uses: places },
  free: { flags: "bghkmt --human --mega --giga", uses: atMost(0, texts) },
  uptime: { flags: "ps --pretty --since", uses: atMost(0, texts) },
  arch: { uses: atMost(0, texts) },
};

/** Every program that is known to only read, with the options and operands of which that is true. */
export const PROGRAMS: ReadonlyMap<string, Program> = new Map(
  Object.entries({
    ...TEXT_PROGRAMS,
    ...FILE_PROGRAMS,
    ...OTHER_PROGRAMS,
    grep,
    egrep: grep,
    fgrep: grep,
    rg,
    fd,
    find,
    jq,
    sed,
    test,
  }),
);
