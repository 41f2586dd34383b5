import {
  constants,
  copyFileSync,
  existsSync,
  fstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type Disk, realDisk } from "../../src/audit/disk.ts";

export type Fault =
  /** The step fails, and the next ones work again. */
  | "EIO"
  /** From this step on the disk is full: a write is cut short, and after it none is taken. */
  | "ENOSPC"
  /** The machine loses its power: nothing happens any more, and what was not synced may be lost. */
  | "power cut"
  /** The process is killed: nothing happens any more, and what was written stays. */
  | "kill";

interface FaultPlan {
  /** The step that it happens at, from 0; undefined for none. */
  at?: number | undefined;
  fault: Fault;
  /** For what only chance decides. From 0 to 1. */
  random: () => number;
  /** Where what a power cut may bring back is kept meanwhile. */
  attic: string;
}

class FaultError extends Error {
  readonly code: string;

  constructor(code: string, step: string) {
    super(`${code}: made to fail at ${step}`);
    this.code = code;
  }
}

interface OpenFile {
  path: string;
  /** Every write is on the disk when it returns. */
  synchronous: boolean;
}

/** A real disk on which one step goes wrong: any of open, write, truncate, sync, rename, remove, folder sync. */
export class FaultyDisk implements Disk {
  steps = 0;
  readonly #plan: FaultPlan;
  readonly #open = new Map<number, OpenFile>();
  /** How many bytes of a file are safe. */
  readonly #synced = new Map<string, number>();
  /** Names that were made and are not safe, with what stood there before. */
  readonly #names = new Map<string, string | undefined>();
  #dead = false;
  #full = false;

  constructor(plan: FaultPlan) {
    this.#plan = plan;
    mkdirSync(plan.attic, { recursive: true });
  }

  get happened(): boolean {
    return this.#plan.at !== undefined && this.steps > this.#plan.at;
  }

  open(path: string, flags: number, mode?: number): number {
    this.#step("open");
    const isNew = !existsSync(path);
    const descriptor = realDisk.open(path, flags, mode);
    if (isNew) this.#names.set(path, undefined);
    const emptied = (flags & constants.O_TRUNC) !== 0;
    if (isNew || emptied) this.#synced.set(path, 0);
    else if (!this.#synced.has(path)) this.#synced.set(path, fstatSync(descriptor).size);
    this.#open.set(descriptor, { path, synchronous: (flags & constants.O_SYNC) === constants.O_SYNC });
    return descriptor;
  }

  write(descriptor: number, bytes: Buffer): number {
    const isFault = this.#isFault();
    if (isFault && this.#plan.fault !== "EIO")
      realDisk.write(descriptor, bytes.subarray(0, this.#part(bytes.length)));
    if (isFault && this.#plan.fault === "ENOSPC") {
      this.steps += 1;
      this.#full = true;
      return fstatSync(descriptor).size > 0 ? this.#part(1) : 0;
    }
    this.#step("write");
    if (this.#full) throw new FaultError("ENOSPC", "write");
    const written = realDisk.write(descriptor, bytes);
    const file = this.#open.get(descriptor);
    if (file?.synchronous) this.#synced.set(file.path, fstatSync(descriptor).size);
    return written;
  }

  truncate(descriptor: number, size: number): void {
    this.#step("truncate");
    realDisk.truncate(descriptor, size);
    const path = this.#open.get(descriptor)?.path ?? "";
    this.#synced.set(path, Math.min(size, this.#synced.get(path) ?? 0));
  }

  async sync(descriptor: number): Promise<void> {
    const { size } = fstatSync(descriptor);
    this.#step("sync");
    await realDisk.sync(descriptor);
    const path = this.#open.get(descriptor)?.path ?? "";
    if (!this.#dead) this.#synced.set(path, Math.max(size, this.#synced.get(path) ?? 0));
  }

  /** Not a step: whatever becomes of it, nothing is lost by it. */
  close(descriptor: number): void {
    this.#open.delete(descriptor);
    realDisk.close(descriptor);
  }

  rename(from: string, to: string): void {
    this.#step("rename");
    const kept = existsSync(to) ? join(this.#plan.attic, `${this.steps}`) : undefined;
    if (kept !== undefined) copyFileSync(to, kept);
    renameSync(from, to);
    this.#names.delete(from);
    this.#names.set(to, kept);
    this.#synced.set(to, this.#synced.get(from) ?? 0);
    for (const file of this.#open.values()) if (file.path === from) file.path = to;
  }

  remove(path: string): void {
    this.#step("remove");
    realDisk.remove(path);
    this.#names.delete(path);
  }

  /** Not a step: what is then written in it is one. */
  makeFolder(path: string): void {
    if (!existsSync(path)) this.#names.set(path, undefined);
    realDisk.makeFolder(path);
  }

  async syncFolder(path: string): Promise<void> {
    const names = [...this.#names.keys()].filter((name) => dirname(name) === path);
    this.#step("folder sync");
    await realDisk.syncFolder(path);
    if (!this.#dead) for (const name of names) this.#names.delete(name);
  }

  /** After a power cut: takes away what nobody has synced, as chance will have it, all or a part of it. */
  loseUnsynced(): void {
    for (const [path, size] of this.#synced) {
      if (!existsSync(path)) continue;
      const unsynced = statSync(path).size - size;
      if (unsynced > 0) truncateSync(path, size + this.#part(unsynced + 1));
    }
    for (const [path, former] of this.#names) {
      if (this.#plan.random() < 0.5 || !existsSync(path)) continue;
      if (former === undefined) rmSync(path, { recursive: true });
      else copyFileSync(former, path);
    }
  }

  #part = (whole: number): number => Math.floor(this.#plan.random() * whole);

  #isFault = (): boolean => !this.#dead && this.steps === this.#plan.at;

  #step(name: string): void {
    if (this.#dead) throw new FaultError("EIO", `${name}, after the end`);
    const isFault = this.#isFault();
    this.steps += 1;
    if (!isFault) return;
    const { fault } = this.#plan;
    if (fault === "kill") process.kill(process.pid, "SIGKILL");
    if (fault === "power cut") this.#dead = true;
    if (fault === "ENOSPC") this.#full = true;
    throw new FaultError(fault === "ENOSPC" ? "ENOSPC" : "EIO", name);
  }
}
