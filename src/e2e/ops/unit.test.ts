import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";

const UNIT = new URL("../../../deploy/agentloop-server.service", import.meta.url);

let unit: string;
beforeAll(async () => {
  unit = await readFile(UNIT, "utf8");
});

function analyze(...args: string[]): { status: number | null; text: string } {
  const { status, stdout, stderr, error } = spawnSync("systemd-analyze", args, { encoding: "utf8" });
  if (error !== undefined) throw new Error("This test needs systemd-analyze: npm run setup -- --tests");
  return { status, text: stdout + stderr };
}

/** The unit as a file, for a machine whose Node is the one that runs this. */
async function written(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "agentloop-unit-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "agentloop-server.service");
  await writeFile(path, unit.replace("/usr/bin/node", process.execPath));
  return path;
}

describe.runIf(process.platform === "linux")("the service unit", () => {
  it("is understood by systemd, every line of it", async () => {
    const { status, text } = analyze("verify", "--man=no", await written());
    expect({ status, complaints: text.split("\n").filter((line) => line.includes("agentloop")) }).toEqual({
      status: 0,
      complaints: [],
    });
  });

  it("leaves little of the system open", async () => {
    const { text } = analyze("security", "--offline=true", "--no-pager", await written());
    const [, exposure] = /exposure level[^:]*: ([\d.]+)/.exec(text) ?? [];
    expect(Number(exposure)).toBeLessThan(5);
  });

  it("uses none of the options under which bubblewrap cannot work", () => {
    const options = unit.split("\n").filter((line) => /^[A-Z]\w+=/.test(line));
    const forbidden =
      /^(?:RestrictNamespaces|SystemCallFilter|ProtectProc|ProcSubset|ProtectKernelTunables|ProtectKernelLogs|MemoryDenyWriteExecute)=/;
    expect(options.filter((line) => forbidden.test(line))).toEqual([]);
  });
});
