import { ToolError } from "../../contract/tool.ts";
import { FileLines, findAnchor, findLastLines, findLines } from "./find-lines.ts";
import { describeMismatch } from "./mismatch.ts";
import type { Hunk, HunkLine } from "./parse.ts";
import { lineEndAt, type TextFile } from "./text-file.ts";

/** A hunk whose place is known: its old lines begin at `start`. */
interface Edit {
  start: number;
  oldCount: number;
  lines: readonly HunkLine[];
}

/** Where the search for a hunk's lines begins, after its anchors. */
interface Start {
  from: number;
  /** The line below the last anchor, for hunks that only insert. Undefined without an anchor. */
  belowAnchor?: number;
}

/**
 * The file with the hunks applied. Lines that a hunk gives as context stay as the file has them, also where they match
 * only roughly. Throws ToolError that says what was looked for and what is there.
 */
export function applyHunks(path: string, file: TextFile, hunks: readonly Hunk[]): TextFile {
  const lines = new FileLines(file.lines.map(({ text }) => text));
  const edits: Edit[] = [];
  let cursor = 0;
  for (const [index, hunk] of hunks.entries()) {
    const edit = locate(lines, hunk, cursor, (wanted, from) => {
      const name = hunks.length === 1 ? path : `${path}, hunk ${index + 1} of ${hunks.length}`;
      throw new ToolError(describeMismatch({ name, hunk, lines, wanted, from }));
    });
    edits.push(edit);
    // An insertion does not say where the next hunk stands.
    if (edit.oldCount > 0) cursor = edit.start + edit.oldCount;
  }
  return rebuild(path, file, edits);
}

function locate(
  file: FileLines,
  hunk: Hunk,
  cursor: number,
  fail: (wanted: readonly string[], from: number) => never,
): Edit {
  const start = findStart(file, hunk.anchors, cursor, fail);
  const wanted = oldLines(hunk.lines);
  if (wanted.length === 0) {
    const end = file.exact.length;
    const place = hunk.atEnd ? end : (start.belowAnchor ?? end);
    return { start: place, oldCount: 0, lines: hunk.lines };
  }
  const search = hunk.atEnd ? findLastLines : findLines;
  // An anchor is sometimes repeated as the first line of its hunk.
  const froms =
    start.belowAnchor === undefined ? [start.from] : [start.from, Math.max(cursor, start.belowAnchor - 1)];
  for (const candidate of [hunk.lines, withoutBlankEnd(hunk.lines)]) {
    const old = oldLines(candidate);
    if (old.length === 0) continue;
    for (const from of froms) {
      const place = search(file, old, from);
      if (place !== undefined) return { start: place, oldCount: old.length, lines: candidate };
    }
  }
  return fail(wanted, start.from);
}

function findStart(
  file: FileLines,
  anchors: readonly string[],
  cursor: number,
  fail: (wanted: readonly string[], from: number) => never,
): Start {
  let start: Start = { from: cursor };
  for (const anchor of anchors) {
    const found = findAnchor(file, anchor, start.from);
    // A later hunk may name the class again that an earlier one has already entered.
    const entered = found ?? findAnchor(file, anchor, 0);
    if (entered === undefined) return fail([anchor], start.from);
    start = { from: Math.max(start.from, entered + 1), belowAnchor: entered + 1 };
  }
  return start;
}

const oldLines = (lines: readonly HunkLine[]): string[] =>
  lines.filter(({ kind }) => kind !== "add").map(({ text }) => text);

function withoutBlankEnd(lines: readonly HunkLine[]): readonly HunkLine[] {
  return lines.slice(
    0,
    lines.findLastIndex(({ kind, text }) => kind !== "context" || text.trim() !== "") + 1,
  );
}

function rebuild(path: string, file: TextFile, edits: readonly Edit[]): TextFile {
  const lines: TextFile["lines"] = [];
  let taken = 0;
  const keepUntil = (end: number) => {
    for (const line of file.lines.slice(taken, end)) lines.push(line);
    taken = end;
  };
  for (const edit of edits.toSorted(byPlace)) {
    if (edit.start < taken) {
      throw new ToolError(
        `${path}: two hunks of the patch change the same lines near line ${edit.start + 1}.`,
      );
    }
    keepUntil(edit.start);
    for (const { kind, text } of edit.lines) {
      if (kind === "context") keepUntil(taken + 1);
      else if (kind === "remove") taken++;
      else lines.push(newLine(file, taken, text));
    }
  }
  keepUntil(file.lines.length);
  return { ...file, lines: withFileEnd(file, lines) };
}

/** At the same place an insertion comes before a replacement. */
const byPlace = (one: Edit, other: Edit) =>
  one.start - other.start || Number(one.oldCount > 0) - Number(other.oldCount > 0);

function newLine(file: TextFile, index: number, text: string): TextFile["lines"][number] {
  const end = lineEndAt(file, index);
  return { text: end === "\r\n" && text.endsWith("\r") ? text.slice(0, -1) : text, end };
}

/** The end of the file stays as it was: with or without a line break. */
function withFileEnd(file: TextFile, lines: TextFile["lines"]): TextFile["lines"] {
  const endsOpen = file.lines.at(-1)?.end === "";
  return lines.map((line, index) => {
    if (index === lines.length - 1) return endsOpen ? { ...line, end: "" } : line;
    return line.end === "" ? { ...line, end: lineEndAt(file, file.lines.length - 1) } : line;
  });
}
