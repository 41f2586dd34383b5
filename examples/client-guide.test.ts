import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { startTestBed } from "../src/e2e/test-bed.ts";
import { openPipes } from "../src/testing/terminal.ts";

const GUIDE = readFileSync(new URL("../docs/client.md", import.meta.url), "utf8");
const CLIENT = new URL("../dist/client/index.js", import.meta.url).href;

test("the program in docs/client.md runs as it stands there", async () => {
  await using bed = await startTestBed({}, { "hello.txt": "hello" });
  const block = /```js\n([^]*?)```/.exec(GUIDE)?.[1] ?? "";
  const program = block
    .replace('"agentloop-server/client"', JSON.stringify(CLIENT))
    .replace('"ws://127.0.0.1:8080"', JSON.stringify(bed.server.url));
  const running = openPipes([process.execPath, "--input-type=module", "--eval", program]);
  onTestFinished(() => running.close());
  expect(await running.exitCode).toBe(0);
  expect(running.stderr).toBe("");
  expect(running.stdout).toMatch(/hello\.txt[^]*\ncompleted\n$/);
});
