import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import type { AgentOutput } from "../../contract/agent.ts";
import { createScriptedModel, type Respond } from "../../models/scripted/model.ts";
import type { ScriptedResponse } from "../../models/scripted/script.ts";
import { InputQueue } from "../../sessions/input-queue.ts";
import { createTestCodexAgent, type TestEngine } from "../../testing/codex-agent.ts";
import { processesIn } from "../../testing/processes-in.ts";
import { startResponsesServer } from "../../testing/responses-server.ts";
import type { CodexAgent } from "./agent.ts";
import { AppServer, DEADLINES } from "./app-server.ts";

/** Each starts processes of 300 MB: a loaded machine takes its time. */
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

async function setUp(script: readonly ScriptedResponse[] | Respond, more: Partial<TestEngine> = {}) {
  const workspace = await realpath(await mkdtemp(join(tmpdir(), "agentloop-agent-")));
  const provider = await startResponsesServer(createScriptedModel({ script }));
  const bed = await createTestCodexAgent({ workspace, providerUrl: provider.url, ...more });
  onTestFinished(async () => {
    await bed.close();
    await provider.close();
    await rm(workspace, { recursive: true, force: true });
  });
  return { ...bed, workspace, provider };
}

async function turn(
  agent: CodexAgent,
  text: string,
  onOutput: (output: AgentOutput) => void = () => undefined,
  signal = new AbortController().signal,
) {
  const inbox = new InputQueue();
  inbox.push({ items: [{ type: "message", role: "user", content: [{ type: "input_text", text }] }] });
  const said: AgentOutput[] = [];
  for await (const output of agent.run(inbox, signal)) {
    said.push(output);
    onOutput(output);
  }
  return said;
}

const run = (command: string, more: object = {}) => ({
  call: { name: "shell", arguments: { command: ["bash", "-lc", command], ...more } },
});

const outputs = (said: AgentOutput[]) =>
  said.flatMap(({ body }) =>
    body.type === "response_item" && body.payload.type === "function_call_output"
      ? [JSON.parse(body.payload.output) as { output: string }]
      : [],
  );

const asked = (said: AgentOutput[]) => said.filter(({ body }) => body.type === "approval_request");

/** A program that starts like the engine, and then misbehaves in one way. */
const stubborn = (how: string): Partial<TestEngine> => ({
  program: {
    file: process.execPath,
    args: [join(import.meta.dirname, "../../testing/stubborn-codex.mjs"), how],
  },
});

test("a call that asks to leave the sandbox is put to nobody, and does not run", async () => {
  const outside = join(tmpdir(), `agentloop-escaped-${process.pid}`);
  const { agent, provider } = await setUp([
    [run(`touch ${outside}`, { escalate: true })],
    [{ text: "done" }],
  ]);
  const said = await turn(agent, "go");
  expect(asked(said)).toEqual([]);
  expect(outputs(said)[0]?.output).toContain("outside the sandbox");
  expect(JSON.stringify(provider.requests[1]?.items)).toContain("outside the sandbox");
  expect(() => readFileSync(outside)).toThrow("ENOENT");
});

test("commands see no key, nothing that is hidden, and write nowhere else", async () => {
  const script = [
    'env; cat /proc/*/environ | tr "\\0" "\\n"; cat .env; touch ../beside.txt /tmp/agentloop-beside.txt program/new.txt; touch inside.txt && ls -A',
  ];
  const { agent, workspace } = await setUp([[run(script[0] ?? "")], [{ text: "done" }]], {
    policy: "full-auto",
    readOnly: ["program"],
  });
  await writeFile(join(workspace, ".env"), "SECRET=hidden-words");
  await mkdir(join(workspace, "program"));
  const [result] = outputs(await turn(agent, "go"));
  expect(result?.output).toContain("inside.txt");
  expect(result?.output).not.toContain("sk-test-key-of-the-engine");
  expect(result?.output).not.toContain("hidden-words");
  expect(result?.output.match(/Read-only file system|Permission denied/g)?.length).toBeGreaterThanOrEqual(4);
  expect(result?.output).toContain("'program/new.txt': Read-only file system");
});

test("an edited patch is refused, and the request stays open", async () => {
  const patch = "*** Begin Patch\n*** Add File: a.txt\n+x\n*** End Patch";
  const { agent, workspace } = await setUp([
    [{ call: { name: "apply_patch", arguments: { input: patch } } }],
    [{ text: "done" }],
  ]);
  let refusal: unknown;
  await turn(agent, "go", ({ body }) => {
    if (body.type !== "approval_request") return;
    try {
      agent.answer({ review: "YES", patch: patch.replace("+x", "+y"), client: "c" });
    } catch (error) {
      refusal = error;
    }
    agent.answer({ review: "YES", patch, client: "c" });
  });
  expect(refusal).toMatchObject({ code: "invalid_message" });
  expect(readFileSync(join(workspace, "a.txt"), "utf8")).toBe("x\n");
});

test("a model of the engine may change in the session, and one of another engine is refused", async () => {
  const { agent, provider } = await setUp([[{ text: "one" }], [{ text: "two" }]]);
  const inbox = new InputQueue();
  inbox.push({ items: [], model: "claude-opus-4-1" });
  await expect(agent.run(inbox, new AbortController().signal).next()).rejects.toThrow(
    "cannot change its engine",
  );
  inbox.push({
    items: [{ type: "message", role: "user", content: [{ type: "input_text", text: "go" }] }],
    model: "codex:other-model",
  });
  const said: AgentOutput[] = [];
  for await (const output of agent.run(inbox, new AbortController().signal)) said.push(output);
  expect(provider.requests.map(({ model }) => model)).toEqual(["other-model"]);
  expect(said[0]?.body).toMatchObject({ payload: { kind: "model_changed", model: "other-model" } });
});

test("a process that is killed in a turn fails the turn; the next one goes on with the conversation", async () => {
  const { agent, servers, provider } = await setUp([
    [{ text: "one" }],
    [{ text: "never told to its end", deltas: 5, delayMs: 500 }],
    [{ text: "three" }],
  ]);
  await turn(agent, "a");
  const killed = turn(agent, "b", ({ body }) => {
    if (body.type === "response_delta") servers[0]?.kill();
  });
  await expect(killed).rejects.toThrow("The codex process was ended by SIGKILL");
  await turn(agent, "c");
  expect(servers).toHaveLength(2);
  expect(provider.requests[2]?.items.map((item) => item.type === "message" && item.content[0])).toMatchObject(
    [{ text: "a" }, { text: "one" }, { text: "b" }, { text: "c" }],
  );
});

test("a process that is killed while it asks closes the question", async () => {
  const { agent, servers } = await setUp([[run("touch x.txt")], [{ text: "after" }]]);
  const said: AgentOutput[] = [];
  const killed = turn(agent, "a", (output) => {
    said.push(output);
    if (output.body.type === "approval_request") servers[0]?.kill();
  });
  await expect(killed).rejects.toThrow("ended by SIGKILL");
  expect(said.find(({ body }) => body.type === "approval_resolved")?.body).toMatchObject({
    payload: { decidedBy: "cancel" },
  });
  expect(outputs(said)).toHaveLength(1);
  expect(() => agent.answer({ review: "YES", client: "c" })).toThrow("No approval request is open");
});

test.each(["workspace-write", "danger-full-access"] as const)(
  "nothing is left when the process is killed while a command runs (%s)",
  async (sandbox) => {
    const command = "trap '' TERM HUP; while sleep 0.05; do echo on; done";
    const { agent, servers, workspace } = await setUp([[run(command)]], { policy: "full-auto", sandbox });
    let running = 0;
    const onOutput = ({ body }: AgentOutput) => {
      if (body.type !== "response_delta" || body.payload.kind !== "output") return;
      running ||= processesIn(workspace).length;
      servers[0]?.kill();
    };
    await expect(turn(agent, "a", onOutput)).rejects.toThrow("SIGKILL");
    expect(running).toBeGreaterThan(0);
    expect(processesIn(workspace)).toEqual([]);
  },
);

test("a process that does not come up in time is given up", async () => {
  const { agent, servers } = await setUp([], { ...stubborn("silent"), deadlines: { startMs: 300 } });
  await expect(turn(agent, "a")).rejects.toThrow("did not answer initialize in 0.3 s");
  expect(servers).toEqual([]);
});

test("a process that ends at once says why", async () => {
  const { agent } = await setUp([], stubborn("crash"));
  await expect(turn(agent, "a")).rejects.toThrow(
    "The codex process ended with code 101. Its last words:\nthread 'main' panicked\nno space left",
  );
});

test("a program that cannot be started is told", async () => {
  const { agent } = await setUp([], { program: { file: "/nonexistent/codex", args: [] } });
  await expect(turn(agent, "a")).rejects.toThrow("ENOENT");
});

test("a process that does not read any more is given up", async () => {
  const { launch } = await setUp([], stubborn("deaf"));
  const server = await AppServer.start(await launch(), "0", new AbortController().signal, {
    ...DEADLINES,
    answerMs: 60_000,
  });
  const big = "x".repeat(9 * 1024 * 1024);
  const answers = [1, 2, 3].map(() => server.call("turn/start", { big }));
  for (const answer of answers) await expect(answer).rejects.toThrow("SIGKILL");
});

test("an engine that does not keep to our bounds is not used", async () => {
  const { agent } = await setUp([], stubborn("wide"));
  await expect(turn(agent, "a")).rejects.toThrow("does not keep to this server's bounds");
});

test("a turn that is cancelled while the process starts ends at once", async () => {
  const { agent } = await setUp([], stubborn("silent"));
  const stop = new AbortController();
  setImmediate(() => stop.abort(new DOMException("", "AbortError")));
  await expect(turn(agent, "a", undefined, stop.signal)).resolves.toEqual([]);
});
