import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { readWord } from "./words.ts";

const PARTS = [
  "a",
  "b c",
  "'",
  '"',
  "\\",
  "$",
  "$a",
  "`",
  "!",
  "#",
  "*",
  "-n",
  "\\\\",
  '\\"',
  "\\$",
  "{",
  "~",
];
const QUOTES = ["'", '"', ""];

/** Words made of all parts in all quotes, with neighbours. */
const candidates = PARTS.flatMap((first) =>
  PARTS.flatMap((second) =>
    QUOTES.flatMap((quote) => [`x${quote}${first}${second}${quote}`, `${quote}${first}${quote}'${second}'y`]),
  ),
);

function read(source: string): string | undefined {
  try {
    const { text, pattern } = readWord(source);
    return pattern === undefined ? text : undefined;
  } catch {
    return undefined;
  }
}

describe("a word", () => {
  it("is read as bash reads it, or not at all", () => {
    const readable = candidates.flatMap((source) => {
      const text = read(source);
      return text === undefined ? [] : [{ source, text }];
    });
    expect(readable.length).toBeGreaterThan(200);
    const script = readable.map(({ source }) => `printf '%s\\0' ${source}`).join("\n");
    const bash = execFileSync("bash", ["--noprofile", "--norc", "-c", script], { encoding: "utf8" });
    expect(readable.map(({ text }) => text)).toEqual(bash.split("\0").slice(0, -1));
  });

  it("keeps apart which of its stars were quoted", () => {
    expect(readWord("'*'*\"*\"").pattern).toEqual([
      { text: "*", isLiteral: true },
      { text: "*", isLiteral: false },
      { text: "*", isLiteral: true },
    ]);
  });
});
