import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** O_CLOEXEC, as /proc/pid/fdinfo tells it. */
const CLOSED_ON_EXEC = 0o2000000;

/**
 * Descriptors that this process was started with and would hand to every child, each with an empty one to hand over in
 * its stead. On Linux: elsewhere there is no asking, and Node closes what it knows of.
 */
export function blankDescriptors(taken: readonly number[]): ReadonlyMap<number, number> {
  if (process.platform !== "linux") return new Map();
  const inherited = readdirSync("/proc/self/fdinfo")
    .map(Number)
    .filter((descriptor) => descriptor > 2 && !taken.includes(descriptor) && isInherited(descriptor));
  if (inherited.length === 0) return new Map();
  const empty = openSync("/dev/null", "r");
  return new Map(inherited.map((descriptor) => [descriptor, empty]));
}

function isInherited(descriptor: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8"))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSED_ON_EXEC) === 0;
  } catch {
    // The one that the folder was read by is closed again.
    return false;
  }
}

/** A descriptor at the beginning of these bytes, in a file without a name. The caller closes it. */
export function openBytes(bytes: string | Uint8Array): number {
  const folder = mkdtempSync(join(tmpdir(), "agentloop-"));
  try {
    const path = join(folder, "bytes");
    writeFileSync(path, bytes);
    return openSync(path, "r");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A descriptor of the same file at its beginning. The caller closes it. Linux only. */
export function reopen(descriptor: number): number {
  return openSync(`/proc/self/fd/${descriptor}`, "r");
}
