import type { DiffFile } from "../parts/diff.tsx";
import { readable } from "../parts/visible.ts";

/**
 * Reads what stands in a log line loosely: a line may hold what a stranger sent, what another version wrote, or
 * nothing any more.
 */
export function valueAt(value: unknown, ...path: string[]): unknown {
  let current = value;
  for (const name of path) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, name)) return undefined;
    current = (current as Record<string, unknown>)[name];
  }
  return current;
}

export function textAt(value: unknown, ...path: string[]): string | undefined {
  const found = valueAt(value, ...path);
  return typeof found === "string" ? found : undefined;
}

export function numberAt(value: unknown, ...path: string[]): number | undefined {
  const found = valueAt(value, ...path);
  return typeof found === "number" && Number.isFinite(found) ? found : undefined;
}

export function flagAt(value: unknown, ...path: string[]): boolean {
  return valueAt(value, ...path) === true;
}

export function listAt(value: unknown, ...path: string[]): readonly unknown[] {
  const found = valueAt(value, ...path);
  return Array.isArray(found) ? found : [];
}

export const textsAt = (value: unknown, ...path: string[]): string[] =>
  listAt(value, ...path).filter((entry) => typeof entry === "string");

/** What a table says of a name that came from outside: not what every object has. */
export const told = <Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

/** The words of a message's content: a text, or a list of parts. */
export function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part) => {
      const type = textAt(part, "type");
      if (type === "input_image") return "[image]";
      if (type === "message" || valueAt(part, "content") !== undefined)
        return contentText(valueAt(part, "content"));
      return textAt(part, "text") ?? textAt(part, "refusal") ?? "";
    })
    .filter((text) => text !== "")
    .join("\n");
}

/** The files of a request or a start, each with its diff. */
export const filesOf = (payload: unknown): DiffFile[] =>
  listAt(payload, "files").map((file) => {
    const kind = textAt(file, "kind") ?? "";
    return {
      path: textAt(file, "path") ?? "",
      diff: textAt(file, "diff") ?? "",
      move_path: textAt(file, "move_path"),
      ...(isChange(kind) && { kind }),
    };
  });

const isChange = (kind: string): kind is NonNullable<DiffFile["kind"]> =>
  ["add", "update", "delete", "move"].includes(kind);

const [ESCAPE, BELL] = ["\u001b", "\u0007"];
/** Colours and such, and titles and links. */
const ESCAPE_SEQUENCES = new RegExp(
  `${ESCAPE}(?:\\[[0-?]*[ -/]*[@-~]|\\][^${BELL}${ESCAPE}]*(?:${BELL}|${ESCAPE}\\\\)?|[@-Z\\\\^_])`,
  "g",
);

/** What a terminal would show of a command's output, without its colours. */
export const withoutEscapes = (text: string): string => text.slice(0, 4000).replace(ESCAPE_SEQUENCES, "");

/** On one line, at most `length` characters, with nothing in it that a reader cannot see. */
export function oneLine(text: string, length = 240): string {
  // Some more is looked at, not all of a text of megabytes.
  const start = readable(
    text
      .slice(0, length * 4)
      .replace(/\s+/g, " ")
      .trim(),
  );
  return start.length > length || text.length > length * 4 ? `${start.slice(0, length)}…` : start;
}
