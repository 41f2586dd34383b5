import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";

const COMPILER = join(import.meta.dirname, "../node_modules/typescript/bin/tsc");
const CLIENT = join(import.meta.dirname, "../dist/client");

const PROGRAM = `
import { type AgentClient, connect, ConnectionError, type InputItem, type ServerMessage } from "agentloop-server/client";

const client: AgentClient = connect({
  url: "ws://127.0.0.1:8080",
  approvalPolicy: "suggest",
  onApproval: ({ payload }) => (payload.risk === "low" ? "YES" : { review: "NO_CONTINUE", denyMessage: payload.reason }),
});
const input: InputItem[] = [{ type: "message", role: "user", content: [{ type: "input_text", text: "hello" }] }];
export async function talk(): Promise<string> {
  let text = "";
  for await (const message of client.turn(input)) text += textOf(message);
  return text;
}
function textOf({ type, payload }: ServerMessage): string {
  if (type === "response_delta" && payload.kind === "text") return payload.delta;
  if (type === "status" && payload.kind === "retrying") return String(payload.inMs);
  return type === "response_item" && payload.type === "message" && payload.content[0]?.type === "output_text"
    ? payload.content[0].text
    : "";
}
client.ready.catch((error: unknown) => error instanceof ConnectionError && error.retryable);
// @ts-expect-error: no such policy.
connect({ url: "", approvalPolicy: "everything" });
// @ts-expect-error: not a text.
client.say(7);
// @ts-expect-error: no such kind of delta.
export const wrong = (message: ServerMessage) => message.type === "response_delta" && message.payload.kind === "x";
`;

/** Compiles it in a project that has the package and nothing else, and resolves with the compiler's complaints. */
async function compile(program: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "agentloop-user-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const installed = join(folder, "node_modules/agentloop-server");
  await mkdir(installed, { recursive: true });
  await cp(CLIENT, join(installed, "dist/client"), { recursive: true });
  const entry = { types: "./dist/client/index.d.ts", default: "./dist/client/index.js" };
  const manifest = { name: "agentloop-server", type: "module", exports: { "./client": entry } };
  await writeFile(join(installed, "package.json"), JSON.stringify(manifest));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  await writeFile(join(folder, "program.ts"), program);
  const options = [
    "--strict",
    "--noEmit",
    "--module",
    "nodenext",
    "--target",
    "es2022",
    "--lib",
    "es2022,dom,dom.iterable",
  ];
  const run = promisify(execFile)(process.execPath, [COMPILER, ...options, "program.ts"], { cwd: folder });
  return await run.then(
    () => "",
    (failure: { stdout: string }) => failure.stdout,
  );
}

test(
  "the client's types stand alone in a user's project, and know right from wrong",
  { timeout: 60_000 },
  async () => {
    expect(await compile(PROGRAM)).toBe("");
  },
);
