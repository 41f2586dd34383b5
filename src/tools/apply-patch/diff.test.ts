import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { unifiedDiff } from "./diff.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "agentloop-diff-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const diff = (before: string, after: string) =>
  unifiedDiff({ path: "x", bytes: Buffer.from(before) }, { path: "x", bytes: Buffer.from(after) });

/** What git makes of a diff. */
function patched(before: string, text: string): string {
  const file = join(folder, "x");
  writeFileSync(file, before);
  execFileSync("git", ["apply", "-"], { cwd: folder, input: text, stdio: ["pipe", "ignore", "pipe"] });
  return readFileSync(file, "utf8");
}

const numbered = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => `line ${from + index}\n`);

describe("a unified diff", () => {
  it("has git's names and three lines of context", () => {
    const lines = numbered(9);
    expect(diff(lines.join(""), lines.with(4, "changed\n").join(""))).toBe(
      [
        "--- a/x",
        "+++ b/x",
        "@@ -2,7 +2,7 @@",
        " line 1",
        " line 2",
        " line 3",
        "-line 4",
        "+changed",
        " line 5",
        " line 6",
        " line 7",
        "",
      ].join("\n"),
    );
  });

  it("names /dev/null where there is no file", () => {
    const nothing = { path: undefined, bytes: Buffer.alloc(0) };
    const file = { path: "x", bytes: Buffer.from("a\n") };
    expect(unifiedDiff(nothing, file)).toBe("--- /dev/null\n+++ b/x\n@@ -0,0 +1,1 @@\n+a\n");
    expect(unifiedDiff(file, nothing)).toBe("--- a/x\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-a\n");
  });

  it("says of bytes that are no text only that they differ", () => {
    const after = { path: "x", bytes: Buffer.from([0, 1, 2]) };
    expect(unifiedDiff({ path: "x", bytes: Buffer.from("a") }, after)).toBe(
      "Binary files a/x and b/x differ\n",
    );
  });

  const many = numbered(3000);
  it.each([
    ["a changed line", "a\nb\nc\n", "a\nB\nc\n"],
    ["a missing final line break that comes", "a\nb", "a\nb\n"],
    ["a missing final line break that stays", "a\nb\nc", "A\nb\nc"],
    ["CRLF", "a\r\nb\r\n", "a\r\nB\r\n"],
    [
      "more changes than the search is for, in the middle",
      many.join(""),
      [...many.slice(0, 5), ...numbered(2500, 9000), ...many.slice(-5)].join(""),
    ],
    ["more new lines than the search is for, at the end", "a\n", `a\n${many.join("")}`],
    ["more lost lines than the search is for, with an open end", `${many.join("")}end`, "begin\nend"],
  ])("turns the old text into the new one: %s", (_, before, after) => {
    expect(patched(before, diff(before, after))).toBe(after);
  });
});
