import type { Terminal } from "./command.ts";

/** What a terminal would obey, or what would hide or turn what it shows. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** Text of others, on one line, as a terminal may have it. */
export const safe = (text: string): string =>
  text
    .replace(/\s*[\r\n\t]+\s*/g, " ")
    .replace(UNSAFE, escaped)
    .toWellFormed();

/** Keeps its lines. */
export const safeLines = (text: string): string =>
  text.replace(UNSAFE, (character) =>
    character === "\n" || character === "\t" ? character : escaped(character),
  );

const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** Cut to a number of columns, as far as those can be told from the number of characters. */
export function cut(text: string, columns: number | undefined): string {
  if (columns === undefined || text.length <= columns) return text;
  return `${text.slice(0, Math.max(0, columns - 1)).toWellFormed()}…`;
}

/** Rows under their headings; the last column takes what is left. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  columns?: number,
): string {
  const all = [headings, ...rows].map((row) => row.map(safe));
  const widths = headings.map((_, index) => Math.max(...all.map((row) => row[index]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return lines.map((line) => `${cut(line, columns)}\n`).join("");
}

/** Escaped where JSON lets it be as it is: the same value, which a terminal may have. */
export const json = (value: unknown): string => `${JSON.stringify(value).replace(UNSAFE, escaped)}\n`;

/** A line that is written over by the next one, for a person who waits. */
export function progress(terminal: Terminal, words: string): void {
  if (terminal.isWatched) terminal.say(`\r\u001b[2K${safe(words)}`);
}
