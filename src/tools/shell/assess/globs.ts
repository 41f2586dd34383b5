import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { Doubt } from "./doubt.ts";
import { checkPath, type Place } from "./paths.ts";
import type { Piece } from "./words.ts";

const MOST_MATCHES = 500;

/** The names that the shell may put in place of a pattern, as it would write them; `/` ends a part. */
export async function matchesOf(pattern: readonly Piece[], place: Place): Promise<string[]> {
  const parts = partsOf(pattern);
  let found = [""];
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    const steps = await Promise.all(found.map((prefix) => step(prefix, part, place)));
    found = steps.flat().map((name) => (isLast ? name : `${name}/`));
    if (found.length > MOST_MATCHES) throw new Doubt("A pattern stands for too many files.");
  }
  // A part behind a pattern need not be there.
  const exist = await Promise.all(
    found.map((path) => isThere(path.startsWith("/") ? path : join(place.cwd, path))),
  );
  return found.filter((_, index) => exist[index]);
}

/** Whether a file name fits a pattern of which only `*` and `?` have a meaning, in whatever letter case. */
export function fits(name: string, pattern: string): boolean {
  return matches(name.toLowerCase(), [{ text: pattern.toLowerCase(), isLiteral: false }]);
}

const isThere = (path: string) =>
  lstat(path).then(
    () => true,
    () => false,
  );

async function step(prefix: string, part: Piece[], place: Place): Promise<string[]> {
  const literal = part.map((piece) => piece.text).join("");
  if (!part.some((piece) => !piece.isLiteral && /[*?]/.test(piece.text))) return [prefix + literal];
  // The shell itself reads the folder, whatever it finds there.
  const folder = await checkPath(prefix === "" ? "." : prefix, place);
  const names = await readdir(folder).catch((): string[] => []);
  return names
    .filter((name) => (literal.startsWith(".") || !name.startsWith(".")) && matches(name, part))
    .map((name) => prefix + name);
}

function partsOf(pattern: readonly Piece[]): Piece[][] {
  const parts: Piece[][] = [[]];
  for (const { text, isLiteral } of pattern) {
    for (const [index, piece] of text.split("/").entries()) {
      if (index > 0) parts.push([]);
      if (piece !== "") parts.at(-1)?.push({ text: piece, isLiteral });
    }
  }
  // Older shells take `.*` for `..` too.
  const hasDots = (part: Piece[]) => /^\.[.*?]*[*?]/.test(part.map((piece) => piece.text).join(""));
  if (parts.some(hasDots)) throw new Doubt("A pattern may stand for the folder above.");
  return parts;
}

/** In time that grows with the product of both lengths only: a regular expression with many stars may take for ever. */
function matches(name: string, pattern: readonly Piece[]): boolean {
  const signs = pattern.flatMap(({ text, isLiteral }) =>
    text.split("").map((character) => ({ character, isLiteral })),
  );
  const isStar = (index: number) => signs[index]?.character === "*" && !signs[index].isLiteral;
  const isOne = (index: number, character: string | undefined) => {
    const sign = signs[index];
    return (
      sign !== undefined && (sign.character === character || (sign.character === "?" && !sign.isLiteral))
    );
  };
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let index = 0; index < name.length;) {
    if (isStar(at)) {
      star = at;
      resume = index;
      at += 1;
    } else if (isOne(at, name[index])) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      // The last star takes one more character.
      at = star + 1;
      resume += 1;
      index = resume;
    } else return false;
  }
  while (isStar(at)) at += 1;
  return at === signs.length;
}
