import { describe, expect, it } from "vitest";
import { readTerminal } from "./terminal-text.ts";

const ESC = "\u001b";
const textOf = (text: string) =>
  readTerminal(text)
    .runs.map((run) => run.text)
    .join("");

describe("the output of a command", () => {
  it("has its colours", () => {
    const { runs } = readTerminal(`${ESC}[1;32mok${ESC}[0m plain ${ESC}[41;37mFAIL${ESC}[m`);
    expect(runs).toEqual([
      { text: "ok", style: { bold: true, colour: "green" } },
      { text: " plain ", style: {} },
      { text: "FAIL", style: { colour: "red", filled: true } },
    ]);
  });

  it("takes the nearest of eight colours for all others", () => {
    const { runs } = readTerminal(`${ESC}[38;5;196ma${ESC}[38;2;20;220;30mb${ESC}[38;5;240mc`);
    expect(runs.map(({ style }) => style.colour)).toEqual(["red", "green", "green"]);
  });

  it("loses every sequence that is no colour", () => {
    expect(textOf(`a${ESC}[2J${ESC}[10;10Hb${ESC}]0;title\u0007c${ESC}]8;;http://x${ESC}\\d${ESC}(Be`)).toBe(
      "abcde".replace("e", "Be"),
    );
  });

  it("begins a line anew after a carriage return, and keeps the lines before", () => {
    expect(textOf("first\n10%\r50%\r100%\nlast")).toBe("first\n100%\nlast");
    expect(textOf("a\r\nb\r\n")).toBe("a\nb\n");
    expect(textOf("abc\b\bd")).toBe("ad");
  });

  it("shows what could reorder it", () => {
    expect(textOf("a\u202eb\u0000")).toBe("a\\u202eb\\0");
  });
});

describe("a bomb", () => {
  it("of one endless line is shown by its end", () => {
    const { runs, omitted } = readTerminal("x".repeat(5_000_000));
    expect(runs[0]?.text).toHaveLength(60_000);
    expect(omitted).toBe(4_940_000);
  });

  it("of lines is shown by its last lines", () => {
    const { runs, omitted } = readTerminal("line\n".repeat(50_000));
    expect(runs[0]?.text).toBe("line\n".repeat(2000));
    expect(omitted).toBe(48_000 * 5);
  });

  it("of colours has a bound, and no character of it is lost", () => {
    const { runs } = readTerminal(`${ESC}[31ma${ESC}[32mb`.repeat(4000));
    expect(runs).toHaveLength(2000);
    expect(runs.map(({ text }) => text).join("")).toBe("ab".repeat(4000));
  });

  it("of sequences without an end is read in a straight line", () => {
    const began = performance.now();
    readTerminal(`${ESC}]`.repeat(30_000));
    readTerminal(`${ESC}[${"1;".repeat(29_000)}`);
    readTerminal("\ra".repeat(30_000));
    expect(performance.now() - began).toBeLessThan(1000);
  });
});
