import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { SocketClient } from "../testing/socket-client.ts";
import { items, startTestBed, streamed, type TestBed } from "./test-bed.ts";

const TOKEN = "e2e-token-7d0c2b9f41a85e63d0c2b9f41a85e63";
const SECRETS = {
  OPENAI_API_KEY: "sk-e2e-openai-0b6e5d1f7a",
  ANTHROPIC_API_KEY: "sk-ant-e2e-1c7f6e2a8b",
  GEMINI_API_KEY: "AIzaSyE2E-2d8a7f3b9c",
  AUTH_TOKEN: TOKEN,
};
/** It stands in the `.env` of the start folder. */
const FILE_KEY = "AIzaSyE2E-3e9b8a4c0d";

let bed: TestBed;
beforeAll(async () => {
  bed = await startTestBed(
    // The folder of the logs is inside the workspace, as it is by default where a server is started in it.
    { ...SECRETS, LOG_LEVEL: "trace", SESSION_STORE_PATH: "sessions" },
    {
      ".env": `GOOGLE_API_KEY=${FILE_KEY}\n`,
      "plain.txt": "no secret\n",
      "copied.txt": SECRETS.OPENAI_API_KEY,
    },
  );
});
afterAll(() => bed.close());

const bearer = { headers: { Authorization: `Bearer ${TOKEN}` } };

describe("a server with a token", () => {
  it.each([
    ["none", {}],
    ["a wrong one", { headers: { Authorization: `Bearer ${TOKEN.slice(0, -1)}4` } }],
    ["one in the wrong place", { headers: { "X-Auth-Token": TOKEN } }],
  ])("takes no client that brings %s, and shows it no session", async (_what, options) => {
    await expect(SocketClient.connect(bed.server.url, options)).rejects.toThrow("401");
    await expect(SocketClient.connect(`${bed.server.url}?token=${TOKEN}`, options)).rejects.toThrow("401");
    expect((await fetch(`${bed.server.origin}/sessions`, options)).status).toBe(401);
    expect((await fetch(`${bed.server.origin}/health`, options)).status).toBe(200);
  });

  it("takes it as a header, or as a subprotocol", async () => {
    const client = await SocketClient.connect(bed.server.url, bearer);
    expect((await client.turn("Hello")).finished.status).toBe("completed");
    client.close();
    const browser = new WebSocket(bed.server.url, ["agentloop", `bearer.${TOKEN}`]);
    await once(browser, "open");
    expect(browser.protocol).toBe("agentloop");
    browser.close();
    expect((await fetch(`${bed.server.origin}/sessions`, bearer)).status).toBe(200);
  });
});

describe("no secret of the server", () => {
  it("reaches a command, a client, the log or the terminal", async () => {
    const client = await SocketClient.connect(`${bed.server.url}?stream=true`, bearer);
    const looks = [
      "env",
      "for file in /proc/[0-9]*/environ /proc/[0-9]*/cmdline; do tr '\\0' '\\n' < $file; done",
      "cat .env plain.txt",
      "grep -rs . sessions",
    ];
    // Into a file as well: what is told of it may have been redacted.
    await client.turn(`run { ${looks.join("; ")}; } 2>&1 | tee seen.txt`);
    client.close();

    const seen = await readFile(join(bed.workspace, "seen.txt"), "utf8");
    const places = {
      seen,
      frames: JSON.stringify(client.messages),
      logs: await everythingIn(join(bed.workspace, "sessions")),
      terminal: bed.server.written(),
    };
    const secrets = [...Object.values(SECRETS), FILE_KEY];
    for (const [place, text] of Object.entries(places)) {
      expect({ place, found: secrets.filter((secret) => text.includes(secret)) }).toEqual({
        place,
        found: [],
      });
    }
    // What could be looked at was looked at, and the records of what was said could not.
    expect(seen).toMatch(/^PATH=\/.*^bash$.*^no secret$/ms);
    expect(seen).not.toContain("session_started");
    expect(places.logs).toContain("session_started");
    expect(places.frames).toContain("no secret");
  });

  it("is told when somebody has copied it into the workspace, not even in two pieces", async () => {
    const client = await SocketClient.connect(`${bed.server.url}?stream=true`, bearer);
    await client.turn("run head -c 8 copied.txt; sleep 0.3; tail -c +9 copied.txt");
    client.close();

    const output = items(client.messages, "function_call_output")[0]?.output;
    expect(output).toContain("[redacted:OPENAI_API_KEY]");
    const log = await readFile(join(bed.workspace, "sessions", `${client.sessionId}.jsonl`), "utf8");
    const told = [streamed(client.messages, "output"), JSON.stringify(client.messages), log];
    expect(told.filter((text) => text.includes(SECRETS.OPENAI_API_KEY))).toEqual([]);
    expect(told.filter((text) => !text.includes("[redacted:OPENAI_API_KEY]"))).toEqual([]);
  });
});

async function everythingIn(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const texts = files.map(({ parentPath, name }) => readFile(join(parentPath, name), "utf8"));
  return (await Promise.all(texts)).join("\n");
}
