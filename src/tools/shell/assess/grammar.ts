import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Language, Parser } from "web-tree-sitter";

let loading: Promise<Parser> | undefined;

/** The parser of bash scripts, loaded once. Throws when its two files are missing: that is a broken installation. */
export function bashParser(): Promise<Parser> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Parser> {
  const require = createRequire(import.meta.url);
  const runtime = () => require.resolve("web-tree-sitter/web-tree-sitter.wasm");
  const grammar = () => require.resolve("tree-sitter-bash/tree-sitter-bash.wasm");
  await Parser.init({ wasmBinary: await readFile(find("web-tree-sitter.wasm", runtime)) });
  const parser = new Parser();
  parser.setLanguage(await Language.load(await readFile(find("tree-sitter-bash.wasm", grammar))));
  return parser;
}

/** Beside the bundle, else in the package. */
function find(name: string, inPackage: () => string): string {
  const beside = fileURLToPath(new URL(`./${name}`, import.meta.url));
  return existsSync(beside) ? beside : inPackage();
}
