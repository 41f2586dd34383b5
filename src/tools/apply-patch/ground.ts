import { readFile, realpath } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import type { ToolContext } from "../../contract/tool.ts";
import { resolveWorkdir } from "../workdir.ts";

/** Where patches apply. */
export interface Ground {
  /** Absolute, links resolved. */
  workspace: string;
  /** The folder that the paths of the patch are relative to: itself relative to the workspace, links resolved. */
  base: string;
  /** Absolute paths that no patch may touch, in addition to those that are protected by name. */
  protectedPaths: readonly string[];
}

/** `workdir` is absolute or relative to the workspace. Throws ToolError when it is no folder inside the workspace. */
export async function findGround(context: ToolContext, workdir: string): Promise<Ground> {
  const { workspace, protectedPaths = [] } = context;
  return {
    workspace,
    base: relative(workspace, await resolveWorkdir(workspace, workdir)),
    protectedPaths: [...protectedPaths, ...(await linkedGitFolders(workspace))],
  };
}

/** A worktree's `.git` is a file that names the real folder, which may have any name. */
async function linkedGitFolders(workspace: string): Promise<string[]> {
  const text = await readFile(join(workspace, ".git"), "utf8").catch(() => "");
  const named = /^gitdir: (.+)$/m.exec(text)?.[1];
  if (named === undefined) return [];
  const folder = resolve(workspace, named);
  return [await realpath(folder).catch(() => folder)];
}
