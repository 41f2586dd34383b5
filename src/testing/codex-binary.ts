import { existsSync } from "node:fs";
import { join } from "node:path";

const PACKAGE = join(import.meta.dirname, "../../.tools/codex/node_modules/@openai/codex");

/** The path of the real `codex` program (a Node script that starts the one for this platform). */
export function codexBinary(): string {
  const program = join(PACKAGE, "bin", "codex.js");
  if (!existsSync(program)) throw new Error("These tests need the codex program: npm run setup -- --tests");
  return program;
}
