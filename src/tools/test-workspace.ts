import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
  mkdirSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Sandbox } from "../contract/sandbox.ts";
import type { ToolContext, ToolEvent } from "../contract/tool.ts";

/** A temporary workspace with files in it. `outside` is a folder beside it. */
export interface TestWorkspace {
  path: string;
  outside: string;
  context: ToolContext;
  /** Every file below the workspace with its text. */
  files(): Record<string, string>;
  remove(): void;
}

const noSandbox: Sandbox = {
  mode: "workspace-write",
  run() {
    throw new Error("This test runs no process.");
  },
};

export function createTestWorkspace(files: Record<string, string> = {}, sandbox = noSandbox): TestWorkspace {
  const top = realpathSync(mkdtempSync(join(tmpdir(), "agentloop-tools-")));
  const path = join(top, "workspace");
  const outside = join(top, "outside");
  mkdirSync(path);
  mkdirSync(outside);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return {
    path,
    outside,
    context: { workspace: path, sandbox, timeoutMs: 10_000, maxTimeoutMs: 20_000, maxOutputBytes: 32 << 10 },
    files: () => readTree(path),
    remove: () => rmSync(top, { recursive: true, force: true }),
  };
}

/** Follows no links. */
function readTree(folder: string, prefix = ""): Record<string, string> {
  const files: Record<string, string> = {};
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const [path, name] = [join(folder, entry.name), prefix + entry.name];
    if (entry.isDirectory()) Object.assign(files, readTree(path, `${name}/`));
    if (entry.isFile()) files[name] = readFileSync(path, "utf8");
  }
  return files;
}

/** What a tool's run told: the text as it came, and the result. */
export async function collect(
  events: AsyncIterable<ToolEvent>,
): Promise<{ deltas: string[]; result: Extract<ToolEvent, { type: "result" }> }> {
  const deltas: string[] = [];
  let result: Extract<ToolEvent, { type: "result" }> | undefined;
  for await (const event of events) {
    if (event.type === "output") deltas.push(event.delta);
    else result = event;
  }
  if (result === undefined) throw new Error("The tool ended without a result.");
  return { deltas, result };
}
