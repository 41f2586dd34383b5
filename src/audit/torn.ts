import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { type Disk, giveToOwnerOf, writeWhole } from "./disk.ts";

const CHUNK_BYTES = 64 * 1024;

/**
 * Moves what stands after the last line break of a `.jsonl` to the file's `.torn`, and cuts the file. Returns the bytes
 * that stay. What was cut is written before the cut: a crash in between leaves it in both.
 */
export function cutTorn(disk: Disk, path: string): number {
  const torn = readTorn(path);
  if (torn.bytes.length === 0) return torn.from;
  const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW, O_SYNC } = constants;
  const aside = path.replace(/\.jsonl$/, ".torn");
  withOpen(disk, aside, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_SYNC, (descriptor) => {
    giveToOwnerOf(path, descriptor);
    writeWhole(disk, descriptor, torn.bytes);
  });
  withOpen(disk, path, O_WRONLY | O_NOFOLLOW, (descriptor) => disk.truncate(descriptor, torn.from));
  return torn.from;
}

function withOpen(disk: Disk, path: string, flags: number, use: (descriptor: number) => void): void {
  const descriptor = disk.open(path, flags, 0o600);
  try {
    use(descriptor);
  } finally {
    disk.close(descriptor);
  }
}

function readTorn(path: string): { from: number; bytes: Buffer } {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    let from = fstatSync(descriptor).size;
    let bytes = Buffer.alloc(0);
    while (from > 0) {
      const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, from));
      readSync(descriptor, chunk, 0, chunk.length, from - chunk.length);
      const end = chunk.lastIndexOf(0x0a);
      bytes = Buffer.concat([chunk.subarray(end + 1), bytes]);
      from -= chunk.length - (end + 1);
      if (end >= 0) break;
    }
    return { from, bytes };
  } finally {
    closeSync(descriptor);
  }
}
