import type { ScriptedStep } from "../../src/models/scripted/script.ts";

/** What the pictures show: a nightly job that fills the disk, found, mended and tested. */
export const TASK = "The nightly export fails with ENOSPC. Find out why, and fix it.";

export const FILES: Readonly<Record<string, string>> = {
  "package.json": `${JSON.stringify({ name: "exporter", type: "module", scripts: { test: "node --test" } }, null, 2)}\n`,
  "rotate.js": [
    'import { readdir, rename } from "node:fs/promises";',
    'import { join } from "node:path";',
    "",
    "/** Moves finished exports out of the way. */",
    "export async function rotate(folder, archive) {",
    "  const names = await readdir(folder);",
    "  for (const name of names) {",
    '    if (!name.endsWith(".done")) continue;',
    "    await rename(join(folder, name), join(archive, name));",
    "  }",
    "  // TODO: remove old archives",
    "}",
    "",
  ].join("\n"),
  "rotate.test.js": [
    'import assert from "node:assert/strict";',
    'import { mkdtemp, readdir, utimes, writeFile } from "node:fs/promises";',
    'import { tmpdir } from "node:os";',
    'import { join } from "node:path";',
    'import { test } from "node:test";',
    'import { rotate } from "./rotate.js";',
    "",
    'const folder = () => mkdtemp(join(tmpdir(), "rotate-"));',
    "",
    'test("finished exports are moved", async () => {',
    "  const [from, to] = [await folder(), await folder()];",
    '  await writeFile(join(from, "a.done"), "");',
    "  await rotate(from, to);",
    '  assert.deepEqual(await readdir(to), ["a.done"]);',
    "});",
    "",
    'test("old archives are removed", async () => {',
    "  const [from, to] = [await folder(), await folder()];",
    '  await writeFile(join(to, "old.done"), "");',
    '  await utimes(join(to, "old.done"), 0, 0);',
    "  await rotate(from, to);",
    "  assert.deepEqual(await readdir(to), []);",
    "});",
    "",
  ].join("\n"),
};

const PATCH = `*** Begin Patch
*** Update File: rotate.js
@@
-import { readdir, rename } from "node:fs/promises";
+import { readdir, rename, rm, stat } from "node:fs/promises";
 import { join } from "node:path";
 
-/** Moves finished exports out of the way. */
-export async function rotate(folder, archive) {
+const WEEK_MS = 7 * 24 * 60 * 60 * 1000;
+
+/** Moves finished exports out of the way, and removes those that have been there for long enough. */
+export async function rotate(folder, archive, keepMs = WEEK_MS) {
   const names = await readdir(folder);
@@
     await rename(join(folder, name), join(archive, name));
   }
-  // TODO: remove old archives
+  for (const name of await readdir(archive)) {
+    const path = join(archive, name);
+    const { mtimeMs } = await stat(path);
+    if (Date.now() - mtimeMs > keepMs) await rm(path);
+  }
 }
*** End Patch`;

const FOUND = `The archive is what fills the disk: \`rotate()\` moves every finished export there, and **nothing ever removes one**.

| folder | used | files |
| --- | ---: | ---: |
| \`exports/\` | 212 MB | 3 |
| \`archive/\` | **38 GB** | 1 204 |

I will let it remove archives that are older than a week. The test for that is there already, and fails.`;

const DONE = `Both tests pass. The export fails no more, because the archive now keeps one week:

1. \`rotate()\` removes what has lain in \`archive/\` for longer than \`keepMs\` (a week, unless you say otherwise).
2. Nothing else has changed for its callers.

The next run will free about **31 GB**. If you would rather keep a month, call it so:

\`\`\`js
await rotate("exports", "archive", 30 * 24 * 60 * 60 * 1000);
\`\`\``;

const shell = (script: string, call_id: string): ScriptedStep => ({
  call: { name: "shell", arguments: { command: ["bash", "-lc", script] }, call_id },
});

const spent = (input_tokens: number, output_tokens: number): ScriptedStep => ({
  usage: { input_tokens, output_tokens },
});

/** What the model answers, one after another. */
export const RESPONSES: readonly (readonly ScriptedStep[])[] = [
  [
    {
      reasoning: "ENOSPC comes from the disk, not from the export itself. I look at what rotates the files.",
    },
    { text: "I will look at what writes and what removes files here." },
    shell("ls -l && cat rotate.js", "call_look"),
    spent(8_240, 312),
  ],
  [
    { text: FOUND },
    { call: { name: "apply_patch", arguments: { input: PATCH }, call_id: "call_patch" } },
    spent(9_105, 688),
  ],
  [{ text: "Now the tests." }, shell("npm test --silent", "call_test"), spent(10_020, 95)],
  [{ text: DONE }, spent(11_480, 402)],
];

/** What the model costs, in US dollars per million tokens. */
export const REGISTRY = {
  scripted: {
    contextWindow: 200_000,
    maxOutputTokens: 32_000,
    price: { input: 3, output: 15 },
  },
};
