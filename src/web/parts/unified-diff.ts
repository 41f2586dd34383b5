/** `note`: what a diff says beside its lines, and whatever is no line of a diff: nothing is left out. */
export type DiffLine =
  | { kind: "context"; oldNumber: number; newNumber: number; text: string }
  | { kind: "removed"; oldNumber: number; text: string }
  | { kind: "added"; newNumber: number; text: string }
  | { kind: "hunk" | "note"; text: string };

export interface ParsedDiff {
  lines: DiffLine[];
  added: number;
  removed: number;
}

/** The two lines of names before the first hunk are left out: the file's path stands above its diff. */
const NAMES = /^(?:---|\+\+\+) /;
const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/**
 * Reads a unified diff. The counts of a hunk say how far it goes, so that a line that looks like the head of another
 * hunk or file stays what it is.
 */
export function parseDiff(diff: string): ParsedDiff {
  const lines: DiffLine[] = [];
  const count = { added: 0, removed: 0 };
  const left = { old: 0, new: 0 };
  const at = { old: 0, new: 0 };
  let isHead = true;
  for (const raw of splitLines(diff)) {
    const isInside = left.old > 0 || left.new > 0;
    const hunk = isInside ? null : HUNK.exec(raw);
    if (hunk) {
      isHead = false;
      Object.assign(at, { old: Number(hunk[1]), new: Number(hunk[3]) });
      Object.assign(left, { old: Number(hunk[2] ?? 1), new: Number(hunk[4] ?? 1) });
      lines.push({ kind: "hunk", text: raw });
    } else if (isInside && raw.startsWith("-")) {
      lines.push({ kind: "removed", oldNumber: at.old++, text: raw.slice(1) });
      left.old -= 1;
      count.removed += 1;
    } else if (isInside && raw.startsWith("+")) {
      lines.push({ kind: "added", newNumber: at.new++, text: raw.slice(1) });
      left.new -= 1;
      count.added += 1;
    } else if (isInside && (raw.startsWith(" ") || raw === "")) {
      lines.push({ kind: "context", oldNumber: at.old++, newNumber: at.new++, text: raw.slice(1) });
      left.old -= 1;
      left.new -= 1;
    } else if (!(isHead && NAMES.test(raw))) {
      lines.push({ kind: "note", text: raw.replace(/^\\ /, "") });
    }
  }
  return { lines, ...count };
}

const splitLines = (text: string): string[] => {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
};

/** A row of a view with both sides: a line that has changed stands beside what it has become. */
export interface SideRow {
  left?: DiffLine;
  right?: DiffLine;
}

export function sideBySide(lines: readonly DiffLine[]): SideRow[] {
  const rows: SideRow[] = [];
  let removed: DiffLine[] = [];
  let added: DiffLine[] = [];
  const flush = () => {
    for (let index = 0; index < Math.max(removed.length, added.length); index += 1) {
      const left = removed[index];
      const right = added[index];
      rows.push({ ...(left && { left }), ...(right && { right }) });
    }
    removed = [];
    added = [];
  };
  for (const line of lines) {
    if (line.kind === "removed") {
      if (added.length > 0) flush();
      removed.push(line);
    } else if (line.kind === "added") {
      added.push(line);
    } else {
      // "No newline at end of file" belongs to the line before it, on whichever side that is.
      flush();
      rows.push({ left: line, right: line });
    }
  }
  flush();
  return rows;
}

/** What differs between a removed line and the added one beside it: where it begins, and its end in each of them. */
export function changedPart(before: string, after: string): { start: number; before: number; after: number } {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  return { start, before: before.length - end, after: after.length - end };
}
