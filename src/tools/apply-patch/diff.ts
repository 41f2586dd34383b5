import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";
import { textOf } from "./text-file.ts";

/** Bounds the time of the search for the smallest difference; beyond it the diff is right but not the smallest. */
const MAX_EDIT_LENGTH = 1000;
const CONTEXT_LINES = 3;
const NO_FILE = "/dev/null";

/** One side of a diff; no path where there is no file. */
interface Side {
  path: string | undefined;
  bytes: Uint8Array;
}

/** A unified diff with git's names (`a/`, `b/`) and three lines of context. */
export function unifiedDiff(before: Side, after: Side): string {
  const oldName = before.path === undefined ? NO_FILE : `a/${before.path}`;
  const newName = after.path === undefined ? NO_FILE : `b/${after.path}`;
  const oldText = textOf(before.bytes);
  const newText = textOf(after.bytes);
  if (oldText === undefined || newText === undefined)
    return `Binary files ${oldName} and ${newName} differ\n`;
  const options = { context: CONTEXT_LINES, headerOptions: FILE_HEADERS_ONLY };
  const smallest = createTwoFilesPatch(oldName, newName, oldText, newText, undefined, undefined, {
    ...options,
    maxEditLength: MAX_EDIT_LENGTH,
  });
  return smallest ?? `--- ${oldName}\n+++ ${newName}\n${oneHunk(splitLines(oldText), splitLines(newText))}`;
}

/** Everything between the equal lines at the beginning and at the end, as one change. */
function oneHunk(oldLines: readonly string[], newLines: readonly string[]): string {
  const shorter = Math.min(oldLines.length, newLines.length);
  let head = 0;
  while (head < shorter && oldLines[head] === newLines[head]) head++;
  let tail = 0;
  while (tail < shorter - head && oldLines.at(-1 - tail) === newLines.at(-1 - tail)) tail++;
  const start = Math.max(0, head - CONTEXT_LINES);
  const end = Math.max(0, tail - CONTEXT_LINES);
  const oldCount = oldLines.length - end - start;
  const newCount = newLines.length - end - start;
  return [
    `@@ -${range(start, oldCount)} +${range(start, newCount)} @@\n`,
    ...oldLines.slice(start, head).map((line) => marked(" ", line)),
    ...oldLines.slice(head, oldLines.length - tail).map((line) => marked("-", line)),
    ...newLines.slice(head, newLines.length - tail).map((line) => marked("+", line)),
    ...oldLines.slice(oldLines.length - tail, oldLines.length - end).map((line) => marked(" ", line)),
  ].join("");
}

/** An empty range stands after the line that its number names. */
const range = (start: number, count: number) => `${count === 0 ? start : start + 1},${count}`;

const marked = (mark: string, line: string) =>
  line.endsWith("\n") ? mark + line : `${mark}${line}\n\\ No newline at end of file\n`;

const splitLines = (text: string): string[] => (text === "" ? [] : text.split(/(?<=\n)/));
