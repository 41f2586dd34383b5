import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { workspaceInstructions } from "./workspace-instructions.ts";

let root = "";
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "instructions-")));
});
afterEach(() => rm(root, { recursive: true }));

async function write(path: string, text: string) {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

it("reads AGENTS.md before CLAUDE.md, from the folder up to the root of the repository, nearest first", async () => {
  await write("AGENTS.md", "outside");
  await write("repo/.git/HEAD", "");
  await write("repo/AGENTS.md", "of the repository");
  await write("repo/packages/CLAUDE.md", "of the packages");
  await write("repo/packages/one/AGENTS.md", "of one");
  await write("repo/packages/one/CLAUDE.md", "not this one");
  const text = await workspaceInstructions(join(root, "repo/packages/one"));
  expect(text).toBe(
    "From AGENTS.md:\n\nof one\n\nFrom ../CLAUDE.md:\n\nof the packages\n\nFrom ../../AGENTS.md:\n\nof the repository",
  );
});

it("reads only the folder itself where there is no repository", async () => {
  await write("AGENTS.md", "above");
  await write("work/AGENTS.md", "here");
  expect(await workspaceInstructions(join(root, "work"))).toBe("From AGENTS.md:\n\nhere");
});

it("is undefined where there is nothing, also where the file is empty", async () => {
  await write("AGENTS.md", "  \n");
  expect(await workspaceInstructions(root)).toBeUndefined();
});

it("does not follow a link", async () => {
  await write("secret.txt", "a secret");
  await mkdir(join(root, "work"));
  await symlink(join(root, "secret.txt"), join(root, "work/AGENTS.md"));
  expect(await workspaceInstructions(join(root, "work"))).toBeUndefined();
});

it("is cut at 32 KiB, never inside a character", async () => {
  await write("AGENTS.md", `a${"ä".repeat(40_000)}`);
  const text = (await workspaceInstructions(root)) ?? "";
  expect(Buffer.byteLength(text)).toBeLessThan(33 * 1024);
  expect(text).toContain("(cut: the file has 80001 bytes)");
  expect(text).not.toContain("\uFFFD");
});

it("does not wait for a pipe, or read a folder", async () => {
  execFileSync("mkfifo", [join(root, "AGENTS.md")]);
  await mkdir(join(root, "CLAUDE.md"));
  expect(await workspaceInstructions(root)).toBeUndefined();
});
