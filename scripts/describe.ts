// Writes docs/api: the descriptions of the HTTP requests and of the messages, as a server gives them out.
//
//   npm run describe              writes what has changed
//   npm run describe -- --check   says what differs, and fails
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe } from "../src/server/description.ts";

const FOLDER = fileURLToPath(new URL("../docs/api", import.meta.url));

/** The text of every file of the folder, by its name. */
function describedFiles(): Map<string, string> {
  const { openapi, asyncapi, schemas } = describe();
  const documents: [string, object][] = [
    ["openapi.json", openapi],
    ["asyncapi.json", asyncapi],
    ...Object.entries(schemas).map(([name, schema]): [string, object] => [`schemas/${name}.json`, schema]),
  ];
  return new Map(documents.map(([name, document]) => [name, `${JSON.stringify(document, undefined, 2)}\n`]));
}

function filesIn(folder: string): Map<string, string> {
  mkdirSync(folder, { recursive: true });
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const paths = entries.map(({ parentPath, name }) => join(parentPath, name));
  return new Map(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, "utf8")]));
}

/** What differs between what lies in the folder and what should, a line each. */
export function differences(
  lies: ReadonlyMap<string, string>,
  should: ReadonlyMap<string, string> = describedFiles(),
): string[] {
  const names = [...new Set([...lies.keys(), ...should.keys()])].sort();
  return names.flatMap((name) => {
    const [old, now] = [lies.get(name), should.get(name)];
    if (old === now) return [];
    if (old === undefined) return [`${name}: missing`];
    if (now === undefined) return [`${name}: describes nothing any more`];
    return [`${name}: ${firstDifference(old.split("\n"), now.split("\n"))}`];
  });
}

function firstDifference(old: string[], now: string[]): string {
  const at = now.findIndex((line, index) => line !== old[index]);
  const index = at < 0 ? now.length : at;
  return `line ${index + 1}: expected ${now[index]?.trim() ?? "the end"}, is ${old[index]?.trim() ?? "the end"}`;
}

/** What differs from the committed descriptions now. */
export const drift = (): string[] => differences(filesIn(FOLDER));

function write(): void {
  const should = describedFiles();
  const lies = filesIn(FOLDER);
  for (const name of lies.keys()) if (!should.has(name)) rmSync(join(FOLDER, name));
  for (const [name, text] of should) {
    if (lies.get(name) === text) continue;
    mkdirSync(dirname(join(FOLDER, name)), { recursive: true });
    writeFileSync(join(FOLDER, name), text);
    console.log(`wrote docs/api/${name}`);
  }
}

function check(): void {
  const found = drift();
  if (found.length === 0) return;
  console.error(
    `docs/api differs from what a server gives out; npm run describe writes it anew:\n  ${found.join("\n  ")}`,
  );
  process.exitCode = 1;
}

if (import.meta.main) {
  if (process.argv.includes("--check")) check();
  else write();
}
