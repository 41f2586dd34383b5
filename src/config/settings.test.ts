import { readFileSync } from "node:fs";
import { parse } from "dotenv";
import { expect, test } from "vitest";
import { type Setting, SETTINGS } from "./settings.ts";

const example = readFileSync(new URL("../../ws-server.env.example", import.meta.url), "utf8");
const settings: Setting[] = Object.values(SETTINGS);

test("the example names every variable with its default, and none that does not exist", () => {
  const inUse = parse(example.replaceAll(/^# ([A-Z][A-Z0-9_]*=)/gm, "$1"));
  const defaults = settings.map(({ name, default: value = "" }) => [name, value]);
  expect(inUse).toEqual(Object.fromEntries(defaults));
});

test("the example changes nothing as it is", () => {
  expect(parse(example)).toEqual({});
});

test("the example tells the other names of variables", () => {
  for (const alias of settings.flatMap(({ aliases = [] }) => aliases)) expect(example).toContain(alias);
});

test("every default is a valid value", () => {
  const invalid = settings.filter(
    ({ default: value, schema }) => value !== undefined && !schema.safeParse(value).success,
  );
  expect(invalid).toEqual([]);
});
