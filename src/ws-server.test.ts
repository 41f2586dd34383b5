import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { NotStarted, startRealServer } from "./testing/real-server.ts";

const root = join(import.meta.dirname, "..");

/** What `npm start -- ...words` hands to the server. */
function startArguments(...words: string[]): string[] {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    scripts: { start: string };
  };
  const [, own = ""] = scripts.start.split("dist/ws-server.js ");
  return [...own.split(" "), ...words];
}

describe("a command after npm start", () => {
  const run = (cwd: string, ...words: string[]) =>
    execFileSync(process.execPath, [join(root, "src/ws-server.ts"), ...startArguments(...words)], {
      cwd,
      env: { PATH: process.env["PATH"] },
      encoding: "utf8",
    });

  it("reads the settings of the .env that npm start names", () => {
    const cwd = mkdtempSync(join(tmpdir(), "agentloop-start-"));
    try {
      mkdirSync(join(cwd, "store"));
      writeFileSync(join(cwd, ".env"), "SESSION_STORE_PATH=store\n");
      expect(run(cwd, "sessions", "--json")).toBe("");
      expect(run(cwd, "config")).toMatch(/SESSION_STORE_PATH +\.env +store/);
      expect(run(cwd, "--version")).toMatch(/^\d+\.\d+\.\d+\n$/);
    } finally {
      rmSync(cwd, { recursive: true, force: true });
    }
  });
});

describe("a server that cannot start", () => {
  it("says why without a key, also where a key stands in the wrong variable", async () => {
    const cwd = mkdtempSync(join(tmpdir(), "agentloop-start-"));
    const key = "some-key-3f9a1c7e5b";
    try {
      const start = startRealServer({ cwd, env: { OPENAI_API_KEY: key, MODEL: key, AUTH_TOKEN: "short" } });
      const error = await start.catch((failure: unknown) => failure);
      expect(error).toBeInstanceOf(NotStarted);
      const { message, exitCode } = error as NotStarted;
      expect(exitCode).toBe(1);
      expect(message).toContain('The model "[redacted:OPENAI_API_KEY]" is not known');
      expect(message).toContain("AUTH_TOKEN: its value is too short");
      expect(message).not.toContain(key);
    } finally {
      rmSync(cwd, { recursive: true, force: true });
    }
  });
});
