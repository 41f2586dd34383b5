import { ToolError } from "../../contract/tool.ts";

export interface HunkLine {
  kind: "context" | "remove" | "add";
  text: string;
}

/** A place in a file and what changes there. There are no line numbers: the place is found by its text. */
export interface Hunk {
  /** Lines to find first, from outer to inner, e.g. a class and then its method. */
  anchors: string[];
  lines: HunkLine[];
  /** The lines are the last ones of the file. */
  atEnd: boolean;
}

export type Operation =
  | { kind: "add"; path: string; content: string }
  | { kind: "delete"; path: string }
  | { kind: "update"; path: string; movePath?: string; hunks: Hunk[] };

const BEGIN = "*** Begin Patch";
const END = "*** End Patch";
const END_OF_FILE = "*** End of File";
const FILE_HEADER = /^\*\*\* (Add|Update|Delete) File:\s*(.*?)\s*$/;
const MOVE_HEADER = /^\*\*\* Move to:\s*(.*?)\s*$/;
/** What models write who think of unified diffs: the numbers are not to be trusted, so only the `@@` counts. */
const UNIFIED_DIFF_RANGE = /^-\d+(?:,\d+)? \+\d+(?:,\d+)? @@/;
const LINE_KINDS: Record<string, HunkLine["kind"]> = { " ": "context", "-": "remove", "+": "add" };

/** Where the parser stands; `offset` is how many lines of the text were left out before the first one. */
interface Cursor {
  readonly lines: readonly string[];
  readonly offset: number;
  index: number;
}

/** Reads a patch in the format of OpenAI's apply_patch. Throws ToolError with the line that does not fit. */
export function parsePatch(text: string): Operation[] {
  const cursor = unwrap(text);
  const operations: Operation[] = [];
  for (;;) {
    skipBlankLines(cursor);
    if (peek(cursor) === undefined) break;
    operations.push(parseOperation(cursor));
  }
  if (operations.length === 0) {
    throw new ToolError(
      `The patch names no file: expected "*** Add File: PATH" or its like after "${BEGIN}".`,
    );
  }
  return operations;
}

/** The lines between the first and the last one, without white space or a heredoc around them. */
function unwrap(text: string): Cursor {
  const leading = /^\s*\n/.exec(text)?.[0] ?? "";
  const trimmed = text.slice(leading.length).trim();
  const lines = trimmed.split(/^[^\n]*\r\n/.test(trimmed) ? /\r?\n/ : "\n");
  let offset = leading.split("\n").length - 1;
  const heredoc = /^(?:apply_?patch\s+)?<<-?\s*(['"]?)(\w+)\1\s*$/.exec(lines[0] ?? "");
  if (heredoc !== null && lines.at(-1)?.trim() === heredoc[2]) {
    lines.shift();
    lines.pop();
    offset++;
  }
  const first = lines.shift();
  if (first?.trim() !== BEGIN) {
    throw new ToolError(`A patch begins with the line "${BEGIN}", but this one begins with ${quote(first)}.`);
  }
  while (lines.at(-1)?.trim() === "") lines.pop();
  const last = lines.pop();
  if (last?.trim() !== END) {
    throw new ToolError(
      `A patch ends with the line "${END}", but this one ends with ${quote(last ?? first)}. Is it cut off?`,
    );
  }
  return { lines, offset: offset + 1, index: 0 };
}

function parseOperation(cursor: Cursor): Operation {
  const header = FILE_HEADER.exec(peek(cursor)?.trim() ?? "");
  if (header === null) {
    fail(cursor, '"*** Add File: PATH", "*** Update File: PATH", "*** Delete File: PATH" or "*** End Patch"');
  }
  const [, verb, path = ""] = header;
  if (path === "") fail(cursor, "a path after the colon");
  cursor.index++;
  if (verb === "Add") return { kind: "add", path, content: parseAddedLines(cursor) };
  if (verb === "Delete") return { kind: "delete", path };
  return parseUpdate(cursor, path);
}

function parseAddedLines(cursor: Cursor): string {
  let content = "";
  for (let line = peek(cursor); line?.startsWith("+"); line = peek(cursor)) {
    content += `${line.slice(1)}\n`;
    cursor.index++;
  }
  skipBlankLines(cursor);
  if (peek(cursor)?.trim() === END_OF_FILE) cursor.index++;
  const next = peek(cursor);
  if (next !== undefined && !FILE_HEADER.test(next.trim())) {
    fail(cursor, 'every line of a new file to begin with "+", or the next "*** ... File:" header');
  }
  return content;
}

function parseUpdate(cursor: Cursor, path: string): Operation {
  const move = MOVE_HEADER.exec(peek(cursor)?.trim() ?? "");
  if (move?.[1] === "") fail(cursor, "a path after the colon");
  if (move !== null) cursor.index++;
  const hunks: Hunk[] = [];
  for (;;) {
    skipBlankLines(cursor);
    const line = peek(cursor);
    if (line === undefined || FILE_HEADER.test(line.trimEnd())) break;
    hunks.push(parseHunk(cursor));
  }
  if (hunks.length === 0 && move === null)
    fail(cursor, `a change of ${quote(path)}, e.g. "@@" and lines after it`);
  return { kind: "update", path, hunks, ...(move?.[1] !== undefined && { movePath: move[1] }) };
}

function parseHunk(cursor: Cursor): Hunk {
  const hunk: Hunk = { anchors: [], lines: [], atEnd: false };
  for (let line = peek(cursor); line?.startsWith("@@"); line = peek(cursor)) {
    const anchor = line.slice(2).trim();
    if (anchor !== "" && !UNIFIED_DIFF_RANGE.test(anchor)) hunk.anchors.push(line.slice(2).replace(/^ /, ""));
    cursor.index++;
  }
  for (let line = peek(cursor); line !== undefined; line = peek(cursor)) {
    // An empty context line whose space was lost.
    const kind = line === "" ? "context" : LINE_KINDS[line.charAt(0)];
    if (kind === undefined) break;
    hunk.lines.push({ kind, text: line.slice(1) });
    cursor.index++;
  }
  if (hunk.lines.length === 0) fail(cursor, 'a line that begins with " ", "-" or "+"');
  hunk.lines = withoutSeparator(hunk.lines);
  if (peek(cursor)?.trim() === END_OF_FILE) {
    hunk.atEnd = true;
    cursor.index++;
  }
  const next = peek(cursor);
  if (next !== undefined && !next.startsWith("@@") && next !== "" && !FILE_HEADER.test(next.trimEnd())) {
    fail(cursor, 'a line that begins with " ", "-", "+" or "@@", or a "*** ..." marker');
  }
  return hunk;
}

/** Empty lines after nothing but new lines only set the hunk off: taken as context they would move it elsewhere. */
function withoutSeparator(lines: HunkLine[]): HunkLine[] {
  const end = lines.findLastIndex(({ kind, text }) => kind !== "context" || text !== "") + 1;
  const rest = lines.slice(0, end);
  return end > 0 && rest.every(({ kind }) => kind === "add") ? rest : lines;
}

const peek = (cursor: Cursor): string | undefined => cursor.lines[cursor.index];

function skipBlankLines(cursor: Cursor): void {
  while (peek(cursor)?.trim() === "") cursor.index++;
}

function fail(cursor: Cursor, expected: string): never {
  const line = cursor.offset + cursor.index + 1;
  throw new ToolError(`Patch line ${line}: expected ${expected}, got ${quote(peek(cursor) ?? END)}.`);
}

const quote = (text: string | undefined) => JSON.stringify((text ?? "").slice(0, 120));
