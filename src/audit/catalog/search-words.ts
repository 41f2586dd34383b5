import { AgentError } from "../../contract/error.ts";

const MAX_LENGTH = 1000;
const MAX_WORDS = 32;

/** What stands between double quotes, in a row; else each word. */
const TERM = /"([^"]*)"?|([^\s"]+)/g;

/** The terms of a search: all of them must be found. Throws AgentError `invalid_message`. */
export function readTerms(words: string): string[] {
  if (words.length > MAX_LENGTH)
    throw unreadable(`at most ${MAX_LENGTH} characters`, `${words.length} characters`);
  const terms = [...words.toWellFormed().replaceAll("\0", " ").matchAll(TERM)]
    .map(([, quoted, word]) => (quoted ?? word ?? "").trim())
    .filter((term) => /[\p{L}\p{N}]/u.test(term));
  if (terms.length === 0) throw unreadable("words to search for", JSON.stringify(words.slice(0, 64)));
  if (terms.length > MAX_WORDS) throw unreadable(`at most ${MAX_WORDS} words`, `${terms.length}`);
  return terms;
}

/** The terms in the language of the index, in which a quoted string means nothing but itself. */
export const toMatch = (terms: readonly string[]): string =>
  terms.map((term) => `"${term.replaceAll('"', '""')}"`).join(" ");

const unreadable = (expected: string, got: string) =>
  new AgentError("invalid_message", `q: expected ${expected}, got ${got}`);

const SNIPPET_LENGTH = 160;
const BEFORE = 40;

/** The text around the first of the terms that is found, on one line. */
export function snippetOf(text: string, terms: readonly string[]): string {
  const line = text.replace(/[\s\p{Cc}\p{Bidi_Control}]+/gu, " ").trim();
  const at = firstOf(line, terms);
  const start = at > BEFORE ? line.indexOf(" ", at - BEFORE - 1) + 1 : 0;
  const from = start > at || start === 0 ? Math.max(0, at - BEFORE) : start;
  const to = from + SNIPPET_LENGTH;
  const shown = line.slice(from, to).trim();
  return `${from > 0 ? "…" : ""}${shown}${to < line.length ? "…" : ""}`.toWellFormed();
}

/** The index ignores case and accents; here that is only tried as far as no character changes its place. */
function firstOf(line: string, terms: readonly string[]): number {
  const plain = fold(line);
  for (const term of terms) {
    const at = plain.indexOf(fold(term));
    if (at >= 0) return at;
  }
  return 0;
}

function fold(text: string): string {
  const folded = text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  return folded.length === text.length ? folded : text.toLowerCase();
}
