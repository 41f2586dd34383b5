import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type RealServer, startRealServer } from "../src/testing/real-server.ts";

const ROOT = join(import.meta.dirname, "..");
const GUIDE = readFileSync(join(ROOT, "docs/client.md"), "utf8");

/** A project of somebody who has installed the package and read docs/client.md, beside a server. */
let folder: string;
let server: RealServer;
const start = (port = 0) =>
  startRealServer({
    cwd: join(folder, "workspace"),
    env: { MODEL: "scripted", SESSION_STORE_PATH: join(folder, "sessions") },
    args: ["--port", String(port)],
  });
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentloop-guide-"));
  await mkdir(join(folder, "workspace"));
  await mkdir(join(folder, "node_modules"));
  await symlink(ROOT, join(folder, "node_modules/agentloop-server"));
  server = await start();
});
afterEach(async () => {
  await server.stop("SIGKILL");
  await rm(folder, { recursive: true });
});

async function program(text: string): Promise<string> {
  const path = join(folder, "client.mjs");
  await writeFile(path, text.replaceAll("ws://127.0.0.1:8080", server.url));
  return path;
}

it("the guide's program for Node holds a conversation", async () => {
  const [, block = ""] = /^## Node$.*?^```js\n(.*?)^```$/ms.exec(GUIDE) ?? [];
  expect(block).toContain("connect({");
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [await program(block)]);
  expect(stdout).toMatch(/list the files.*completed\n$/s);
  expect(stderr).toBe("");
});

it("what the guide's table calls survives a server that is killed and started again", async () => {
  const path = await program(`
    import { createInterface } from "node:readline";
    import { connect } from "agentloop-server/client";
    const client = connect({ url: "ws://127.0.0.1:8080", onApproval: () => "YES" });
    for await (const words of createInterface({ input: process.stdin })) {
      for await (const { type, payload } of client.turn(words)) {
        if (type === "agent_finished") console.log(payload.status, (await client.ready).session_id);
      }
    }
    client.close();
  `);
  const child = spawn(process.execPath, [path], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const say = async (words: string) => {
    child.stdin.write(`${words}\n`);
    return (await lines.next()).value;
  };
  const before = await say("run touch before");
  expect(before).toMatch(/^completed [0-9a-f]{32}$/);
  const { port } = server;
  await server.stop("SIGKILL");
  server = await start(port);
  expect(await say("run touch after")).toBe(before);
  child.stdin.end();
  expect((await once(child, "exit"))[0]).toBe(0);
  for (const name of ["before", "after"]) expect(existsSync(join(folder, "workspace", name))).toBe(true);
});
