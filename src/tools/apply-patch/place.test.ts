import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { collect, createTestWorkspace, type TestWorkspace } from "../test-workspace.ts";
import { applyPatchTool } from "./tool.ts";

let workspace: TestWorkspace;
beforeEach(() => {
  workspace = createTestWorkspace({ "a.txt": "a\n", "real/b.txt": "b\n" });
  writeFileSync(join(workspace.outside, "secret.txt"), "secret\n");
});
afterEach(() => workspace.remove());

const patchOf = (...lines: string[]) => ["*** Begin Patch", ...lines, "*** End Patch"].join("\n");
const add = (path: string) => patchOf(`*** Add File: ${path}`, "+x");
const update = (path: string) => patchOf(`*** Update File: ${path}`, "@@", "-secret", "+changed");
const remove = (path: string) => patchOf(`*** Delete File: ${path}`);
const moveTo = (path: string) => patchOf("*** Update File: a.txt", `*** Move to: ${path}`);
const OPERATIONS = { add, update, remove, moveTo };

const run = (input: string, context = workspace.context) =>
  collect(applyPatchTool.run({ input }, context, new AbortController().signal));

async function expectRefused(input: string, says: RegExp): Promise<void> {
  const before = workspace.files();
  await expect(applyPatchTool.assess({ input }, workspace.context)).rejects.toThrow(says);
  await expect(run(input)).rejects.toMatchObject({ name: "ToolError", message: expect.stringMatching(says) });
  expect(workspace.files()).toEqual(before);
  expect(readdirSync(workspace.outside)).toEqual(["secret.txt"]);
  expect(readFileSync(join(workspace.outside, "secret.txt"), "utf8")).toBe("secret\n");
}

describe.each(Object.entries(OPERATIONS))("a path to %s", (_, operation) => {
  it.each([
    ["../outside/secret.txt", /without "\.\."/],
    ["real/../../outside/secret.txt", /without "\.\."/],
    ["real/../a.txt", /without "\.\."/],
    ["/etc/passwd", /relative to the workspace, got an absolute one\./],
    [".git/hooks/pre-commit", /protected/],
    [".git/config", /protected/],
    [".git", /protected/],
    [".GIT/config", /protected/],
    ["./.git//hooks/x", /protected/],
    ["real/.git/hooks/post-checkout", /protected/],
    [".codex/config.toml", /protected/],
    [".agents/skills/x.md", /protected/],
    [".Agents", /protected/],
    ["real/", /path of a file/],
    [".", /path of a file/],
    ["a\tb", /control characters/],
    ["n".repeat(300), /name is too long/],
  ])("%s is refused", async (path, says) => {
    await expectRefused(operation(path), says);
  });

  it("is refused when a folder links out of the workspace", async () => {
    symlinkSync(workspace.outside, join(workspace.path, "way"));
    await expectRefused(operation("way/secret.txt"), /way is a link that leads out of the workspace/);
  });

  it("is refused when a link leads to a link that leads out", async () => {
    symlinkSync("../../outside", join(workspace.path, "real/second"));
    symlinkSync("real/second", join(workspace.path, "first"));
    await expectRefused(operation("first/secret.txt"), /leads out of the workspace/);
  });

  it("is refused when the file itself is a link, wherever it leads", async () => {
    symlinkSync(join(workspace.outside, "secret.txt"), join(workspace.path, "out.txt"));
    symlinkSync("a.txt", join(workspace.path, "in.txt"));
    await expectRefused(operation("out.txt"), /is a symbolic link to .*secret\.txt/);
    await expectRefused(operation("in.txt"), /is a symbolic link to a\.txt/);
    expect(readlinkSync(join(workspace.path, "in.txt"))).toBe("a.txt");
  });

  it("is refused when a link leads nowhere or round in a circle", async () => {
    symlinkSync("nowhere", join(workspace.path, "dangling"));
    symlinkSync("circle", join(workspace.path, "circle"));
    await expectRefused(operation("dangling/x"), /leads nowhere/);
    await expectRefused(operation("dangling"), /symbolic link/);
    await expectRefused(operation("circle/x"), /link/);
  });

  it("is refused when a link inside the workspace leads to a protected folder", async () => {
    mkdirSync(join(workspace.path, ".git/hooks"), { recursive: true });
    symlinkSync(".git", join(workspace.path, "git"));
    await expectRefused(operation("git/hooks/pre-commit"), /protected/);
  });

  it("is refused for what is no plain file", async () => {
    execFileSync("sh", ["-c", "mkfifo pipe"], { cwd: workspace.path });
    await expectRefused(operation("pipe"), /no plain file/);
  });

  it("is refused in the folder that a worktree's .git file names", async () => {
    mkdirSync(join(workspace.path, "real/git-data/hooks"), { recursive: true });
    writeFileSync(join(workspace.path, ".git"), "gitdir: real/git-data\n");
    await expectRefused(operation("real/git-data/hooks/pre-commit"), /protected/);
  });

  it("is refused for the server's own files", async () => {
    workspace.context.protectedPaths = [join(workspace.path, "logs"), join(workspace.path, "real/b.txt")];
    await expectRefused(operation("logs/today.jsonl"), /protected/);
    await expectRefused(operation("real/b.txt"), /protected/);
  });
});

describe("a path", () => {
  it("that is absolute and inside the workspace is refused with the relative one", async () => {
    await expectRefused(add(join(workspace.path, "real/new.txt")), /absolute one \(here: real\/new\.txt\)/);
  });

  it("through a link that stays inside the workspace reaches the file behind it", async () => {
    symlinkSync("real", join(workspace.path, "way"));
    await run(patchOf("*** Update File: way/b.txt", "@@", "-b", "+B", "*** Add File: way/new/c.txt", "+c"));
    expect(workspace.files()).toEqual({ "a.txt": "a\n", "real/b.txt": "B\n", "real/new/c.txt": "c\n" });
    expect(readlinkSync(join(workspace.path, "way"))).toBe("real");
  });

  it("by way of a link is the same file as without", async () => {
    symlinkSync("real", join(workspace.path, "way"));
    await expectRefused(
      patchOf("*** Delete File: way/b.txt", "*** Delete File: real/b.txt"),
      /names it twice/,
    );
  });

  it("only resembles a protected one and is not refused", async () => {
    await run(patchOf("*** Add File: .gitignore", "+x", "*** Add File: real/.codex", "+y"));
    expect(workspace.files()).toMatchObject({ ".gitignore": "x\n", "real/.codex": "y\n" });
  });
});
