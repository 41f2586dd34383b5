import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { confined, newFolder, USERS } from "../testing/confined.ts";
import { runCommand } from "../testing/run-command.ts";
import { bubblewrapArguments } from "./bubblewrap-arguments.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import { sandboxSuite } from "./sandbox.suite.ts";

for (const { user, identity } of USERS) {
  sandboxSuite(`bubblewrap as ${user}`, { create: (options) => confined({ ...options, identity }) });
}

describe("bubblewrap", () => {
  it("that fails before the command starts is an error with bubblewrap's words", async () => {
    const { sandbox, workspace } = await confined({ tempFolder: "/no/such/folder" });
    await expect(runCommand(sandbox, ["true"], { cwd: workspace })).rejects.toThrow(
      /^The sandbox could not be set up: bwrap: .*\/no\/such\/folder/,
    );
  });

  it("is not taken to have failed when a command speaks like it", async () => {
    const { sandbox, workspace } = await confined();
    const script = 'echo "bwrap: setting up uid map: Permission denied" >&2; exit 1';
    const result = await runCommand(sandbox, ["bash", "-c", script], { cwd: workspace });
    expect(result).toMatchObject({ exit: { exitCode: 1 }, stderr: expect.stringContaining("uid map") });
  });

  it("is not taken to have failed when it is ended while it starts", async () => {
    const program = join(await newFolder(), "bwrap");
    await writeFile(program, "#!/bin/sh\necho up\nsleep 60\nexit 1\n", { mode: 0o755 });
    const { sandbox, workspace } = await confined({ program });
    const abort = new AbortController();
    const result = await runCommand(sandbox, ["true"], {
      cwd: workspace,
      signal: abort.signal,
      onOutput: () => abort.abort(),
    });
    expect(result.exit).toMatchObject({ exitCode: null, signal: "SIGKILL" });
    const late = await runCommand(sandbox, ["true"], { cwd: workspace, timeoutMs: 200 });
    expect(late.exit).toMatchObject({ exitCode: null, signal: "SIGKILL", timedOut: true });
  });

  it("is told of parents before what lies in them", () => {
    const list = bubblewrapArguments(
      {
        workspace: "/tmp/a/workspace",
        writable: true,
        network: false,
        protectedPaths: [],
        hidden: [
          { path: "/tmp/a/workspace/keys/one", isFolder: false },
          { path: "/home", isFolder: true },
        ],
        keptInRun: [],
        limits: DEFAULT_LIMITS,
      },
      "/tmp/a/workspace",
      { filter: 3, status: 4, blank: [7] },
    );
    const order = ["/tmp", "/home", "/tmp/a/workspace", "/tmp/a/workspace/keys/one"].map((path) =>
      list.indexOf(path),
    );
    expect(order).toEqual([...order].sort((one, other) => one - other));
    expect(list.join(" ")).toContain("--args 7");
    expect(list).not.toContain("--share-net");
  });
});
