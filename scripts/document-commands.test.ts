import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { globSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { startRealServer } from "../src/testing/real-server.ts";

const ROOT = join(import.meta.dirname, "..");
const ENTRY = join(ROOT, "src/ws-server.ts");

/** The blocks of a document that a reader is meant to paste, in order. */
const blocksOf = (document: string): string[] =>
  [...readFileSync(join(ROOT, document), "utf8").matchAll(/^```sh run\n(.*?)^```$/gms)].map(
    ([, block = ""]) => block,
  );

const documents = ["README.md", ...globSync("docs/*.md", { cwd: ROOT })].filter(
  (document) => blocksOf(document).length > 0,
);

/** A folder with a server that is started in it, and the command that a user has installed. */
async function userFolder(): Promise<AsyncDisposable & { run: (script: string) => Promise<string> }> {
  const folder = await mkdtemp(join(tmpdir(), "agentloop-document-"));
  const [bin, work] = [join(folder, "bin"), join(folder, "work")];
  await mkdir(bin);
  await mkdir(work);
  const command = join(bin, "agentloop-server");
  await writeFile(command, `#!/bin/sh\nexec "${process.execPath}" "${ENTRY}" "$@"\n`);
  await chmod(command, 0o755);
  const server = await startRealServer({ cwd: work, env: { MODEL: "scripted" } });
  const end = async () => {
    await server.stop("SIGKILL");
    await rm(folder, { recursive: true });
  };
  // Each command compiles the sources anew otherwise.
  const env = {
    NODE_COMPILE_CACHE: join(folder, "cache"),
    HOME: folder,
    PATH: `${bin}:${process.env["PATH"]}`,
  };
  const run = async (script: string) => {
    const here = script.replaceAll("127.0.0.1:8080", `127.0.0.1:${server.port}`);
    const words = ["--noprofile", "--norc", "-euo", "pipefail", "-c", here];
    return (await promisify(execFile)("bash", words, { cwd: work, env })).stdout;
  };
  return { run, [Symbol.asyncDispose]: end };
}

it("there are such documents", () => {
  expect(documents).toEqual(expect.arrayContaining([join("docs", "operations.md")]));
});

it.concurrent.each(documents)(
  "the commands of %s run as they stand there",
  { timeout: 90_000 },
  async (document) => {
    await using user = await userFolder();
    for (const block of blocksOf(document)) expect(await user.run(block), block).not.toBe("");
  },
);
