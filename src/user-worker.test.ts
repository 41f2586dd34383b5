import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { ToolError, type ToolContext } from "./contract/tool.ts";
import { createAsUser } from "./sandboxes/as-user.ts";
import { IS_ROOT, NOBODY } from "./testing/confined.ts";
import { applyPatchTool } from "./tools/apply-patch/tool.ts";
import { collect, createTestWorkspace, type TestWorkspace } from "./tools/test-workspace.ts";

const asUser = createAsUser(NOBODY, join(import.meta.dirname, "user-worker.ts"));

/** A workspace of the other user; what a test adds is root's. */
function theirs(
  files: Record<string, string> = {},
): TestWorkspace & { asThem: ToolContext; asRoot: ToolContext } {
  const made = createTestWorkspace(files);
  onTestFinished(() => made.remove());
  chmodSync(dirname(made.path), 0o755);
  execFileSync("chown", ["-R", `${NOBODY.uid}:${NOBODY.gid}`, made.path]);
  return { ...made, asRoot: made.context, asThem: { ...made.context, asUser } };
}

const patchOf = (...lines: string[]) => ["*** Begin Patch", ...lines, "*** End Patch"].join("\n");
const add = (path: string) => patchOf(`*** Add File: ${path}`, "+new");
const update = (path: string) => patchOf(`*** Update File: ${path}`, "@@", "-a", "+A");

const assess = (input: string, context: ToolContext) => applyPatchTool.assess({ input }, context);
const run = (input: string, context: ToolContext) =>
  collect(applyPatchTool.run({ input }, context, new AbortController().signal));

async function expectRefused(work: Promise<unknown>, words: RegExp) {
  const error = await work.catch((failure: unknown) => failure);
  expect(error).toBeInstanceOf(ToolError);
  expect((error as ToolError).message).toMatch(words);
}

describe.runIf(IS_ROOT)("a patch as the user that commands run as (only root can become another one)", () => {
  const FILES = { "a.txt": "a\n", "b.txt": "b\n", "c.txt": "c\n" };
  const ALL = patchOf(
    "*** Add File: new/deep/d.txt",
    "+d",
    "*** Update File: a.txt",
    "@@",
    "-a",
    "+A",
    "*** Update File: b.txt",
    "*** Move to: e.txt",
    "*** Delete File: c.txt",
  );

  it("is assessed and applied as the server's own process would, in the same words", async () => {
    const [one, other] = [theirs(FILES), theirs(FILES)];
    const inPlace = (text: string) => text.replaceAll(other.path, one.path);
    const [asThem, asRoot] = [await assess(ALL, one.asThem), await assess(ALL, other.asRoot)];
    expect(asThem).toEqual(JSON.parse(inPlace(JSON.stringify(asRoot))));

    const [mine, roots] = [(await run(ALL, one.asThem)).result, (await run(ALL, other.asRoot)).result];
    expect(mine.output).toBe(roots.output);
    expect(mine.facts?.files).toHaveLength(5);
    expect(mine.facts?.files).toEqual(roots.facts?.files);
    expect(one.files()).toEqual({ "a.txt": "A\n", "e.txt": "b\n", "new/deep/d.txt": "d\n" });
    for (const name of ["a.txt", "e.txt", "new", "new/deep", "new/deep/d.txt"]) {
      expect(statSync(join(one.path, name))).toMatchObject(NOBODY);
    }
  });

  it("does not write in a folder that is not the user's, where root would have", async () => {
    const { path, asThem, asRoot } = theirs();
    mkdirSync(join(path, "locked"), { mode: 0o755 });
    await expectRefused(
      run(add("locked/x.txt"), asThem),
      /permission denied \(EACCES\)\. Nothing was changed\./,
    );
    expect(existsSync(join(path, "locked/x.txt"))).toBe(false);
    await run(add("locked/x.txt"), asRoot);
    expect(existsSync(join(path, "locked/x.txt"))).toBe(true);
  });

  it("shows nothing of a file that the user cannot read, where root would have", async () => {
    const { path, asThem, asRoot } = theirs();
    writeFileSync(join(path, "secret.txt"), "a\nroot's secret\n", { mode: 0o600 });
    await expectRefused(
      assess(update("secret.txt"), asThem),
      /^secret\.txt: permission denied \(EACCES\)\.$/,
    );
    await expectRefused(run(update("secret.txt"), asThem), /permission denied/);
    const { files } = await assess(update("secret.txt"), asRoot);
    expect(files?.[0]?.diff).toContain("root's secret");
  });

  it("does not go through a link's folders where the user may not", async () => {
    const { path, asThem, asRoot } = theirs();
    mkdirSync(join(path, "closed/inner"), { recursive: true });
    chmodSync(join(path, "closed"), 0o700);
    chownSync(join(path, "closed/inner"), NOBODY.uid, NOBODY.gid);
    symlinkSync("closed/inner", join(path, "way"));
    await expectRefused(run(add("way/x.txt"), asThem), /permission denied/);
    await run(add("way/x.txt"), asRoot);
    expect(existsSync(join(path, "closed/inner/x.txt"))).toBe(true);
  });

  it("is made whole or not at all when the user's rights end half way", async () => {
    const workspace = theirs(FILES);
    const { path, asThem } = workspace;
    mkdirSync(join(path, "locked"), { mode: 0o755 });
    writeFileSync(join(path, "locked/gone.txt"), "x\n");
    const before = workspace.files();
    const input = patchOf(...ALL.split("\n").slice(1, -1), "*** Delete File: locked/gone.txt");
    await expectRefused(run(input, asThem), /locked\/gone\.txt: permission denied.*Nothing was changed/);
    expect(workspace.files()).toEqual(before);
    expect(existsSync(join(path, "new"))).toBe(false);
  });

  it("finds the server's own files protected, and links judged, as ever", async () => {
    const { path, outside, asThem } = theirs({ "sub/.env": "a\n", "real/x.txt": "a\n" });
    symlinkSync(outside, join(path, "out"));
    const context = { ...asThem, protectedPaths: [join(path, "sub/.env")] };
    await expectRefused(run(update("sub/.env"), context), /is protected/);
    await expectRefused(run(add(".git/hooks/post-commit"), context), /is protected/);
    await expectRefused(run(add("out/x.txt"), context), /leads out of the workspace/);
    await expectRefused(run("no patch", context), /A patch begins with/);
  });

  it("is not begun when it was cancelled before", async () => {
    const workspace = theirs(FILES);
    const work = collect(applyPatchTool.run({ input: ALL }, workspace.asThem, AbortSignal.abort()));
    await expect(work).rejects.toThrow(/abort/i);
    expect(workspace.files()).toEqual(FILES);
  });
});

describe.runIf(IS_ROOT)("the workspace's instructions (only root can become another user)", () => {
  it("are those that the user can read", async () => {
    const { path } = theirs({ "CLAUDE.md": "Use tabs.\n" });
    writeFileSync(join(path, "AGENTS.md"), "root's secret\n", { mode: 0o600 });
    expect(readFileSync(join(path, "AGENTS.md"), "utf8")).toContain("secret");
    expect(await asUser("workspace_instructions", path)).toBe("From CLAUDE.md:\n\nUse tabs.");
  });
});
