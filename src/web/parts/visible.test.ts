import { describe, expect, it } from "vitest";
import { exactPieces, readable, readablePieces } from "./visible.ts";

describe("a text that is decided upon", () => {
  it("has an escape for every character that nobody sees", () => {
    const hidden = [
      "\u202e",
      "\u200b",
      "\u00a0",
      "\u3164",
      "\u2800",
      "\u00ad",
      "\u{e0041}",
      "\u001b",
      "\t",
      "\ud800",
    ];
    for (const character of hidden) {
      const pieces = exactPieces(`rm ${character}x`);
      expect(pieces.map(({ isEscape }) => isEscape)).toEqual([false, true, false]);
      expect(pieces[1]?.text).toMatch(/^\\(?:t|u[0-9a-f]{4}|u\{[0-9a-f]{5}\})$/);
    }
  });

  it("keeps its line breaks and its letters in any script", () => {
    const text = "echo 'žluťoučký 你好 שלום'\nls";
    expect(exactPieces(text)).toEqual([{ text, isEscape: false }]);
  });
});

describe("a text that is read", () => {
  it("cannot reorder what stands in it", () => {
    expect(readable("access\u202etxt.exe")).toBe("access\\u202etxt.exe");
    expect(readablePieces("\u2066\u2069")).toEqual([{ text: "\\u2066\\u2069", isEscape: true }]);
  });

  it("keeps emoji and tabs", () => {
    const text = "👩‍🚀 ❤️\tdone";
    expect(readable(text)).toBe(text);
  });
});
