import { describe, expect, it } from "vitest";
import { changedPart, type DiffLine, parseDiff, sideBySide } from "./unified-diff.ts";

const kinds = (lines: readonly DiffLine[]) => lines.map(({ kind }) => kind);

describe("a unified diff", () => {
  it("is read with the numbers of its lines", () => {
    const { lines, added, removed } = parseDiff(
      "--- a/x.ts\n+++ b/x.ts\n@@ -3,3 +3,4 @@ function\n a\n-b\n+B\n+C\n d\n",
    );
    expect({ added, removed }).toEqual({ added: 2, removed: 1 });
    expect(lines).toEqual([
      { kind: "hunk", text: "@@ -3,3 +3,4 @@ function" },
      { kind: "context", oldNumber: 3, newNumber: 3, text: "a" },
      { kind: "removed", oldNumber: 4, text: "b" },
      { kind: "added", newNumber: 4, text: "B" },
      { kind: "added", newNumber: 5, text: "C" },
      { kind: "context", oldNumber: 5, newNumber: 6, text: "d" },
    ]);
  });

  it("is not fooled by lines that look like the head of another file or hunk", () => {
    const { lines } = parseDiff(
      "--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@\n--- a/etc\n+++ b/etc\n+@@ -1 +1 @@\n kept\n",
    );
    expect(kinds(lines)).toEqual(["hunk", "removed", "added", "added", "context"]);
    expect(lines[1]).toMatchObject({ text: "-- a/etc" });
  });

  it("keeps everything that it does not understand", () => {
    expect(parseDiff("Binary files a/x and b/x differ\n").lines).toEqual([
      { kind: "note", text: "Binary files a/x and b/x differ" },
    ]);
    const { lines } = parseDiff("@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\nrm -rf\n");
    expect(kinds(lines)).toEqual(["hunk", "removed", "note", "added", "note"]);
  });

  it("says of a line that it has no number where there is no file", () => {
    const { lines } = parseDiff("--- /dev/null\n+++ b/new\n@@ -0,0 +1,2 @@\n+one\n+\n");
    expect(lines.slice(1)).toEqual([
      { kind: "added", newNumber: 1, text: "one" },
      { kind: "added", newNumber: 2, text: "" },
    ]);
  });
});

it("side by side, what was removed stands beside what came for it, and no line is lost", () => {
  const { lines } = parseDiff("@@ -1,4 +1,3 @@\n-a\n-b\n+A\n c\n-d\n+D\n");
  const rows = sideBySide(lines);
  expect(rows.map(({ left, right }) => [left?.text, right?.text])).toEqual([
    ["@@ -1,4 +1,3 @@", "@@ -1,4 +1,3 @@"],
    ["a", "A"],
    ["b", undefined],
    ["c", "c"],
    ["d", "D"],
  ]);
});

it("the changed part of a line is what is not the same on both ends", () => {
  expect(changedPart("const a = 1;", "const a = 12;")).toEqual({ start: 11, before: 11, after: 12 });
  expect(changedPart("aa", "aaa")).toEqual({ start: 2, before: 2, after: 3 });
});
