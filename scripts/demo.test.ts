import { execFile } from "node:child_process";
import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");

test("the demo needs nothing but the sources and their packages", { timeout: 60_000 }, async () => {
  const clone = await mkdtemp(join(tmpdir(), "agentloop-demo-"));
  try {
    for (const name of ["package.json", "src", "scripts", "examples"]) {
      await cp(join(ROOT, name), join(clone, name), { recursive: true });
    }
    await symlink(join(ROOT, "node_modules"), join(clone, "node_modules"));
    const { stdout } = await promisify(execFile)("npm", ["run", "--silent", "demo"], { cwd: clone });
    expect(stdout).toContain("agent_finished");
  } finally {
    await rm(clone, { recursive: true });
  }
});
