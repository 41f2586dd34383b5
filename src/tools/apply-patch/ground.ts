import { realpath } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import type { ToolContext } from "../../contract/tool.ts";
import { readPlainFile } from "../plain-file.ts";
import { resolveWorkdir } from "../workdir.ts";

/** A worktree's `.git` holds one path. */
const LONGEST = 64 * 1024;

/** Where patches apply. */
export interface Ground {
  /** Absolute, links resolved. */
  workspace: string;
  /** The folder that the paths of the patch are relative to: itself relative to the workspace, links resolved. */
  base: string;
  /** Absolute paths, links resolved, that no patch may touch, in addition to those that are protected by name. */
  protectedPaths: readonly string[];
}

/** `workdir` is absolute or relative to the workspace. Throws ToolError when it is no folder inside the workspace. */
export async function findGround(
  { workspace, protectedPaths = [] }: Pick<ToolContext, "workspace" | "protectedPaths">,
  workdir: string,
): Promise<Ground> {
  return {
    workspace,
    base: relative(workspace, await resolveWorkdir(workspace, workdir)),
    protectedPaths: await Promise.all(
      [...protectedPaths, ...(await linkedGitFolders(workspace))].map(resolved),
    ),
  };
}

/** A worktree's `.git` is a file that names the real folder, which may have any name. */
async function linkedGitFolders(workspace: string): Promise<string[]> {
  const text = await readPlainFile(join(workspace, ".git"), LONGEST).catch(() => undefined);
  const named = /^gitdir: (.+)$/m.exec(text ?? "")?.[1];
  if (named === undefined) return [];
  return [resolve(workspace, named)];
}

/** What is not there is protected under the name that it would have. */
const resolved = (path: string): Promise<string> => realpath(path).catch(() => path);
