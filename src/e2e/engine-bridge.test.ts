import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { codexBinary } from "../testing/codex-binary.ts";
import { Arrived } from "../testing/codex-client.ts";
import { openCodexTerminal, prompt } from "../testing/codex-terminal.ts";
import { NULL_THREAD, NULL_TURN } from "../testing/null-params.ts";
import { RpcSocket } from "../testing/rpc-socket.ts";
import { processesIn } from "../testing/processes-in.ts";
import { until } from "../testing/run-command.ts";
import { ENGINE_KEY, type EngineBed, startEngineBed } from "./engine-bed.ts";
import { linesOf, startTestBed } from "./test-bed.ts";

/** Each starts processes of 300 MB: a loaded machine takes its time. */
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let bed: EngineBed;
beforeAll(async () => {
  bed = await startEngineBed({ CODEX_BRIDGE: "true" });
});
afterAll(() => bed.close());

const url = () => `${bed.server.url}api/v1/sre/socket?engine=codex`;

const isTurnEnd = ({ method }: Arrived) => method === "turn/completed";

/** A process on a pipe of its own, as a client without us has it. */
async function direct(frames: (threadId: string) => object[]) {
  const folder = await mkdtemp(join(tmpdir(), "agentloop-direct-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const settings = {
    model_provider: '"agentloop"',
    "model_providers.agentloop": `{name="OPENAI_BASE_URL",base_url="${bed.provider.url}",wire_api="responses",env_key="OPENAI_API_KEY"}`,
  };
  const overrides = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const child = spawn(process.execPath, [codexBinary(), "app-server", ...overrides], {
    cwd: bed.workspace,
    env: { PATH: process.env["PATH"], HOME: folder, CODEX_HOME: folder, OPENAI_API_KEY: ENGINE_KEY },
  });
  const arrived: Arrived[] = [];
  const send = (message: object) => child.stdin.write(`${JSON.stringify(message)}\n`);
  for (const message of HELLO) send(message);
  for await (const line of createInterface({ input: child.stdout })) {
    const message = Arrived.parse(JSON.parse(line));
    arrived.push(message);
    const { id, result } = message;
    if (id === 2) for (const frame of frames((result as { thread: { id: string } }).thread.id)) send(frame);
    if (isTurnEnd(message)) break;
  }
  child.stdin.end();
  return arrived;
}

const HELLO = [
  { method: "initialize", params: { clientInfo: { name: "page", version: "1" } }, id: 1 },
  { method: "initialized" },
  { method: "thread/start", params: { ...NULL_THREAD, model: "mock-model", sandbox: "read-only" }, id: 2 },
];

/** Without what differs from one run to the next: ids, times, folders, and what the two programs were told to be. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !/^(?:usage|activePermissionProfile|sandbox|permissionProfile)$/.test(key))
      .map(([key, each]) => [
        key,
        key === "method" || key === "text" || key === "delta" ? each : shape(each),
      ]),
  );
}

/** What is told by a clock of its own. */
const isTimed = ({ method }: Arrived) =>
  /^(?:remoteControl|configWarning|warning|account|thread\/status|thread\/tokenUsage|thread\/readState)/.test(
    method ?? "",
  );

test("frames of a turn are those of a process without us, one by one", async () => {
  const say = (threadId: string) => [
    {
      method: "turn/start",
      params: { threadId, input: [{ type: "text", text: "hello" }], ...NULL_TURN },
      id: 3,
    },
  ];
  const expected = await direct(say);
  const client = await RpcSocket.connect(url());
  for (const message of HELLO) client.send(message);
  const { result } = await client.until(({ id, method }) => id === 2 && method === undefined);
  for (const frame of say((result as { thread: { id: string } }).thread.id)) client.send(frame);
  await client.until(isTurnEnd);
  client.close();
  const told = (messages: readonly Arrived[]) => messages.filter((message) => !isTimed(message));
  expect(told(client.arrived).map(shape)).toEqual(told(expected).map(shape));
});

test("the bytes of every frame are in the log as they passed, both ways", async () => {
  const client = await RpcSocket.connect(url());
  const odd =
    '{ "id":1 ,\n "method":"initialize","params":{"clientInfo":{"name":"p\\u00e4ge","version":"1"},"big":123456789012345678901}}';
  client.socket.send(odd);
  await client.until(({ id }) => id === 1);
  const frames = [...client.frames];
  client.close();
  const id = client.sessionId;
  await until(async () => (await bed.log(id)).includes("session_ended"));
  const log = await bed.log(id);
  expect(log).toContain(odd.replace("\n", " "));
  for (const frame of frames) expect(log).toContain(frame);
  expect(
    linesOf(log).every(({ audit }, index, all) => index === 0 || index === all.length - 1 || audit?.client),
  ).toBe(true);
  const verified = await fetch(`${bed.server.origin}/sessions/${id}/verify`);
  expect(await verified.json()).toMatchObject({ ok: true });
});

test("an approval goes both ways", async () => {
  const { client, threadId } = await RpcSocket.inThread(url(), {
    ...NULL_THREAD,
    model: "mock-model",
    approvalPolicy: "untrusted",
  });
  const input = [{ type: "text", text: "run echo hi | tee bridged.txt" }];
  client.send({ id: 9, method: "turn/start", params: { threadId, input, ...NULL_TURN } });
  const asked = await client.until(({ method }) => method === "item/commandExecution/requestApproval");
  client.send({ id: asked.id, result: { decision: "accept" } });
  await client.until(isTurnEnd);
  expect(existsSync(join(bed.workspace, "bridged.txt"))).toBe(true);
  client.close();
});

test.each([
  ["thread/start", { sandbox: "danger-full-access" }, /danger-full-access is wider/],
  ["thread/start", { approvalPolicy: "never" }, /"never" is wider/],
  ["thread/start", { approvalPolicy: { granular: {} } }, /is wider/],
  ["thread/start", { config: { sandbox_mode: "danger-full-access" } }, /config.sandbox_mode/],
  ["thread/start", { cwd: "/" }, /no folder within/],
  ["thread/resume", { threadId: "x", path: "/etc/passwd" }, /path/],
  ["turn/start", { threadId: "x", input: [], sandboxPolicy: { type: "dangerFullAccess" } }, /is wider/],
  [
    "turn/start",
    { threadId: "x", input: [], sandboxPolicy: { type: "workspaceWrite", networkAccess: true } },
    /networkAccess/,
  ],
  [
    "turn/start",
    { threadId: "x", input: [], sandboxPolicy: { type: "workspaceWrite", writableRoots: ["/etc"] } },
    /no folder within/,
  ],
  ["turn/start", { threadId: "x", input: [], permissions: ":danger-full-access" }, /permissions/],
  ["command/exec", { command: ["id"] }, /does not pass/],
  ["thread/shellCommand", { threadId: "x", command: "id" }, /does not pass/],
  ["fs/writeFile", { path: "/tmp/x", dataBase64: "" }, /does not pass/],
  ["config/value/write", { keyPath: "sandbox_mode", value: "danger-full-access" }, /does not pass/],
  ["no/such/method", {}, /does not pass/],
])("%s %j is refused, and reaches nobody", async (method, params, message) => {
  const client = await RpcSocket.connect(url());
  const answer = await client.ask(method, params);
  expect(answer.error).toMatchObject({ code: -32600, message: expect.stringMatching(message) as string });
  client.close();
});

test("what is no JSON, or hides a second line, is refused", async () => {
  const client = await RpcSocket.connect(url());
  client.socket.send('{"id":1}\n{"id":2,"method":"command/exec"}');
  expect((await client.until(({ error }) => error !== undefined)).error?.code).toBe(-32700);
  client.close();
});

test("its process ends with the client, and a process that ends ends the connection", async () => {
  const engines = () => processesIn(bed.workspace).map(({ pid }) => pid);
  const before = engines();
  const client = await RpcSocket.connect(url());
  await client.ask("initialize", { clientInfo: { name: "page", version: "1" } });
  const own = engines().filter((pid) => !before.includes(pid));
  expect(own.length).toBeGreaterThan(0);
  client.close();
  await until(() => own.every((pid) => !engines().includes(pid)));

  const other = await RpcSocket.connect(url());
  await other.ask("initialize", { clientInfo: { name: "page", version: "1" } });
  const theirs = engines().filter((pid) => !before.includes(pid));
  const closed = new Promise((resolve) => other.socket.once("close", resolve));
  for (const pid of theirs) process.kill(pid, "SIGKILL");
  expect(await closed).toBe(1011);
});

test("without CODEX_BRIDGE=true nobody gets it, and another engine there is none", async () => {
  const other = await startTestBed();
  await expect(RpcSocket.connect(`${other.server.url}api/v1/sre/socket?engine=codex`)).rejects.toThrow("400");
  await expect(RpcSocket.connect(`${other.server.url}api/v1/sre/socket?engine=none`)).rejects.toThrow("400");
  await other.close();
});

test("Codex's terminal client works through it", { timeout: 60_000 }, async () => {
  const home = join(bed.workspace, "..", "terminal-home");
  const terminal = await openCodexTerminal({
    url: bed.server.url.slice(0, -1),
    model: "mock-model",
    workspace: bed.workspace,
    home,
  });
  try {
    await prompt(terminal, "run echo hi > seen.txt");
    await terminal.shows(/printed: nothing/);
    expect(existsSync(join(bed.workspace, "seen.txt"))).toBe(true);
  } finally {
    terminal.close();
  }
});
