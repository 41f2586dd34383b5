import {
  closeSync,
  fchownSync,
  fdatasync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { promisify } from "node:util";

/** Whatever changes a file of the store goes through here, so that every single step can be made to fail. */
export interface Disk {
  open(path: string, flags: number, mode?: number): number;
  /** How many of the bytes were written: a full disk makes a short write that throws nothing. */
  write(descriptor: number, bytes: Buffer): number;
  truncate(descriptor: number, size: number): void;
  /** Resolves when the bytes of the file survive a crash of the machine. */
  sync(descriptor: number): Promise<void>;
  close(descriptor: number): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  makeFolder(path: string): void;
  /** Resolves when the names in the folder survive a crash of the machine. */
  syncFolder(path: string): Promise<void>;
}

const syncData = promisify(fdatasync);

export const realDisk: Disk = {
  open: openSync,
  write: (descriptor, bytes) => writeSync(descriptor, bytes),
  truncate: ftruncateSync,
  sync: syncData,
  close: closeSync,
  rename: renameSync,
  remove: unlinkSync,
  makeFolder: (path) => void mkdirSync(path, { recursive: true, mode: 0o700 }),
  async syncFolder(path) {
    const handle = await open(path);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

/** Whoever works on a server's logs as root must not take them away from it. Does nothing for anybody else. */
export function giveToOwnerOf(path: string, descriptor: number): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(path);
  fchownSync(descriptor, uid, gid);
}

/** Throws where not every byte could be written. */
export function writeWhole(disk: Disk, descriptor: number, bytes: Buffer): void {
  const written = disk.write(descriptor, bytes);
  if (written !== bytes.length) throw new Error(`only ${written} of ${bytes.length} bytes were written`);
}
