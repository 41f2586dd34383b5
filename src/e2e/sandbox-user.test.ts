import { chmod, chown, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IS_ROOT, NOBODY } from "../testing/confined.ts";
import { type RealServer, startRealServer } from "../testing/real-server.ts";
import { SocketClient } from "../testing/socket-client.ts";
import { items, temporaryFolder } from "./test-bed.ts";

const ROOTS_SECRET = "root-secret-71c0e9";
const KEY = "AIzaSyE2E-5a1d7c3e9f";

const patchOf = (...lines: string[]) => ["*** Begin Patch", ...lines, "*** End Patch"].join("\n");
/** What the model asks for, one after the other, and what it is told then. */
const PATCHES: readonly { patch: string; told: RegExp }[] = [
  { patch: patchOf("*** Add File: new/file.txt", "+new"), told: /^Done:\nA new\/file\.txt$/ },
  { patch: patchOf("*** Add File: locked/x.txt", "+x"), told: /locked\/x\.txt: permission denied/ },
  { patch: patchOf("*** Delete File: AGENTS.md"), told: /AGENTS\.md: permission denied/ },
  { patch: patchOf("*** Update File: .env", "@@", `-GOOGLE_API_KEY=${KEY}`, "+x"), told: /is protected/ },
  { patch: patchOf("*** Add File: sessions/x.jsonl", "+x"), told: /is protected/ },
];

describe.runIf(IS_ROOT)("a read-only server with SANDBOX_USER (only root can become another user)", () => {
  let folder: string;
  let workspace: string;
  let server: RealServer;
  let told: string[];
  let client: SocketClient;

  beforeAll(async () => {
    folder = await temporaryFolder();
    await chmod(folder, 0o755);
    workspace = join(folder, "workspace");
    await mkdir(join(workspace, "locked"), { recursive: true });
    await writeFile(join(workspace, "AGENTS.md"), `${ROOTS_SECRET}\n`, { mode: 0o600 });
    await writeFile(join(workspace, "CLAUDE.md"), "Use tabs.\n");
    await writeFile(join(workspace, ".env"), `GOOGLE_API_KEY=${KEY}\n`);
    for (const path of [workspace, join(workspace, ".env")]) await chown(path, NOBODY.uid, NOBODY.gid);
    const script = join(folder, "script.json");
    const calls = PATCHES.map(({ patch }) => [
      { call: { name: "apply_patch", arguments: { input: patch } } },
    ]);
    await writeFile(script, JSON.stringify([...calls, [{ text: "Done." }]]));
    server = await startRealServer({
      cwd: workspace,
      env: {
        MODEL: `scripted:${script}`,
        SANDBOX: "read-only",
        SANDBOX_USER: "nobody",
        SESSION_STORE_PATH: "sessions",
      },
    });
    client = await SocketClient.connect(`${server.url}?stream=true`);
    const { messages } = await client.turn("Change some files.");
    told = items(messages, "function_call_output").map(
      ({ output }) => (JSON.parse(output) as { output: string }).output,
    );
  });
  afterAll(async () => {
    client.close();
    await server.stop("SIGKILL");
    await rm(folder, { recursive: true });
  });

  it("applies an approved patch as that user, and nothing that this user may not do", async () => {
    expect(told).toEqual(PATCHES.map((expected) => expect.stringMatching(expected.told)));
    expect(await readFile(join(workspace, "new/file.txt"), "utf8")).toBe("new\n");
    expect(await stat(join(workspace, "new/file.txt"))).toMatchObject(NOBODY);
    expect(await stat(join(workspace, "new"))).toMatchObject(NOBODY);
  });

  it("tells the model what that user can read, and no more", () => {
    const seen = JSON.stringify(client.messages);
    expect(seen).toContain("Use tabs.");
    expect(seen).not.toContain(ROOTS_SECRET);
  });

  it("records what was done with its hashes", async () => {
    const log = await readFile(join(workspace, "sessions", `${client.sessionId}.jsonl`), "utf8");
    expect(log).toMatch(/"path":"new\/file\.txt","before_sha256":null,"after_sha256":"[0-9a-f]{64}"/);
  });
});
