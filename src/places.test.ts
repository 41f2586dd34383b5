import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { SandboxMode } from "./contract/message.ts";
import type { Sandbox } from "./contract/sandbox.ts";
import { Places } from "./places.ts";
import { newFolder } from "./testing/confined.ts";

const sandboxOf = (mode: SandboxMode): Sandbox => ({
  mode,
  run() {
    throw new Error("nothing runs here");
  },
});

async function placesOf(options: { roots?: string[]; mode?: SandboxMode } = {}) {
  const { roots = [], mode = "workspace-write" } = options;
  const workspace = await newFolder();
  const made: string[] = [];
  let luck = true;
  const places = new Places({
    own: { workspace, sandbox: sandboxOf(mode) },
    roots,
    createSandbox: async (asked, folder) => {
      made.push(`${asked} ${folder}`);
      if (!luck) throw new Error("no sandbox can be had");
      return sandboxOf(asked);
    },
  });
  return { places, workspace, made, setLuck: (value: boolean) => void (luck = value) };
}

describe("the places of sessions", () => {
  test("are the server's own when nothing else is asked for", async () => {
    const { places, workspace, made } = await placesOf();
    for (const asked of [{}, { workspace }, { workspace: "." }, { sandbox: "workspace-write" as const }]) {
      expect((await places.open(asked)).workspace).toBe(workspace);
    }
    expect(made).toEqual([]);
  });

  test("have a sandbox for each folder and mode, made once", async () => {
    const { places, workspace, made } = await placesOf();
    await mkdir(join(workspace, "inner"));
    const inner = join(workspace, "inner");
    const [one, other] = await Promise.all([
      places.open({ workspace: inner }),
      places.open({ workspace: "inner" }),
    ]);
    expect(one).toEqual(other);
    expect(one.sandbox).toBe(other.sandbox);
    expect((await places.open({ workspace: inner, sandbox: "read-only" })).sandbox.mode).toBe("read-only");
    expect(made).toEqual([`workspace-write ${inner}`, `read-only ${inner}`]);
  });

  test("are asked for again when a sandbox could not be had", async () => {
    const { places, setLuck } = await placesOf();
    setLuck(false);
    await expect(places.open({ sandbox: "read-only" })).rejects.toThrow("no sandbox can be had");
    setLuck(true);
    expect((await places.open({ sandbox: "read-only" })).sandbox.mode).toBe("read-only");
  });

  test.each(["/etc", "..", "/no/such/folder", "a-file", "a-link", "a\0b"])(
    "are never in %j",
    async (asked) => {
      const { places, workspace } = await placesOf();
      await writeFile(join(workspace, "a-file"), "");
      await symlink("/etc", join(workspace, "a-link"));
      await expect(places.open({ workspace: asked })).rejects.toThrow(
        `expected an existing folder inside ${workspace} (WORK_ROOTS); came ${JSON.stringify(asked)}`,
      );
    },
  );

  test("may be in other roots, where there are some", async () => {
    const root = await newFolder();
    const { places, workspace } = await placesOf({ roots: [root] });
    await mkdir(join(root, "project"));
    await mkdir(join(workspace, "inner"));
    expect((await places.open({ workspace: join(root, "project") })).workspace).toBe(join(root, "project"));
    await expect(places.open({ workspace: "inner" })).rejects.toThrow(`inside ${root} (WORK_ROOTS)`);
  });

  test.each([
    ["read-only", "workspace-write"],
    ["read-only", "danger-full-access"],
    ["workspace-write", "danger-full-access"],
  ] as const)("are never wider: %s does not become %s", async (mode, sandbox) => {
    const { places } = await placesOf({ mode });
    await expect(places.open({ sandbox })).rejects.toThrow(
      `${sandbox} is wider than the server's own (${mode})`,
    );
  });
});
