type Reading = (line: string) => string;

const exact: Reading = (line) => line;
/** How much two lines may differ and still be the same, from strict to lax. */
const READINGS: readonly Reading[] = [exact, (line) => line.trimEnd(), (line) => line.trim(), normalise];

const PUNCTUATION: readonly [RegExp, string][] = [
  [/[\u2010-\u2015\u2212\uFE58\uFE63\uFF0D]/g, "-"],
  [/[\u2018-\u201B\u2032]/g, "'"],
  [/[\u201C-\u201F\u2033]/g, '"'],
  [/[\u00A0\u2000-\u200A\u202F\u205F\u3000]/g, " "],
  [/\u2026/g, "..."],
  [/[\u200B\u2060\uFEFF]/g, ""],
];

/** A line as it is compared in the end: no space around it, typographic characters as their plain kin. */
function normalise(line: string): string {
  if (/^[\t -~]*$/.test(line)) return line.trim();
  return PUNCTUATION.reduce((text, [pattern, plain]) => text.replace(pattern, plain), line).trim();
}

/** The lines of a file in every reading, each made once and only when a stricter one did not do. */
export class FileLines {
  readonly exact: readonly string[];
  readonly #readings = new Map<Reading, readonly string[]>();
  readonly #places = new Map<Reading, Map<string, number[]>>();

  constructor(lines: readonly string[]) {
    this.exact = lines;
  }

  in(reading: Reading): readonly string[] {
    const made = this.#readings.get(reading) ?? this.exact.map(reading);
    this.#readings.set(reading, made);
    return made;
  }

  /** The indexes at which a line stands, ascending. */
  placesOf(line: string, reading: Reading): readonly number[] {
    const places = this.#places.get(reading) ?? placesByLine(this.in(reading));
    this.#places.set(reading, places);
    return places.get(line) ?? [];
  }
}

function placesByLine(lines: readonly string[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  for (const [index, line] of lines.entries()) {
    const known = places.get(line);
    if (known === undefined) places.set(line, [index]);
    else known.push(index);
  }
  return places;
}

/** Where `wanted` stands in the file as a block, at `from` or later: the first place in the strictest reading. */
export function findLines(file: FileLines, wanted: readonly string[], from: number): number | undefined {
  for (const reading of READINGS) {
    const [place] = blocks(file, wanted, reading, from);
    if (place !== undefined) return place;
  }
  return undefined;
}

/** The same for a block that should end the file: its end, or else the last place. */
export function findLastLines(file: FileLines, wanted: readonly string[], from: number): number | undefined {
  const last = READINGS.map((reading) => [...blocks(file, wanted, reading, from)].at(-1));
  const end = file.exact.length - wanted.length;
  return last.find((place) => place === end) ?? last.find((place) => place !== undefined);
}

function* blocks(
  file: FileLines,
  wanted: readonly string[],
  reading: Reading,
  from: number,
): Iterable<number> {
  const lines = file.in(reading);
  const block = wanted.map(reading);
  for (const start of file.placesOf(block[0] ?? "", reading)) {
    if (start >= from && block.every((line, offset) => lines[start + offset] === line)) yield start;
  }
}

/** Where one anchor line stands: as a whole line, or as the beginning of one (`@@ class A` for `class A(B):`). */
export function findAnchor(file: FileLines, anchor: string, from: number): number | undefined {
  const whole = findLines(file, [anchor], from);
  if (whole !== undefined) return whole;
  const beginning = normalise(anchor);
  const found = file.in(normalise).findIndex((line, index) => {
    return index >= from && line.startsWith(beginning) && !/^\w/.test(line.slice(beginning.length));
  });
  return found === -1 ? undefined : found;
}

/**
 * The place that looks most like `wanted`, for an error message: where most of its lines stand in their order, or the
 * line that shares most words with its first one.
 */
export function nearestLines(file: FileLines, wanted: readonly string[]): number | undefined {
  const votes = new Map<number, number>();
  const offsets = new Map<string, number>();
  wanted.forEach((line, offset) => {
    const text = normalise(line);
    if (text !== "" && !offsets.has(text)) offsets.set(text, offset);
  });
  file.in(normalise).forEach((line, index) => {
    const offset = offsets.get(line);
    if (offset === undefined) return;
    const start = Math.max(0, index - offset);
    votes.set(start, (votes.get(start) ?? 0) + 1);
  });
  return most(votes) ?? mostWords(file.exact, wanted.find((line) => line.trim() !== "") ?? "");
}

function mostWords(lines: readonly string[], wanted: string): number | undefined {
  const words = new Set(wanted.match(/\w{2,}/g));
  const votes = new Map<number, number>();
  lines.forEach((line, index) => {
    const shared = new Set(line.match(/\w{2,}/g)?.filter((word) => words.has(word)));
    if (shared.size > 0) votes.set(index, shared.size);
  });
  return most(votes);
}

function most(votes: ReadonlyMap<number, number>): number | undefined {
  let best: number | undefined;
  for (const [place, count] of votes) {
    if (best === undefined || count > (votes.get(best) ?? 0)) best = place;
  }
  return best;
}
