import { afterEach, describe, expect, it } from "vitest";
import { collect, createTestWorkspace, type TestWorkspace } from "../test-workspace.ts";
import { applyPatchTool } from "./tool.ts";

let workspace: TestWorkspace | undefined;
afterEach(() => workspace?.remove());

interface Case {
  behaviour: string;
  files: Record<string, string>;
  /** The lines between begin and end. */
  patch: string[];
  /** The files that differ from before; null where one is gone. */
  becomes: Record<string, string | null>;
}

const wrap = (lines: readonly string[]) => ["*** Begin Patch", ...lines, "*** End Patch"].join("\n");

async function apply(files: Record<string, string>, input: string): Promise<Record<string, string>> {
  workspace = createTestWorkspace(files);
  await collect(applyPatchTool.run({ input }, workspace.context, new AbortController().signal));
  return workspace.files();
}

const TEN = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n";

const CASES: Case[] = [
  {
    behaviour: "adds a file and the folders it needs",
    files: {},
    patch: ["*** Add File: src/deep/new.ts", "+const a = 1;", "+", "+export { a };"],
    becomes: { "src/deep/new.ts": "const a = 1;\n\nexport { a };\n" },
  },
  {
    behaviour: "adds an empty file",
    files: {},
    patch: ["*** Add File: empty.txt"],
    becomes: { "empty.txt": "" },
  },
  {
    behaviour: "deletes a file",
    files: { "old.txt": "x\n", "kept.txt": "y\n" },
    patch: ["*** Delete File: old.txt"],
    becomes: { "old.txt": null },
  },
  {
    behaviour: "updates lines between context lines",
    files: { "a.txt": TEN },
    patch: ["*** Update File: a.txt", "@@", " two", "-three", "+3", "+3.5", " four"],
    becomes: { "a.txt": TEN.replace("three", "3\n3.5") },
  },
  {
    behaviour: "takes the first hunk without @@",
    files: { "a.txt": TEN },
    patch: ["*** Update File: a.txt", "-one", "+1"],
    becomes: { "a.txt": TEN.replace("one", "1") },
  },
  {
    behaviour: "applies several hunks in order, each to the first place after the one before",
    files: { "a.txt": "x = 1\ny\nx = 1\nz\nx = 1\n" },
    patch: ["*** Update File: a.txt", "@@", " y", "-x = 1", "+x = 2", "@@", "-x = 1", "+x = 3"],
    becomes: { "a.txt": "x = 1\ny\nx = 2\nz\nx = 3\n" },
  },
  {
    behaviour: "looks for a hunk below its anchor",
    files: { "a.py": "def a():\n    return 0\n\ndef b():\n    return 0\n" },
    patch: ["*** Update File: a.py", "@@ def b():", "-    return 0", "+    return 1"],
    becomes: { "a.py": "def a():\n    return 0\n\ndef b():\n    return 1\n" },
  },
  {
    behaviour: "follows nested anchors from outer to inner",
    files: {
      "a.py":
        "class A:\n    def run(self):\n        pass\n\nclass B:\n    def stop(self):\n        pass\n    def run(self):\n        pass\n",
    },
    patch: ["*** Update File: a.py", "@@ class B", "@@     def run(self):", "-        pass", "+        go()"],
    becomes: {
      "a.py":
        "class A:\n    def run(self):\n        pass\n\nclass B:\n    def stop(self):\n        pass\n    def run(self):\n        go()\n",
    },
  },
  {
    behaviour: "accepts an anchor that an earlier hunk has entered already",
    files: { "a.py": "class A:\n    x = 1\n    y = 1\n    z = 1\n" },
    patch: [
      "*** Update File: a.py",
      "@@ class A:",
      "-    x = 1",
      "+    x = 2",
      "@@ class A:",
      "-    z = 1",
      "+    z = 2",
    ],
    becomes: { "a.py": "class A:\n    x = 2\n    y = 1\n    z = 2\n" },
  },
  {
    behaviour: "accepts an anchor repeated as the hunk's first line",
    files: { "a.py": "def a():\n    return 0\n" },
    patch: ["*** Update File: a.py", "@@ def a():", " def a():", "-    return 0", "+    return 1"],
    becomes: { "a.py": "def a():\n    return 1\n" },
  },
  {
    behaviour: "ignores the line numbers of a unified diff",
    files: { "a.txt": TEN },
    patch: ["*** Update File: a.txt", "@@ -71,2 +71,2 @@ main", " two", "-three", "+3"],
    becomes: { "a.txt": TEN.replace("three", "3") },
  },
  {
    behaviour: "matches a hunk at the end of the file from the end",
    files: { "a.txt": "end\nmiddle\nend\n" },
    patch: ["*** Update File: a.txt", "@@", "-end", "+END", "*** End of File"],
    becomes: { "a.txt": "end\nmiddle\nEND\n" },
  },
  {
    behaviour: "matches the last place when an end-of-file hunk does not stand quite at the end",
    files: { "a.txt": "end\nmiddle\nend\n\n\n" },
    patch: ["*** Update File: a.txt", "@@", "-end", "+END", "*** End of File"],
    becomes: { "a.txt": "end\nmiddle\nEND\n\n\n" },
  },
  {
    behaviour: "inserts below the anchor when a hunk only adds",
    files: { "a.ts": "import a;\nimport b;\n\nrun();\n" },
    patch: ["*** Update File: a.ts", "@@ import b;", "+import c;"],
    becomes: { "a.ts": "import a;\nimport b;\nimport c;\n\nrun();\n" },
  },
  {
    behaviour: "appends when a hunk only adds and has no anchor, also before another hunk",
    files: { "a.txt": "one\ntwo\n" },
    patch: ["*** Update File: a.txt", "@@", "+three", "+four", "@@", " one", "-two", "+2"],
    becomes: { "a.txt": "one\n2\nthree\nfour\n" },
  },
  {
    behaviour: "does not take an empty line between hunks or files for context",
    files: { "a.txt": "one\n\ntwo\n", "b.txt": "b\n" },
    patch: [
      "*** Update File: a.txt",
      "@@",
      "-one",
      "+1",
      "",
      "@@",
      "+three",
      "",
      "*** Update File: b.txt",
      "@@",
      "-b",
      "+B",
      "",
    ],
    becomes: { "a.txt": "1\n\ntwo\nthree\n", "b.txt": "B\n" },
  },
  {
    behaviour: "fills an empty file",
    files: { "a.txt": "" },
    patch: ["*** Update File: a.txt", "@@", "+one"],
    becomes: { "a.txt": "one\n" },
  },
  {
    behaviour: "takes an empty line for an empty context line that lost its space",
    files: { "a.txt": "one\n\ntwo\n" },
    patch: ["*** Update File: a.txt", "@@", " one", "", "-two", "+2"],
    becomes: { "a.txt": "one\n\n2\n" },
  },
  {
    behaviour: "ignores space at the end of lines, and keeps the file's own",
    files: { "a.txt": "one  \ntwo\t\nthree\n" },
    patch: ["*** Update File: a.txt", "@@", " one", "-two", "+2", " three   "],
    becomes: { "a.txt": "one  \n2\nthree\n" },
  },
  {
    behaviour: "ignores indentation when nothing else fits, and keeps the file's own in context",
    files: { "a.txt": "\tif (a) {\n\t\tb();\n\t}\n" },
    patch: ["*** Update File: a.txt", "@@", " if (a) {", "-  b();", "+\t\tc();", " }"],
    becomes: { "a.txt": "\tif (a) {\n\t\tc();\n\t}\n" },
  },
  {
    behaviour: "prefers an exact place to an earlier rough one",
    files: { "a.txt": "  x\nx\n" },
    patch: ["*** Update File: a.txt", "@@", "-x", "+y"],
    becomes: { "a.txt": "  x\ny\n" },
  },
  {
    behaviour: "prefers a place that differs at its end to an earlier one that differs in indentation",
    files: { "a.txt": "  x\nx  \n" },
    patch: ["*** Update File: a.txt", "@@", "-x", "+y"],
    becomes: { "a.txt": "  x\ny\n" },
  },
  {
    behaviour: "reads typographic punctuation as plain, and keeps the file's own in context",
    files: { "a.md": "It\u2019s \u201Cgood\u201D \u2013 really\nold\u00A0text\n" },
    patch: ["*** Update File: a.md", "@@", ' It\'s "good" - really', "-old text", "+new text"],
    becomes: { "a.md": "It\u2019s \u201Cgood\u201D \u2013 really\nnew text\n" },
  },
  {
    behaviour: "keeps CRLF line ends, for new lines too",
    files: { "a.txt": "one\r\ntwo\r\nthree\r\n" },
    patch: ["*** Update File: a.txt", "@@", " one", "-two", "+2", "+2.5", " three"],
    becomes: { "a.txt": "one\r\n2\r\n2.5\r\nthree\r\n" },
  },
  {
    behaviour: "keeps mixed line ends line by line",
    files: { "a.txt": "one\r\ntwo\nthree\nfour\r\n" },
    patch: ["*** Update File: a.txt", "@@", " three", "+3.5", " four"],
    becomes: { "a.txt": "one\r\ntwo\nthree\n3.5\nfour\r\n" },
  },
  {
    behaviour: "keeps a missing final line break, also when lines are added after it",
    files: { "a.txt": "one\ntwo", "b.txt": "one\ntwo" },
    patch: ["*** Update File: a.txt", "@@", " two", "+three", "*** Update File: b.txt", "@@", "-two", "+2"],
    becomes: { "a.txt": "one\ntwo\nthree", "b.txt": "one\n2" },
  },
  {
    behaviour: "keeps a byte order mark, and finds the first line behind it",
    files: { "a.txt": "\uFEFFone\ntwo\n" },
    patch: ["*** Update File: a.txt", "@@", "-one", "+1"],
    becomes: { "a.txt": "\uFEFF1\ntwo\n" },
  },
  {
    behaviour: "empties a file without deleting it",
    files: { "a.txt": "one\n" },
    patch: ["*** Update File: a.txt", "@@", "-one"],
    becomes: { "a.txt": "" },
  },
  {
    behaviour: "moves a file and changes it on the way",
    files: { "a.txt": TEN },
    patch: ["*** Update File: a.txt", "*** Move to: b/c.txt", "@@", "-one", "+1"],
    becomes: { "a.txt": null, "b/c.txt": TEN.replace("one", "1") },
  },
  {
    behaviour: "moves a file as it is when there are no hunks",
    files: { "a.txt": TEN },
    patch: ["*** Update File: a.txt", "*** Move to: b.txt"],
    becomes: { "a.txt": null, "b.txt": TEN },
  },
  {
    behaviour: "updates a file twice, the second time as the first left it",
    files: { "a.txt": "one\ntwo\n" },
    patch: [
      "*** Update File: a.txt",
      "@@",
      "-two",
      "+2",
      "*** Update File: ./a.txt",
      "@@",
      "-one",
      "+1",
      " 2",
    ],
    becomes: { "a.txt": "1\n2\n" },
  },
  {
    behaviour: "updates a file that the same patch adds",
    files: {},
    patch: ["*** Add File: a.txt", "+one", "*** Update File: a.txt", "@@", "-one", "+1"],
    becomes: { "a.txt": "1\n" },
  },
  {
    behaviour: "takes content that looks like a marker",
    files: { "a.md": "*** Begin Patch\n@@\n*** End Patch\n" },
    patch: ["*** Update File: a.md", "@@", " *** Begin Patch", "-@@", "+@@ x", " *** End Patch"],
    becomes: { "a.md": "*** Begin Patch\n@@ x\n*** End Patch\n" },
  },
  {
    behaviour: "does all of it at once",
    files: { "a.txt": "a\n", "b.txt": "b\n", "c.txt": "c\n" },
    patch: [
      "*** Add File: d.txt",
      "+d",
      "*** Update File: a.txt",
      "@@",
      "-a",
      "+A",
      "*** Delete File: b.txt",
      "*** Update File: c.txt",
      "*** Move to: e.txt",
      "@@",
      "-c",
      "+C",
    ],
    becomes: { "a.txt": "A\n", "b.txt": null, "c.txt": null, "d.txt": "d\n", "e.txt": "C\n" },
  },
];

describe("a patch that fits", () => {
  it.each(CASES)("$behaviour", async ({ files, patch, becomes }) => {
    const expected = Object.entries({ ...files, ...becomes }).filter(([, text]) => text !== null);
    expect(await apply(files, wrap(patch))).toEqual(Object.fromEntries(expected));
  });

  const inner = wrap(["*** Update File: a.txt", "@@", "-one", "+1"]);
  it.each([
    ["white space", `\n\n  ${inner}\n \n`],
    ["a heredoc", `<<'EOF'\n${inner}\nEOF\n`],
    ["a heredoc without quotes", `<<PATCH\n${inner}\nPATCH`],
    ["a heredoc with its program", `apply_patch <<"EOF"\n${inner}\nEOF`],
    ["CRLF line ends", inner.replaceAll("\n", "\r\n")],
    [
      "spaces around its markers",
      inner.replace("*** Update", "  *** Update").replace("Patch\n", "Patch  \n"),
    ],
  ])("may have %s around it", async (_, input) => {
    expect(await apply({ "a.txt": "one\ntwo\n" }, input)).toEqual({ "a.txt": "1\ntwo\n" });
  });

  it("finds many rough hunks in a huge file without stopping the world", async () => {
    const lines = Array.from({ length: 100_000 }, (_, index) => `line ${index} \u2013 end`);
    const hunks = [...lines.keys()].filter((index) => index % 1000 === 999);
    const patch = hunks.flatMap((index) => ["@@", `-line ${index} - end`, `+changed ${index}`]);
    const startedAt = performance.now();
    const files = await apply({ "a.txt": lines.join("\n") }, wrap(["*** Update File: a.txt", ...patch]));
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    for (const index of hunks) lines[index] = `changed ${index}`;
    expect(files["a.txt"] === lines.join("\n")).toBe(true);
  });

  it("keeps the carriage returns of a new file's lines when they are not the patch's own", async () => {
    const files = await apply({}, wrap(["*** Add File: run.bat", "+@echo off\r", "+exit\r"]));
    expect(files).toEqual({ "run.bat": "@echo off\r\nexit\r\n" });
  });
});

describe("a patch that does not fit", () => {
  const files = {
    "a.txt": TEN,
    "b.txt": "b\n",
    "dir/c.txt": "c\n",
    "binary.bin": "\0\u0001",
    "latin.txt": "x",
  };

  interface Failure {
    behaviour: string;
    patch: string[];
    says: (RegExp | string)[];
  }
  const FAILURES: Failure[] = [
    {
      behaviour: "names file and hunk, shows what was looked for and the nearest text with its line",
      patch: ["*** Update File: a.txt", "@@", "-one", "+1", "@@", " five", "-sixty", "+60", " seven"],
      says: ["a.txt, hunk 2 of 2", "  five\n  sixty\n  seven", "at line 5", "5| five", "6| six"],
    },
    {
      behaviour: "finds the nearest text by shared words",
      patch: ["*** Update File: dir/c.txt", "@@", "-no such thing", "+x"],
      says: ["dir/c.txt", "  no such thing", "has 1 lines"],
    },
    {
      behaviour: "tells a hunk out of order where its lines stand",
      patch: ["*** Update File: a.txt", "@@", "-five", "+5", "@@", "-two", "+2"],
      says: ["hunk 2 of 2", "at line 2", "order"],
    },
    {
      behaviour: "names the anchor that is not there",
      patch: ["*** Update File: a.txt", "@@ class Missing", "-two", "+2"],
      says: ["a.txt", '"@@ class Missing"', "  class Missing"],
    },
    {
      behaviour: "says that the first file fits no more although a later one is at fault",
      patch: ["*** Update File: b.txt", "@@", "-b", "+B", "*** Update File: a.txt", "@@", "-zzz", "+Z"],
      says: ["a.txt", "  zzz"],
    },
    {
      behaviour: "refuses two hunks that change the same lines",
      patch: ["*** Update File: a.txt", "@@", " two", "-three", " four", "@@ two", "+2.5"],
      says: ["a.txt", "same lines"],
    },
    {
      behaviour: "refuses to add a file that exists",
      patch: ["*** Add File: a.txt", "+x"],
      says: ["a.txt: exists already", "Update File"],
    },
    {
      behaviour: "refuses to add over a folder",
      patch: ["*** Add File: dir", "+x"],
      says: ["dir: is a folder"],
    },
    {
      behaviour: "refuses to add below a file",
      patch: ["*** Add File: a.txt/x", "+x"],
      says: ["a.txt/x", "is a file, not a folder"],
    },
    {
      behaviour: "refuses to update a file that does not exist",
      patch: ["*** Update File: missing/no.txt", "@@", "-x", "+y"],
      says: ["missing/no.txt: there is no such file"],
    },
    {
      behaviour: "refuses to delete a file that does not exist",
      patch: ["*** Delete File: no.txt"],
      says: ["no.txt: there is no such file"],
    },
    { behaviour: "refuses to delete a folder", patch: ["*** Delete File: dir"], says: ["dir: is a folder"] },
    {
      behaviour: "refuses to move onto an existing file",
      patch: ["*** Update File: a.txt", "*** Move to: b.txt", "@@", "-one", "+1"],
      says: ["a.txt", "b.txt, which exists already"],
    },
    {
      behaviour: "refuses to move a file to its own path",
      patch: ["*** Update File: a.txt", "*** Move to: ./a.txt"],
      says: ["onto itself"],
    },
    {
      behaviour: "refuses a second delete of a file",
      patch: ["*** Delete File: a.txt", "*** Delete File: a.txt"],
      says: ["a.txt: the patch names it twice"],
    },
    {
      behaviour: "refuses to add what the patch deletes",
      patch: ["*** Delete File: a.txt", "*** Add File: a.txt", "+x"],
      says: ["a.txt: the patch names it twice"],
    },
    {
      behaviour: "refuses to move two files to one place",
      patch: ["*** Update File: a.txt", "*** Move to: x", "*** Update File: b.txt", "*** Move to: x"],
      says: ["x: the patch names it twice"],
    },
    {
      behaviour: "refuses a file below a file of the same patch",
      patch: ["*** Add File: x", "+1", "*** Add File: x/y", "+2"],
      says: ["x/y: the patch makes x a file"],
    },
    {
      behaviour: "refuses to update a binary file",
      patch: ["*** Update File: binary.bin", "@@", "-x", "+y"],
      says: ["binary.bin: is a binary file"],
    },
    {
      behaviour: "refuses a NUL character",
      patch: ["*** Add File: x", "+\0"],
      says: ["NUL"],
    },
    {
      behaviour: "says which line of the patch is no header",
      patch: ["*** Add File: x", "+1", "oops"],
      says: ["Patch line 4", '"oops"', 'begin with "+"'],
    },
    {
      behaviour: "says which line of a hunk has no mark",
      patch: ["*** Update File: a.txt", "@@", " one", "two"],
      says: ["Patch line 5", '"two"'],
    },
    {
      behaviour: "refuses an update without changes",
      patch: ["*** Update File: a.txt", "*** Delete File: b.txt"],
      says: ["Patch line 3", "a change of", "*** Delete File: b.txt"],
    },
    {
      behaviour: "refuses a hunk without lines",
      patch: ["*** Update File: a.txt", "@@ one"],
      says: ["Patch line 4", "*** End Patch"],
    },
    {
      behaviour: "refuses a header without a path",
      patch: ["*** Add File: "],
      says: ["a path after the colon"],
    },
    { behaviour: "refuses a patch without files", patch: [], says: ["names no file"] },
  ];

  it.each(FAILURES)("$behaviour", async ({ patch, says }) => {
    workspace = createTestWorkspace(files);
    const before = workspace.files();
    const input = wrap(patch);
    for (const attempt of [
      () => applyPatchTool.assess({ input }, workspace!.context),
      () => collect(applyPatchTool.run({ input }, workspace!.context, new AbortController().signal)),
    ]) {
      const error: unknown = await attempt().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({ name: "ToolError" });
      for (const text of says)
        expect(error).toHaveProperty("message", expect.stringMatching(asPattern(text)));
    }
    expect(workspace.files()).toEqual(before);
  });

  it.each([
    ["no begin", "*** Update File: a.txt\n@@\n-one\n+1\n*** End Patch", /begins with the line/],
    ["a cut end", "*** Begin Patch\n*** Update File: a.txt\n@@\n-one\n+1", /Is it cut off/],
    ["no text", " ", /begins with the line/],
  ])("is refused with %s", async (_, input, says) => {
    await expect(apply(files, input)).rejects.toThrow(says);
  });
});

const asPattern = (text: RegExp | string): RegExp =>
  typeof text === "string" ? new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")) : text;
