import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { NotStarted, startRealServer } from "./testing/real-server.ts";

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
