import { readFile, realpath, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

/** The first that a folder has. */
const NAMES = ["AGENTS.md", "CLAUDE.md"];

/** How much of all of them together a conversation begins with, in bytes. */
const LIMIT = 32 * 1024;

/**
 * What the workspace's own files say to an agent, nearest first: from the folder that it works in up to the root of its
 * repository. It is a user's text, never configuration. Undefined where there is none.
 */
export async function workspaceInstructions(workspace: string): Promise<string | undefined> {
  const parts: string[] = [];
  let left = LIMIT;
  for (const folder of await foldersOf(workspace)) {
    const found = await readFirst(folder);
    if (!found) continue;
    const text = cut(found.text, left);
    left -= Buffer.byteLength(text);
    parts.push(`From ${relative(workspace, found.path)}:\n\n${text}`);
    if (left <= 0) break;
  }
  return parts.length === 0 ? undefined : parts.join("\n\n");
}

/** The workspace alone where it is no part of a repository: what lies above it is none of its business. */
async function foldersOf(workspace: string): Promise<string[]> {
  const folders = [workspace];
  for (let folder = workspace; !(await exists(join(folder, ".git"))); folder = dirname(folder)) {
    if (folder === dirname(folder)) return [workspace];
    folders.push(dirname(folder));
  }
  return folders;
}

async function readFirst(folder: string): Promise<{ path: string; text: string } | undefined> {
  for (const name of NAMES) {
    const path = join(folder, name);
    try {
      // A link could lead to a file that the agent has no business with.
      if ((await realpath(path)) !== path) continue;
      const text = (await readFile(path, "utf8")).trim();
      if (text !== "") return { path, text };
    } catch {
      // It is not there, or cannot be read: the next one.
    }
  }
  return undefined;
}

const exists = async (path: string) => (await stat(path).catch(() => undefined)) !== undefined;

function cut(text: string, bytes: number): string {
  const buffer = Buffer.from(text);
  if (buffer.length <= bytes) return text;
  // A character that was cut in two is left out.
  const head = new TextDecoder().decode(buffer.subarray(0, bytes), { stream: true });
  return `${head}\n(cut: the file has ${buffer.length} bytes)`;
}
