import { constants } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { AgentError } from "../contract/error.ts";

const MAX_BYTES = 5 * 1024 * 1024;

/** The first bytes of the kinds that models take. */
const KINDS: [type: string, isIt: (head: string) => boolean][] = [
  ["image/png", (head) => head.startsWith("\x89PNG\r\n\x1a\n")],
  ["image/jpeg", (head) => head.startsWith("\xff\xd8\xff")],
  ["image/gif", (head) => /^GIF8[79]a/.test(head)],
  ["image/webp", (head) => /^RIFF[^]{4}WEBP/.test(head)],
];

/**
 * Reads an image inside a workspace, links resolved, as a `data:` URL. Throws AgentError `invalid_message`, in the same
 * words for what is not there and what lies outside.
 */
export async function readImage(workspace: string, path: string): Promise<string> {
  const bytes = await readInside(workspace, path).catch(() => undefined);
  const head = bytes?.toString("latin1", 0, 16) ?? "";
  const [type] = KINDS.find(([, isIt]) => isIt(head)) ?? [];
  if (bytes !== undefined && type !== undefined) return `data:${type};base64,${bytes.toString("base64")}`;
  throw new AgentError(
    "invalid_message",
    `imagePaths: expected a PNG, JPEG, GIF or WebP of at most ${MAX_BYTES} bytes inside the workspace; came ${JSON.stringify(path)}.`,
  );
}

async function readInside(workspace: string, path: string): Promise<Buffer | undefined> {
  const real = await realpath(resolve(workspace, path));
  const way = relative(workspace, real);
  if (way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way)) return undefined;
  // Neither a link that was put there since, nor a pipe that nobody writes to.
  const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return await readWhole(file);
  } finally {
    await file.close();
  }
}

async function readWhole(file: FileHandle): Promise<Buffer | undefined> {
  const stats = await file.stat();
  return stats.isFile() && stats.size <= MAX_BYTES ? await file.readFile() : undefined;
}
