import { findLines, nearestLines, type FileLines } from "./find-lines.ts";
import type { Hunk } from "./parse.ts";

const MAX_LINES = 12;
const MAX_LINE_LENGTH = 160;

interface Mismatch {
  /** The file, and which of its hunks. */
  name: string;
  hunk: Hunk;
  /** What the file has. */
  lines: FileLines;
  /** What was looked for, and from which index on. */
  wanted: readonly string[];
  from: number;
}

/** Says of a hunk that does not fit what was looked for and what is there, so that a model can mend its patch. */
export function describeMismatch({ name, hunk, lines, wanted, from }: Mismatch): string {
  const anchors = hunk.anchors.map((anchor) => `"@@ ${anchor.trim()}"`).join(" ");
  const after = anchors === "" ? "" : ` (${anchors})`;
  return [
    `${name}${after}: the patch does not fit. These lines were looked for${from > 0 ? ` after line ${from}` : ""} and not found:`,
    ...wanted.slice(0, MAX_LINES).map((line) => `  ${cut(line)}`),
    ...(wanted.length > MAX_LINES ? [`  ... ${wanted.length - MAX_LINES} more`] : []),
    ...whatIsThere(lines, wanted),
  ].join("\n");
}

function whatIsThere(file: FileLines, wanted: readonly string[]): string[] {
  const lines = file.exact;
  if (lines.length === 0) return ["The file is empty."];
  const earlier = findLines(file, wanted, 0);
  if (earlier !== undefined) {
    return [
      `They stand at line ${earlier + 1}, which is before that: the hunks of a file must be in the file's order.`,
    ];
  }
  const nearest = nearestLines(file, wanted);
  if (nearest === undefined) return [`Nothing like them is in the file, which has ${lines.length} lines.`];
  const shown = lines.slice(nearest, nearest + Math.min(MAX_LINES, wanted.length + 1));
  return [
    `The nearest text is at line ${nearest + 1}:`,
    ...shown.map((line, offset) => `  ${nearest + offset + 1}| ${cut(line)}`),
  ];
}

function cut(line: string): string {
  return line.length > MAX_LINE_LENGTH ? `${line.slice(0, MAX_LINE_LENGTH)}...` : line;
}
