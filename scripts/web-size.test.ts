import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { WEB_FOLDER } from "../src/built-files.ts";
import { webSize } from "./web-size.ts";

const KIB = 1024;

it("the web UI's first load, and each of its lazy parts, stay small", () => {
  const { initial, lazy } = webSize(WEB_FOLDER);
  expect(initial).toBeGreaterThan(50 * KIB);
  expect(initial).toBeLessThan(180 * KIB);
  expect(Object.keys(lazy).length).toBeGreaterThanOrEqual(2);
  for (const size of Object.values(lazy)) expect(size).toBeLessThan(60 * KIB);
});

it("what a part imports counts once, where it is first loaded", async () => {
  const folder = await mkdtemp(join(tmpdir(), "web-size-"));
  const noise = (length: number) => `"${Array.from({ length }, () => Math.random()).join()}"`;
  const files = {
    "main.js": `import{a as b}from"./chunk-A.js";import"./chunk-B.js";const c=()=>import("./page.js");`,
    "chunk-A.js": noise(1000),
    "chunk-B.js": noise(1000),
    "page.js": `import{x}from"./chunk-A.js";export{y}from"./chunk-C.js";import("./deep.js")`,
    "chunk-C.js": noise(500),
    "deep.js": noise(100),
    "old.js": noise(5000),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const { initial, lazy } = webSize(folder);
  expect(Object.keys(lazy)).toEqual(["page.js", "deep.js"]);
  expect(lazy["page.js"]).toBeGreaterThan(lazy["deep.js"] ?? 0);
  expect(initial).toBeGreaterThan(3 * (lazy["page.js"] ?? Infinity));
  await rm(folder, { recursive: true });
});
