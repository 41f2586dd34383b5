import { lexer } from "marked";

/**
 * Cuts markdown where one block ends and the next begins, so that while a text grows only its last block changes. A
 * block that refers to a link carries the definitions of all links with it.
 */
export function markdownBlocks(text: string): string[] {
  const tokens = lexer(text);
  const definitions = Object.entries(tokens.links).map(
    ([name, { href, title }]) => `[${name}]: <${href ?? ""}>${title ? ` ${JSON.stringify(title)}` : ""}`,
  );
  const refers = definitions.length > 0;
  return tokens
    .filter(({ type }) => type !== "space" && type !== "def")
    .map(({ raw }) => (refers && raw.includes("[") ? `${raw}\n\n${definitions.join("\n")}` : raw));
}
