import { readFileSync, writeFileSync } from "node:fs";

const BEGIN = "<!-- made by npm run bench: begin -->";
const END = "<!-- made by npm run bench: end -->";

/** Puts sections (`### Name` and what follows) between the marks of a document, in place of those of the same names. */
export function writeInto(document: URL, sections: readonly string[]): void {
  const text = readFileSync(document, "utf8");
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${document.pathname}: expected the lines ${BEGIN} and ${END}`);
  const written = replaced(text.slice(from + BEGIN.length, to), sections);
  writeFileSync(document, `${text.slice(0, from)}${BEGIN}\n\n${written}\n${text.slice(to)}`);
}

/** In their old order; new ones come last. */
export function replaced(block: string, sections: readonly string[]): string {
  const old = block.split(/^(?=### )/m).filter((section) => section.startsWith("### "));
  const byName = new Map([...old, ...sections].map((section) => [nameOf(section), `${section.trimEnd()}\n`]));
  return [...byName.values()].join("\n");
}

const nameOf = (section: string): string => section.slice(0, section.indexOf("\n"));
