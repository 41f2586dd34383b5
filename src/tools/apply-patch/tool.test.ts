import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { collect, createTestWorkspace, type TestWorkspace } from "../test-workspace.ts";
import { applyPatchTool, createApplyPatchTool } from "./tool.ts";

let workspace: TestWorkspace;
beforeEach(() => {
  workspace = createTestWorkspace({ "a.txt": "a\nb\n", "b.txt": "b\n", "c.txt": "c\n" });
});
afterEach(() => workspace.remove());

const patchOf = (...lines: string[]) => ["*** Begin Patch", ...lines, "*** End Patch"].join("\n");
const ALL = patchOf(
  "*** Add File: new/d.txt",
  "+d",
  "*** Update File: a.txt",
  "@@",
  "-a",
  "+A",
  "*** Update File: b.txt",
  "*** Move to: e.txt",
  "@@",
  "-b",
  "+B",
  "*** Delete File: c.txt",
);
const hash = (text: string) => createHash("sha256").update(text).digest("hex");
const idle = () => new AbortController().signal;

describe("assessing a patch", () => {
  it("shows every file's change against the disk, and touches nothing", async () => {
    const before = workspace.files();
    const assessment = await applyPatchTool.assess({ input: ALL }, workspace.context);
    expect(assessment).toEqual({
      effect: "edit",
      risk: "high",
      reason:
        "A patch inside the workspace: adds new/d.txt, updates a.txt, moves b.txt to e.txt, deletes c.txt.",
      command: ["apply_patch", ALL],
      cwd: workspace.path,
      patch: ALL,
      sameAs: JSON.stringify(["apply_patch", workspace.path]),
      files: [
        {
          kind: "add",
          path: "new/d.txt",
          diff: "--- /dev/null\n+++ b/new/d.txt\n@@ -0,0 +1,1 @@\n+d\n",
          before_sha256: null,
        },
        {
          kind: "update",
          path: "a.txt",
          diff: "--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n-a\n+A\n b\n",
          before_sha256: hash("a\nb\n"),
        },
        {
          kind: "move",
          path: "b.txt",
          move_path: "e.txt",
          diff: "--- a/b.txt\n+++ b/e.txt\n@@ -1,1 +1,1 @@\n-b\n+B\n",
          before_sha256: hash("b\n"),
        },
        {
          kind: "delete",
          path: "c.txt",
          diff: "--- a/c.txt\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-c\n",
          before_sha256: hash("c\n"),
        },
      ],
    });
    expect(workspace.files()).toEqual(before);
  });

  it.each([
    ["low", ["*** Add File: x", "+x"]],
    ["medium", ["*** Add File: x", "+x", "*** Update File: a.txt", "@@", "-a", "+A"]],
    ["medium", ["*** Update File: a.txt", "*** Move to: x"]],
    ["high", ["*** Delete File: a.txt"]],
  ])("calls the risk %s for %j", async (risk, lines) => {
    const assessment = await applyPatchTool.assess({ input: patchOf(...lines) }, workspace.context);
    expect(assessment.risk).toBe(risk);
  });

  it("has the same key for every patch of a workspace", async () => {
    const one = await applyPatchTool.assess({ input: ALL }, workspace.context);
    const other = await applyPatchTool.assess(
      { input: patchOf("*** Delete File: a.txt") },
      workspace.context,
    );
    expect(one.sameAs).toBe(other.sameAs);
  });
});

describe("running a patch", () => {
  it("tells what was done, with the hashes before and after", async () => {
    const { result, deltas } = await collect(applyPatchTool.run({ input: ALL }, workspace.context, idle()));
    expect(result.output).toBe("Done:\nA new/d.txt\nM a.txt\nR b.txt -> e.txt\nD c.txt");
    expect(result.metadata).toEqual({ exit_code: 0, duration_seconds: expect.any(Number) });
    expect(result.facts?.files).toEqual([
      { path: "new/d.txt", before_sha256: null, after_sha256: hash("d\n") },
      { path: "a.txt", before_sha256: hash("a\nb\n"), after_sha256: hash("A\nb\n") },
      { path: "b.txt", before_sha256: hash("b\n"), after_sha256: null },
      { path: "e.txt", before_sha256: null, after_sha256: hash("B\n") },
      { path: "c.txt", before_sha256: hash("c\n"), after_sha256: null },
    ]);
    expect(deltas).toEqual([]);
    expect(workspace.files()).toEqual({ "a.txt": "A\nb\n", "e.txt": "B\n", "new/d.txt": "d\n" });
  });

  it("applies the user's edited patch instead, and tells the model", async () => {
    const edited = patchOf("*** Update File: a.txt", "@@", "-a", "+Ä");
    const { result } = await collect(applyPatchTool.run({ input: ALL }, workspace.context, idle(), edited));
    expect(result.output).toMatch(/^Done:\nM a\.txt\nThe user edited the patch/);
    expect(result.output).toContain(edited);
    expect(workspace.files()).toMatchObject({ "a.txt": "Ä\nb\n", "c.txt": "c\n" });
  });

  it("says nothing of an edit when the user sent the same patch back", async () => {
    const { result } = await collect(applyPatchTool.run({ input: ALL }, workspace.context, idle(), ALL));
    expect(result.output).not.toContain("edited");
  });

  it("fails when the file changed since it was assessed and the patch fits no more", async () => {
    await applyPatchTool.assess({ input: ALL }, workspace.context);
    writeFileSync(join(workspace.path, "a.txt"), "other\n");
    await expect(collect(applyPatchTool.run({ input: ALL }, workspace.context, idle()))).rejects.toThrow(
      /a\.txt.*does not fit/,
    );
    expect(workspace.files()).toEqual({ "a.txt": "other\n", "b.txt": "b\n", "c.txt": "c\n" });
  });

  it("changes nothing when it was cancelled before", async () => {
    const before = workspace.files();
    const run = applyPatchTool.run({ input: ALL }, workspace.context, AbortSignal.abort());
    await expect(collect(run)).rejects.toThrow(/abort/i);
    expect(workspace.files()).toEqual(before);
  });

  it("tells no more than it may", async () => {
    const lines = Array.from({ length: 60 }, (_, index) => [`*** Add File: long-name-${index}.txt`, "+x"]);
    workspace.context.maxOutputBytes = 500;
    const input = patchOf(...lines.flat());
    const { result } = await collect(applyPatchTool.run({ input }, workspace.context, idle()));
    expect(Buffer.byteLength(result.output)).toBeLessThanOrEqual(500);
    expect(result.output).toMatch(/bytes left out/);
  });
});

describe("a patch for a folder", () => {
  it("has its paths relative to that folder, and tells them relative to the workspace", async () => {
    mkdirSync(join(workspace.path, "sub"));
    const tool = createApplyPatchTool("sub");
    const input = patchOf("*** Add File: x.txt", "+x");
    expect(await tool.assess({ input }, workspace.context)).toMatchObject({
      cwd: join(workspace.path, "sub"),
      files: [{ path: "sub/x.txt" }],
    });
    await collect(tool.run({ input }, workspace.context, idle()));
    expect(workspace.files()).toHaveProperty(["sub/x.txt"], "x\n");
  });

  it("is refused outside the workspace", async () => {
    const tool = createApplyPatchTool("../outside");
    await expect(tool.assess({ input: ALL }, workspace.context)).rejects.toThrow(/inside the workspace/);
  });
});
