import { accessSync, constants, statSync } from "node:fs";
import { createRequire } from "node:module";

/** What is run: a program and its first arguments. */
export interface Program {
  file: string;
  args: readonly string[];
}

/** An optional peer: it is installed by whoever wants this engine. */
const PACKAGE = "@openai/codex";

/** Finds the codex program: the given one, else the npm package beside us. Throws an Error that says both ways. */
export function findProgram(
  given: string | undefined,
  resolve: (name: string) => string = createRequire(import.meta.url).resolve,
): Program {
  if (given !== undefined) return checked(given);
  try {
    return programOf(resolve(`${PACKAGE}/bin/codex.js`));
  } catch {
    throw new Error(
      `The codex engine needs the codex program, which is not installed: npm install ${PACKAGE}, ` +
        "or set CODEX_BIN to the path of the program.",
    );
  }
}

function checked(path: string): Program {
  try {
    if (!statSync(path).isFile()) throw new Error("it is not a file");
    if (!isScript(path)) accessSync(path, constants.X_OK);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(
      `CODEX_BIN: expected the path of the codex program, got ${JSON.stringify(path)} (${why}). ` +
        `Without CODEX_BIN the npm package ${PACKAGE} is used, where it is installed.`,
      { cause: error },
    );
  }
  return programOf(path);
}

/** The package's program is a script: it runs on our own Node, whatever `node` the PATH may hold. */
const programOf = (path: string): Program =>
  isScript(path) ? { file: process.execPath, args: [path] } : { file: path, args: [] };

const isScript = (path: string) => /\.[cm]?js$/.test(path);
