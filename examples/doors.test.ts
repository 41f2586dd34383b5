import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openPipes } from "../src/testing/terminal.ts";
import { startTestBed, type TestBed } from "../src/e2e/test-bed.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";

let bed: TestBed;
beforeAll(async () => {
  bed = await startTestBed({ AUTH_TOKEN: TOKEN }, { "hello.txt": "hello\n" });
});
afterAll(() => bed.close());

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs an example to its end; nothing is typed into it. */
function run(name: string, args: string[], { env = {} }: { env?: object } = {}): Promise<Outcome> {
  const path = fileURLToPath(new URL(name, import.meta.url));
  const command = name.endsWith(".js") ? [process.execPath, path, ...args] : ["bash", path, ...args];
  const [file = "", ...rest] = command;
  const settings = { ...process.env, SERVER_URL: bed.server.origin, AUTH_TOKEN: TOKEN, ...env };
  return new Promise((resolve) => {
    const child = execFile(file, rest, { env: settings }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
    child.stdin?.end();
  });
}

const nobody = { env: { AUTH_TOKEN: "0".repeat(32) } };
const nowhere = { env: { SERVER_URL: "http://127.0.0.1:1" } };

describe("the client for HTTP/2", () => {
  it("prints the answer, and goes on with a session by its name", async () => {
    const first = await run("http2-client.js", ["my-session", "list files"]);
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toMatch(/^Session my-session\n[^]*hello\.txt/);
    expect(await run("http2-client.js", ["my-session", "read hello.txt"])).toMatchObject({ code: 0 });
  });

  it("asks before a command runs, and declines when nobody is there", async () => {
    const prompt = "run echo made | tee made.txt";
    expect((await run("http2-client.js", ["s", prompt])).stdout).toContain("declined");
    await expect(readFile(join(bed.workspace, "made.txt"))).rejects.toMatchObject({ code: "ENOENT" });
    const settings = [`SERVER_URL=${bed.server.origin}`, `AUTH_TOKEN=${TOKEN}`];
    const path = fileURLToPath(new URL("http2-client.js", import.meta.url));
    const client = openPipes(["env", ...settings, process.execPath, path, "s", prompt]);
    await client.printed("Run bash -lc echo made | tee made.txt ? [y/n]");
    client.write("y\n");
    expect(await client.exitCode).toBe(0);
    expect(await readFile(join(bed.workspace, "made.txt"), "utf8")).toBe("made\n");
  });

  it("fails where it is not let in, and where nobody is", async () => {
    expect(await run("http2-client.js", [], nobody)).toMatchObject({
      code: 1,
      stderr: "the server answered 401\n",
    });
    expect((await run("http2-client.js", [], nowhere)).code).toBe(1);
  });
});

describe("the alert pipeline", () => {
  it("prints what was found", async () => {
    const { code, stdout } = await run("alert-pipeline.sh", []);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      sections: {},
      status: "completed",
      analysis: expect.any(String),
    });
  });

  it("runs nothing that needs an approval", async () => {
    const alert = join(bed.workspace, "alert.json");
    await writeFile(alert, '{"text":"run touch never.txt"}');
    const { stderr } = await run("alert-pipeline.sh", [alert]);
    expect(stderr).toContain("tool: shell\n");
    await expect(readFile(join(bed.workspace, "never.txt"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("fails on what is no alert, where it is not let in, and where nobody is", async () => {
    const alert = join(bed.workspace, "wrong.json");
    await writeFile(alert, '{"what":"else"}');
    for (const failed of [
      await run("alert-pipeline.sh", [alert]),
      await run("alert-pipeline.sh", [], nobody),
      await run("alert-pipeline.sh", [], nowhere),
    ]) {
      expect(failed.code).toBe(1);
      expect(failed.stderr).toContain("expected a completed turn, got: no answer");
    }
  });
});

describe("the script for messages", () => {
  it("prints what the agent says, in a folder of the workspace", async () => {
    const { code, stdout } = await run("messages.sh", ["read hello.txt", bed.workspace]);
    expect(code).toBe(0);
    expect(stdout).toContain("hello.txt says:");
  });

  it("confirms where it may, and stops where it may not", async () => {
    const prompt = 'run printf "%s" "a b" > quoted.txt';
    const stopped = await run("messages.sh", [prompt]);
    expect(stopped).toMatchObject({ code: 1, stderr: "expected task_complete, got turn_aborted\n" });
    expect(await run("messages.sh", [prompt], { env: { APPROVE: "yes" } })).toMatchObject({ code: 0 });
    expect(await readFile(join(bed.workspace, "quoted.txt"), "utf8")).toBe("a b");
  });

  it("fails for a folder elsewhere, where it is not let in, and where nobody is", async () => {
    const outside = await run("messages.sh", ["list files", "/etc"]);
    expect(outside.code).toBe(1);
    expect(outside.stderr).toContain("WORK_ROOTS");
    expect((await run("messages.sh", [], nobody)).code).toBe(1);
    expect((await run("messages.sh", [], nowhere)).code).not.toBe(0);
  });
});
