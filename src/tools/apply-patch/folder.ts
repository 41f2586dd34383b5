import { existsSync } from "node:fs";
import { constants, lstat, mkdir, open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { ToolError } from "../../contract/tool.ts";
import { errorCode } from "./file-error.ts";

/** An open folder: what is done to its entries happens in this very folder, also when its path is changed meanwhile. */
export interface Folder {
  /** A path of an entry, for one system call. */
  entry(name: string): Promise<string>;
  handle: FileHandle;
}

const DESCRIPTORS = "/proc/self/fd";
const FOLDER_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Opens folders below a workspace one component after the other and follows no link, so that nobody can lead a write
 * elsewhere between check and use. Opened folders are kept until `close`.
 */
export class Folders {
  readonly #workspace: string;
  readonly #byDescriptor: boolean;
  readonly #open = new Map<string, Folder>();

  /** Where there are no paths of open files (outside Linux), a folder's identity is checked before each use instead. */
  constructor(workspace: string, byDescriptor = existsSync(DESCRIPTORS)) {
    this.#workspace = workspace;
    this.#byDescriptor = byDescriptor;
  }

  async get(parts: readonly string[]): Promise<Folder> {
    const key = parts.join("/");
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    const name = parts.at(-1);
    const path =
      name === undefined ? this.#workspace : await (await this.get(parts.slice(0, -1))).entry(name);
    const handle = await open(path, FOLDER_FLAGS);
    const folder = this.#folder(join(this.#workspace, ...parts), handle);
    this.#open.set(key, folder);
    return folder;
  }

  /** Makes a missing folder. False: it is there already. */
  async make(parts: readonly string[]): Promise<boolean> {
    const parent = await this.get(parts.slice(0, -1));
    try {
      await mkdir(await parent.entry(parts.at(-1) ?? ""));
      return true;
    } catch (error) {
      if (errorCode(error) === "EEXIST") return false;
      throw error;
    }
  }

  /** Makes all changes of entries durable, as far as the file system can. */
  async sync(): Promise<void> {
    await Promise.allSettled(Array.from(this.#open.values(), ({ handle }) => handle.sync()));
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#open.values(), ({ handle }) => handle.close()));
    this.#open.clear();
  }

  #folder(path: string, handle: FileHandle): Folder {
    if (this.#byDescriptor) return { handle, entry: async (name) => `${DESCRIPTORS}/${handle.fd}/${name}` };
    const entry = async (name: string) => {
      const [opened, there] = await Promise.all([handle.stat(), lstat(path)]);
      if (opened.dev !== there.dev || opened.ino !== there.ino) {
        throw new ToolError(`${path}: the folder was replaced while the patch was applied.`);
      }
      return join(path, name);
    };
    return { handle, entry };
  }
}

/** A server that runs as root works in somebody's folder: the files stay theirs. */
export async function giveTo(handle: FileHandle, owner: { uid: number; gid: number }): Promise<void> {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = await handle.stat();
  if (uid !== owner.uid || gid !== owner.gid) await handle.chown(owner.uid, owner.gid);
}
