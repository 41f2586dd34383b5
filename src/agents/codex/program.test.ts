import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findProgram } from "./program.ts";

const nothing = (): string => {
  throw new Error("not installed");
};

async function file(name: string, mode: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "agentloop-program-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, name), "");
  await chmod(join(folder, name), mode);
  return join(folder, name);
}

test("a program that is given is run as it is, and a script on our own Node", async () => {
  const program = await file("codex", 0o755);
  expect(findProgram(program, nothing)).toEqual({ file: program, args: [] });
  const script = await file("codex.js", 0o644);
  expect(findProgram(script, nothing)).toEqual({ file: process.execPath, args: [script] });
});

test("the npm package is the next choice", () => {
  const found = findProgram(undefined, (name) => `/node_modules/${name}`);
  expect(found.args).toEqual(["/node_modules/@openai/codex/bin/codex.js"]);
});

test("without either, the error names both", () => {
  expect(() => findProgram(undefined, nothing)).toThrow(/npm install @openai\/codex, or set CODEX_BIN/);
});

test("what is no program is refused with the path", async () => {
  const plain = await file("codex", 0o644);
  expect(() => findProgram(plain, nothing)).toThrow(`got ${JSON.stringify(plain)}`);
  expect(() => findProgram("/nonexistent/codex", nothing)).toThrow(/CODEX_BIN: .*ENOENT/);
});
