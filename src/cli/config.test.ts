import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";

const ENTRY = new URL("../ws-server.ts", import.meta.url).pathname;

it("config shows every setting in force, where it came from, and no secret", async () => {
  const folder = await mkdtemp(join(tmpdir(), "agentloop-config-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, ".env"), "MODEL=gpt-5.1\nMAX_TURN_STEPS=7\n");
  const key = "sk-0123456789abcdefghij";
  const environment = { OPENAI_API_KEY: key, OPENAI_BASE_URL: "https://example.com/v1" };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [ENTRY, "config", "--json", "--port", "8099", "--env-file", ".env"],
    { cwd: folder, env: { ...environment, PATH: process.env["PATH"] } },
  );
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, string>);
  const of = (name: string) => lines.find((line) => line["name"] === name);
  expect(of("PORT")).toEqual({ name: "PORT", value: "8099", from: "--port" });
  expect(of("MODEL")).toEqual({ name: "MODEL", value: "gpt-5.1", from: ".env" });
  expect(of("OPENAI_API_KEY")).toMatchObject({ value: "23 characters that are not shown" });
  expect(of("OPENAI_BASE_URL")).toMatchObject({ value: "https://example.com/v1", from: "environment" });
  expect(of("APPROVAL_POLICY")).toMatchObject({ value: "suggest", from: "default" });
  expect(stdout).not.toContain(key);
});
