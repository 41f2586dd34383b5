import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

/** A file, and one import in it that a wall must stop. */
const WRONG: readonly (readonly [file: string, imported: string])[] = [
  ["src/agents/loop/a.ts", "../../models/select.ts"],
  ["src/agents/loop/b.ts", "../codex/agent.ts"],
  ["src/agents/codex/a.ts", "../loop/loop.ts"],
  ["src/models/a.ts", "../tools/toolbox.ts"],
  ["src/models/openai/a.ts", "../google/model.ts"],
  ["src/models/anthropic/a.ts", "../scripted/model.ts"],
  ["src/models/google/a.ts", "openai"],
  ["src/models/openai/b.ts", "@anthropic-ai/sdk"],
  ["src/models/scripted/a.ts", "@google/genai"],
  ["src/tools/a.ts", "../sandboxes/pick.ts"],
  ["src/tools/shell/a.ts", "../apply-patch/apply.ts"],
  ["src/tools/apply-patch/a.ts", "node:child_process"],
  ["src/sandboxes/a.ts", "../tools/toolbox.ts"],
  ["src/protocols/a.ts", "../channels/ws.ts"],
  ["src/protocols/b.ts", "ws"],
  ["src/channels/a.ts", "../protocols/agentloop.ts"],
  ["src/channels/sse.ts", "ws"],
  ["src/channels/ws.ts", "node:http2"],
  ["src/audit/a.ts", "../agents/loop/loop.ts"],
  ["src/pages/a.ts", "../audit/log.ts"],
  ["src/pages/description.ts", "../description/description.ts"],
  ["src/description/a.ts", "../protocols/agentloop.ts"],
  ["src/client/a.ts", "../web/page.ts"],
  ["src/web/a.ts", "../audit/log.ts"],
  ["src/client/b.ts", "react"],
  ["src/audit/b.ts", "eventsource-parser"],
  ["src/pages/b.ts", "dotenv"],
  ["src/contract/a.ts", "../models/select.ts"],
  ["src/sessions/session.ts", "../audit/log.ts"],
  ["src/sessions/sessions.ts", "../agents/loop/loop.ts"],
  ["src/config/config.ts", "../models/select.ts"],
  ["src/server/server.ts", "../audit/log.ts"],
];

/** What the same places may import. */
const RIGHT: readonly (readonly [file: string, imported: string])[] = [
  ["src/agents/loop/right.ts", "../../contract/agent.ts"],
  ["src/agents/codex/right.ts", "node:child_process"],
  ["src/models/openai/right.ts", "openai"],
  ["src/models/anthropic/right.ts", "@anthropic-ai/sdk"],
  ["src/models/google/right.ts", "../retry.ts"],
  ["src/models/right.ts", "eventsource-parser"],
  ["src/sandboxes/right.ts", "node:child_process"],
  ["src/tools/shell/right.ts", "./assess.ts"],
  ["src/channels/http2.ts", "node:http2"],
  ["src/web/right.ts", "../client/client.ts"],
  ["src/server/description.ts", "../description/description.ts"],
  ["src/ws-server.ts", "./models/select.ts"],
  ["src/audit/right.test.ts", "../agents/loop/loop.ts"],
];

let folder: string;
let refused: Map<string, string>;

/** One run of the linter over a tree of the same shape. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "walls-"));
  cpSync(join(root, "oxlint.config.ts"), join(folder, "oxlint.config.ts"));
  cpSync(join(root, "tsconfig.json"), join(folder, "tsconfig.json"));
  cpSync(join(root, "package.json"), join(folder, "package.json"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const [file, imported] of [...WRONG, ...RIGHT]) plant(file, `import "${imported}";\n`);
  plant("src/models/environment.ts", "export const path = process.env;\n");
  refused = lint();
});
afterAll(() => rmSync(folder, { recursive: true }));

function plant(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}

interface Diagnostic {
  code: string;
  filename: string;
}

/** The files that were refused, with the rule. */
function lint(): Map<string, string> {
  const run = spawnSync(join(root, "node_modules/.bin/oxlint"), ["--format", "json", "src"], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, PATH: `${join(root, "node_modules/.bin")}:${process.env["PATH"]}` },
  });
  const { diagnostics }: { diagnostics: Diagnostic[] } = JSON.parse(run.stdout);
  return new Map(diagnostics.map(({ filename, code }) => [filename, code]));
}

test.each(WRONG)("%s may not import %s", (file) => {
  expect(refused.get(file)).toBe("eslint(no-restricted-imports)");
});

test.each(RIGHT)("%s may import %s", (file) => {
  expect(refused.get(file)).toBeUndefined();
});

test("only the configuration reads the environment", () => {
  expect(refused.get("src/models/environment.ts")).toBe("node(no-process-env)");
});
