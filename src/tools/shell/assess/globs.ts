import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { Doubt } from "./doubt.ts";
import type { Piece } from "./words.ts";

const MOST_MATCHES = 2000;

/** The names that the shell may put in place of a pattern, as it would write them; `/` ends a part. */
export async function matchesOf(pattern: readonly Piece[], cwd: string): Promise<string[]> {
  const parts = partsOf(pattern);
  let found = [""];
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    const steps = await Promise.all(found.map((prefix) => step(prefix, part, cwd)));
    found = steps.flat().map((name) => (isLast ? name : `${name}/`));
    if (found.length > MOST_MATCHES) throw new Doubt("A pattern stands for too many files.");
  }
  // A part behind a pattern need not be there.
  const exist = await Promise.all(
    found.map((path) => isThere(path.startsWith("/") ? path : join(cwd, path))),
  );
  return found.filter((_, index) => exist[index]);
}

const isThere = (path: string) =>
  lstat(path).then(
    () => true,
    () => false,
  );

/** Whether a file name fits a pattern of `*` and `?` alone; what else has a meaning in patterns may stand for anything. */
export function fits(name: string, pattern: string): boolean {
  const loose = pattern.replace(/[[{].*[\]}]/g, "*").replace(/[[\]{}\\]/g, "*");
  return new RegExp(`^${sourceOf(loose)}$`, "i").test(name);
}

async function step(prefix: string, part: Piece[], cwd: string): Promise<string[]> {
  const literal = part.map((piece) => piece.text).join("");
  if (!part.some((piece) => !piece.isLiteral && /[*?]/.test(piece.text))) return [prefix + literal];
  const source = part.map((piece) => (piece.isLiteral ? escaped(piece.text) : sourceOf(piece.text))).join("");
  const expression = new RegExp(`^${source}$`);
  const folder = prefix.startsWith("/") ? prefix : join(cwd, prefix);
  const names = await readdir(folder).catch((): string[] => []);
  return names
    .filter((name) => expression.test(name) && (literal.startsWith(".") || !name.startsWith(".")))
    .map((name) => prefix + name);
}

/** `.` and `..` are never matched by a leading `*`, but they are by `.*` in older shells. */
function partsOf(pattern: readonly Piece[]): Piece[][] {
  const parts: Piece[][] = [[]];
  for (const { text, isLiteral } of pattern) {
    for (const [index, piece] of text.split("/").entries()) {
      if (index > 0) parts.push([]);
      if (piece !== "") parts.at(-1)?.push({ text: piece, isLiteral });
    }
  }
  const hasDots = (part: Piece[]) => /^\.[.*?]*[*?]/.test(part.map((piece) => piece.text).join(""));
  if (parts.some(hasDots)) throw new Doubt("A pattern may stand for the folder above.");
  return parts;
}

/** Repeated stars are one: else the expression could take very long. */
function sourceOf(pattern: string): string {
  return escaped(pattern)
    .replace(/(?:\\\*)+/g, "[^/]*")
    .replaceAll("\\?", "[^/]");
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
