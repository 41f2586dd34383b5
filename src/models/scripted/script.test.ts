import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readScript } from "./script.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "script-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function scriptFile(text: string): Promise<string> {
  const path = join(folder, "script.json");
  await writeFile(path, text);
  return path;
}

test("a file is a list of responses, or an object that says how to play them", async () => {
  const responses = [[{ text: "hello" }], [{ call: { name: "shell", arguments: { command: ["ls"] } } }]];
  expect(await readScript(await scriptFile(JSON.stringify(responses)))).toEqual({ responses });
  const played = { responses, repeat: true, deltas: 100, delayMs: 2 };
  expect(await readScript(await scriptFile(JSON.stringify(played)))).toEqual(played);
});

test.each([
  ["is no JSON", "{", "cannot be read"],
  ["has an unknown step", '[[{"say": "hello"}]]', "expected a step"],
  ["has an unknown error code", '[[{"error": {"code": "oops"}}]]', "expected a step"],
  ["names no responses", "{}", "responses"],
])("a file that %s is refused with its path and what was expected", async (_name, text, expected) => {
  const path = await scriptFile(text);
  const refusal = readScript(path);
  await expect(refusal).rejects.toThrow(expected);
  await expect(refusal).rejects.toThrow(path);
});

test("a file that is not there is refused with its path", async () => {
  await expect(readScript(join(folder, "none.json"))).rejects.toThrow(/none\.json cannot be read: ENOENT/);
});
