/**
 * Markdown in which text of others stays text: it stands in code blocks and code spans only, whose fences are longer
 * than any run of backticks in it. There nothing is a tag, a link or a picture.
 */

export function block(text: string, language: "text" | "diff" | "json" = "text"): string {
  const lines = shown(text);
  const fence = "`".repeat(Math.max(3, longestRun(lines) + 1));
  return `${fence}${language}\n${lines}${lines.endsWith("\n") || lines === "" ? "" : "\n"}${fence}\n`;
}

const SPAN_LENGTH = 300;

/** On one line, cut to a length that can be read. */
export function span(text: string): string {
  const line = shown(text).replace(/\s+/g, " ").trim();
  if (line === "") return "(empty)";
  const cut = line.length > SPAN_LENGTH ? `${line.slice(0, SPAN_LENGTH).toWellFormed()}…` : line;
  const fence = "`".repeat(longestRun(cut) + 1);
  const pad = /^`|`$/.test(cut) ? " " : "";
  return `${fence}${pad}${cut}${pad}${fence}`;
}

const longestRun = (text: string) => Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));

/** What would show as nothing, or turn the direction of what follows, shows as its number. */
const UNSHOWN = /[^\P{Cc}\n\t]|[\p{Zl}\p{Zp}\p{Bidi_Control}]|[\u200b\u2060\ufeff]/gu;

const shown = (text: string) =>
  text
    .replaceAll("\r\n", "\n")
    .replace(UNSHOWN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .toWellFormed();
