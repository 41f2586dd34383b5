import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** Bytes of the web UI's JavaScript, packed with gzip. */
export interface WebSize {
  /** What every page loads first. */
  initial: number;
  /** What each lazy part loads beside that, by the name of its file. */
  lazy: Record<string, number>;
}

/** Reads the build in `folder`, from `main.js` on: what lies there of an earlier build does not count. */
export function webSize(folder: string): WebSize {
  const eager = closure(folder, ["main.js"]);
  const lazy: Record<string, number> = {};
  const waiting = dynamicImports(folder, eager);
  for (const entry of waiting) {
    const own = [...closure(folder, [entry])].filter((name) => !eager.has(name));
    lazy[entry] = sizeOf(folder, own);
    for (const next of dynamicImports(folder, own)) if (!eager.has(next)) waiting.add(next);
  }
  return { initial: sizeOf(folder, eager), lazy };
}

const STATIC_IMPORT = /(?:^|[;}\s])(?:import|export)(?:[\w*{}\s,$]+from)?"\.\/([\w.-]+\.js)"/g;
const DYNAMIC_IMPORT = /import\("\.\/([\w.-]+\.js)"\)/g;

function namesIn(folder: string, file: string, pattern: RegExp): string[] {
  const text = readFileSync(join(folder, file), "utf8");
  return [...text.matchAll(pattern)].flatMap(([, name]) => name ?? []);
}

/** The files and all that they import at once. */
function closure(folder: string, entries: readonly string[]): Set<string> {
  const found = new Set(entries);
  for (const name of found) for (const next of namesIn(folder, name, STATIC_IMPORT)) found.add(next);
  return found;
}

const dynamicImports = (folder: string, names: Iterable<string>) =>
  new Set([...names].flatMap((name) => namesIn(folder, name, DYNAMIC_IMPORT)));

const sizeOf = (folder: string, names: Iterable<string>) =>
  [...names].reduce((sum, name) => sum + gzipSync(readFileSync(join(folder, name)), { level: 9 }).length, 0);
