import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NotStarted, startRealServer } from "../src/testing/real-server.ts";
import { SocketClient } from "../src/testing/socket-client.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "..");
const COMPILER = join(ROOT, "node_modules/typescript/bin/tsc");
/** What the package is made of, and by. */
const SOURCES = ["src", "scripts", "docs", "deploy", "build-ws-server.mjs", "tsconfig.json"].concat([
  "package.json",
  "README.md",
  "LICENSE",
  "CHANGELOG.md",
  "ws-server.env.example",
]);
/** Bytes of the file that is sent around, and of what is on the disk then. */
const MOST = { packed: 2_200_000, installed: 11_000_000 };

let top: string;
/** A folder of a user who has installed the package and nothing else. */
let project: string;
let installed: string;
let packed: { size: number; files: { path: string }[] };

beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), "agentloop-package-"));
  const copy = join(top, "copy");
  await mkdir(copy);
  for (const name of SOURCES) await cp(join(ROOT, name), join(copy, name), { recursive: true });
  await symlink(join(ROOT, "node_modules"), join(copy, "node_modules"));
  const tarball = await pack(copy);
  project = join(top, "project");
  installed = join(project, "node_modules/agentloop-server");
  await mkdir(project);
  await writeFile(join(project, "package.json"), '{ "type": "module" }');
  await npm(project, "install", "--offline", "--no-audit", "--no-fund", tarball);
}, 120_000);
afterAll(() => rm(top, { recursive: true, force: true }));

const npm = (cwd: string, ...words: string[]) =>
  run("npm", words, { cwd, env: { ...process.env, npm_config_cache: join(top, "cache") } });

async function pack(folder: string): Promise<string> {
  const { stdout } = await npm(folder, "pack", "--json", "--silent");
  const report = JSON.parse(stdout.slice(stdout.search(/^[[{]/m))) as object;
  const { filename, ...rest } = Object.values(report)[0] as typeof packed & { filename: string };
  packed = rest;
  return join(folder, filename);
}

const binary = () => join(project, "node_modules/.bin/agentloop-server");

describe("the package", () => {
  it("is small, and has what it promises", async () => {
    const paths = packed.files.map(({ path }) => path);
    const sizes = await Promise.all(paths.map(async (path) => (await stat(join(installed, path))).size));
    const size = sizes.reduce((sum, bytes) => sum + bytes, 0);
    console.log(`the package: ${packed.size} bytes, installed ${size} bytes in ${paths.length} files`);
    expect(packed.size).toBeLessThan(MOST.packed);
    expect(size).toBeLessThan(MOST.installed);
    expect(await readdir(join(project, "node_modules"))).toEqual([
      ".bin",
      ".package-lock.json",
      "agentloop-server",
    ]);
    expect(paths).toEqual(
      expect.arrayContaining(["README.md", "LICENSE", "ws-server.env.example", "dist/web/index.html"]),
    );
    expect(paths.filter((path) => /\.map$|\.test\.|^src\/|^sessions\//.test(path))).toEqual([]);
  });

  it("starts in the folder of a user, who talks to it by the client that it exports", async () => {
    const env = { MODEL: "scripted", SESSION_STORE_PATH: "" };
    await using server = await startRealServer({ cwd: project, entry: binary(), env });
    const program = `
      import { connect } from "agentloop-server/client";
      const client = connect({ url: process.argv[1], onApproval: () => "YES" });
      for await (const { type, payload } of client.turn("run echo good | tee day.txt")) {
        if (type === "agent_finished") console.log(payload.status);
      }
      client.close();`;
    const words = ["--input-type=module", "--eval", program, server.url];
    const { stdout } = await run(process.execPath, words, { cwd: project });
    expect(stdout).toBe("completed\n");
    expect(await readFile(join(project, "day.txt"), "utf8")).toBe("good\n");
  });

  it("runs from its folder dist alone, as in the container", async () => {
    const alone = join(top, "alone");
    await cp(join(installed, "dist"), join(alone, "dist"), { recursive: true });
    const env = { MODEL: "scripted", SESSION_STORE_PATH: "" };
    const entry = join(alone, "dist/ws-server.js");
    await using server = await startRealServer({ cwd: alone, entry, env });
    expect((await fetch(`${server.origin}/livez`)).status).toBe(200);
    expect(await (await fetch(`${server.origin}/ui/`)).text()).toContain('id="app"');
  });

  it("is not changed by the agent that works in the folder where it is installed", async () => {
    const env = { MODEL: "scripted", SESSION_STORE_PATH: "" };
    await using server = await startRealServer({ cwd: project, entry: binary(), env });
    expect(server.written()).toContain("WORKING_DIRECTORY: the agent works in");
    const program = join(installed, "dist/ws-server.js");
    const before = await readFile(program, "utf8");
    const client = await SocketClient.connect(`${server.url}?stream=true`);
    await client.turn(`run echo evil | tee node_modules/agentloop-server/dist/ws-server.js`);
    await client.turn(`create node_modules/agentloop-server/dist/client/evil.js with evil`);
    await client.turn(`run mv node_modules/agentloop-server node_modules/moved`);
    client.close();
    expect(await readFile(program, "utf8")).toBe(before);
    expect(await readdir(join(installed, "dist/client"))).not.toContain("evil.js");
  });

  it("has types that a program of a user is checked with", async () => {
    const program = `
      import { connect } from "agentloop-server/client";
      const client = connect({ url: "ws://127.0.0.1:8080" });
      client.say("hello");
      // @ts-expect-error: not a text.
      client.say(7);`;
    await writeFile(join(project, "program.ts"), program);
    const language = ["--target", "es2022", "--lib", "es2022,dom,dom.iterable", "--module", "nodenext"];
    const options = ["--strict", "--noEmit", ...language, "program.ts"];
    const compiled = run(process.execPath, [COMPILER, ...options], { cwd: project });
    const { stdout: complaints } = await compiled.catch((failure: { stdout: string }) => failure);
    expect(complaints).toBe("");
  });

  it("says on an older Node what it needs", async () => {
    const older = `Object.defineProperty(process, "versions", { value: { node: "20.19.0" } });`;
    await writeFile(join(project, "older.cjs"), older);
    const env = { NODE_OPTIONS: `--require ${join(project, "older.cjs")}` };
    const start = startRealServer({ cwd: project, entry: binary(), env });
    const error = await start.catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(NotStarted);
    expect((error as NotStarted).message).toContain("AgentLoop Server needs Node 22.13 or newer; this is");
    expect((error as NotStarted).exitCode).toBe(1);
  });
});
