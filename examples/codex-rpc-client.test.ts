import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startTestBed, type TestBed } from "../src/e2e/test-bed.ts";
import { openPipes } from "../src/testing/terminal.ts";

const CLIENT = new URL("codex-rpc-client.js", import.meta.url).pathname;

async function start(prompt: string) {
  const bed = await startTestBed();
  onTestFinished(() => bed.close());
  return { bed, client: run(bed, prompt) };
}

function run(bed: TestBed, prompt: string) {
  const url = `WS_URL=${bed.server.url}api/v1/sre/socket`;
  const client = openPipes(["env", url, process.execPath, CLIENT, prompt]);
  onTestFinished(() => client.close());
  return client;
}

test("shows the answer, asks before a command runs, and does as it is told", async () => {
  const { bed, client } = await start("run touch made.txt && echo it-ran");
  await client.printed("Run bash -lc 'touch made.txt && echo it-ran' ?");
  client.write("y\n");
  expect(await client.exitCode).toBe(0);
  expect(client.stdout).toContain("it-ran");
  expect(await readFile(join(bed.workspace, "made.txt"), "utf8")).toBe("");
});

test("shows a patch, and declines it when nobody is there to ask", async () => {
  const { bed, client } = await start("create hello.txt with Hello");
  await client.printed("Apply the patch ?");
  expect(client.stdout).toContain(`add ${join(bed.workspace, "hello.txt")}\nHello`);
  client.end();
  expect(await client.exitCode).toBe(0);
  await expect(readFile(join(bed.workspace, "hello.txt"))).rejects.toThrow("ENOENT");
});

test("a decision to cancel ends the turn with 1", async () => {
  const { client } = await start("run touch made.txt");
  await client.printed("[y/a/n/c]");
  client.write("c\n");
  expect(await client.exitCode).toBe(1);
});
