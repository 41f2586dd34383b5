import { constants, type FileHandle, open } from "node:fs/promises";

/**
 * The text of a file that a tool reads for itself, links followed; undefined where there is none. Throws for what is no
 * plain file, or longer than `maxBytes`: nobody is kept waiting by a pipe, nor by a device without an end.
 */
export async function readPlainFile(path: string, maxBytes: number): Promise<string | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (error instanceof Error && "code" in error && /^(?:ENOENT|ENOTDIR)$/.test(String(error.code)))
      return undefined;
    throw error;
  }
  try {
    const stats = await file.stat();
    if (!stats.isFile() || stats.size > maxBytes) {
      throw new Error(`${path}: expected a plain file of at most ${maxBytes} bytes`);
    }
    const room = Buffer.alloc(stats.size + 1);
    const { bytesRead } = await file.read(room);
    if (bytesRead > stats.size) throw new Error(`${path}: has more bytes than it says`);
    return room.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}
