import { lstatSync, mkdirSync, rmdirSync, unlinkSync, writeFileSync, type Stats } from "node:fs";
import type { ProtectedPath } from "./protected-paths.ts";

interface Held {
  inode: number;
  /** Inodes are used again. */
  birthtimeMs: number;
  isFolder: boolean;
  /** In bytes, of a file. */
  size: number;
  commands: number;
}

/** What stands at each place while a command runs. */
export interface Placed extends ProtectedPath {
  /** A folder or file of ours. */
  isPlaceholder: boolean;
}

/**
 * Folders and files that stand in the workspace where a protected place does not exist, because only what exists
 * can be mounted over. Counted over concurrent commands; what somebody else made or filled is left alone.
 */
export class Placeholders {
  readonly #held = new Map<string, Held>();

  /** Puts in place what is missing. Leaves out what cannot be: a command of the same user could not make it either. */
  hold(paths: readonly ProtectedPath[]): { placed: Placed[]; release: () => void } {
    const placed: Placed[] = [];
    for (const each of paths) {
      const isPlaceholder = this.#join(each.path) || create(each, this.#held);
      if (isPlaceholder || look(each.path) !== undefined) placed.push({ ...each, isPlaceholder });
    }
    const ours = placed.filter((each) => each.isPlaceholder);
    return {
      placed,
      release: () => {
        for (const each of ours.toReversed()) this.#leave(each.path);
      },
    };
  }

  #join(path: string): boolean {
    const held = this.#held.get(path);
    if (held === undefined) return false;
    held.commands += 1;
    return true;
  }

  #leave(path: string): void {
    const held = this.#held.get(path);
    if (held === undefined) return;
    held.commands -= 1;
    if (held.commands > 0) return;
    this.#held.delete(path);
    removeIfUntouched(path, held);
  }
}

function create({ path, placeholder, content = "" }: ProtectedPath, held: Map<string, Held>): boolean {
  const isFolder = placeholder === "folder";
  try {
    if (isFolder) mkdirSync(path);
    else writeFileSync(path, content, { flag: "wx" });
  } catch {
    return false;
  }
  const { ino: inode, birthtimeMs } = lstatSync(path);
  held.set(path, { inode, birthtimeMs, isFolder, size: content.length, commands: 1 });
  return true;
}

function removeIfUntouched(path: string, held: Held): void {
  const found = look(path);
  if (found?.ino !== held.inode || found.birthtimeMs !== held.birthtimeMs) return;
  try {
    // Fails if something is in it.
    if (held.isFolder) rmdirSync(path);
    else if (found.size === held.size) unlinkSync(path);
  } catch {
    // Somebody uses it now: it is theirs.
  }
}

function look(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}
