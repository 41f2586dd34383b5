import { type Dir, opendirSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";

/** How many names are read before others get their turn. */
const TOGETHER = 250;

/** The names of what lies in a folder, some at a time; none where there is no such folder. */
export async function* namesIn(folder: string): AsyncGenerator<string[]> {
  const directory = openDirectory(folder);
  if (directory === undefined) return;
  try {
    for (let names = readSome(directory); names.length > 0; names = readSome(directory)) {
      yield names;
      await nextTurn();
    }
  } finally {
    directory.closeSync();
  }
}

function readSome(directory: Dir): string[] {
  const names: string[] = [];
  while (names.length < TOGETHER) {
    const entry = directory.readSync();
    if (entry === null) break;
    names.push(entry.name);
  }
  return names;
}

function openDirectory(folder: string): Dir | undefined {
  try {
    return opendirSync(folder, { bufferSize: TOGETHER });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
