import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPlainFile } from "./plain-file.ts";

describe("a plain file", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "agentloop-tools-"));
    writeFileSync(join(folder, "text"), "äöü\n");
    symlinkSync("text", join(folder, "link"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("is read whole, also by a link", async () => {
    expect(await readPlainFile(join(folder, "text"), 7)).toBe("äöü\n");
    expect(await readPlainFile(join(folder, "link"), 100)).toBe("äöü\n");
  });

  it("need not be there", async () => {
    expect(await readPlainFile(join(folder, "nothing"), 100)).toBeUndefined();
    expect(await readPlainFile(join(folder, "text/below"), 100)).toBeUndefined();
  });

  it("is not longer than it may be", async () => {
    await expect(readPlainFile(join(folder, "text"), 6)).rejects.toThrow("a plain file of at most 6 bytes");
  });

  it("is no pipe, no device, no folder, and nothing that lies about its size", async () => {
    execFileSync("mkfifo", [join(folder, "pipe")]);
    for (const path of [join(folder, "pipe"), "/dev/zero", folder]) {
      await expect(readPlainFile(path, 100)).rejects.toThrow("expected a plain file");
    }
    await expect(readPlainFile("/proc/self/status", 100)).rejects.toThrow("more bytes than it says");
  });
});
