import { readFileSync, writeFileSync } from "node:fs";

const BEGIN = "<!-- made by npm run bench: begin -->";
const END = "<!-- made by npm run bench: end -->";

/** Replaces what stands between the marks of a document. */
export function writeInto(document: URL, parts: readonly string[]): void {
  const text = readFileSync(document, "utf8");
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${document.pathname}: expected the lines ${BEGIN} and ${END}`);
  writeFileSync(document, `${text.slice(0, from)}${BEGIN}\n\n${parts.join("\n")}\n${text.slice(to)}`);
}
