import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test, vi } from "vitest";

/** Each starts programs: a loaded machine takes its time. */
vi.setConfig({ testTimeout: 30_000 });

const MODULE = join(import.meta.dirname, "codex-folder.ts");

/** A program that says where its folder is, and then does this. */
const program = (rest: string) => [
  "--input-type=module",
  "--eval",
  `import { chmodSync, mkdirSync } from "node:fs";
  import { createCodexFolder } from ${JSON.stringify(MODULE)};
  // Nothing is shut to root.
  if (process.getuid() === 0) process.setuid(65534);
  const folder = createCodexFolder({ warn: (_, text) => console.log(text) });
  console.log(folder);
  ${rest}`,
];

function temporaryFolder(): { folder: string; env: Record<string, string | undefined> } {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "agentloop-folders-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o777);
  return { folder, env: { ...process.env, TMPDIR: folder } };
}

function run(rest: string, env: Record<string, string | undefined>) {
  const { stdout, status } = spawnSync(process.execPath, program(rest), { env, encoding: "utf8" });
  return { lines: stdout.trim().split("\n"), status };
}

test("the folder goes with the server", () => {
  const { folder, env } = temporaryFolder();
  const [path = ""] = run("process.exit(0)", env).lines;
  expect(path.startsWith(join(folder, "agentloop-codex-"))).toBe(true);
  expect(readdirSync(folder)).toEqual([]);
});

test("that of a server that was killed goes with the next, and that of a living one stays", async () => {
  const { folder, env } = temporaryFolder();
  const living = spawn(process.execPath, program("setInterval(() => {}, 1000);"), { env });
  onTestFinished(() => void living.kill("SIGKILL"));
  const [path] = (await once(createInterface({ input: living.stdout }), "line")) as [string];
  const [killed = ""] = run("process.kill(process.pid, 'SIGKILL')", env).lines;
  expect(existsSync(killed)).toBe(true);
  const anothers = join(folder, "agentloop-codex-17-1-abcdef");
  mkdirSync(anothers);
  run("process.exit(0)", env);
  expect(existsSync(killed)).toBe(false);
  expect(
    readdirSync(folder)
      .map((name) => join(folder, name))
      .toSorted(),
  ).toEqual([path, anothers].toSorted());
});

test("a folder that cannot be removed is told, and the server ends as it would", () => {
  const { env } = temporaryFolder();
  const { lines, status } = run(
    "mkdirSync(`${folder}/a/b`, { recursive: true }); chmodSync(`${folder}/a`, 0); process.exit(3);",
    env,
  );
  expect(lines[1]).toBe(`the codex engine's folder ${lines[0]} could not be removed`);
  expect(status).toBe(3);
});
