import { constants } from "node:fs";
import { open, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

/** The first that a folder has. */
const NAMES = ["AGENTS.md", "CLAUDE.md"];

/** How much of each, and of all of them together, a conversation begins with, in bytes. */
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
    left -= Buffer.byteLength(found.text);
    // The nearest is whole, whatever its length; what is farther away gets the room that is left.
    if (left < 0 && parts.length > 0) break;
    parts.push(`From ${relative(workspace, found.path)}:\n\n${found.text}`);
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
      const text = await readStart(path);
      if (text !== "") return { path, text };
    } catch {
      // It is not there, or cannot be read: the next one.
    }
  }
  return undefined;
}

/** No more than the limit of a plain file: a link could lead elsewhere, and a pipe would never end. */
async function readStart(path: string): Promise<string> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const { size } = await file.stat();
    const { bytesRead, buffer } = await file.read(Buffer.alloc(LIMIT), 0, LIMIT, 0);
    // A character that was cut in two is left out.
    const text = new TextDecoder().decode(buffer.subarray(0, bytesRead), { stream: true }).trim();
    return size > bytesRead ? `${text}\n(cut: the file has ${size} bytes)` : text;
  } finally {
    await file.close();
  }
}

const exists = async (path: string) => (await stat(path).catch(() => undefined)) !== undefined;
