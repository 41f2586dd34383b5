import { existsSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Arrived, at } from "../testing/codex-client.ts";
import { RpcSocket } from "../testing/rpc-socket.ts";
import { until } from "../testing/run-command.ts";
import { type EngineBed, removeBusy, startEngineBed } from "./engine-bed.ts";
import { temporaryFolder } from "./test-bed.ts";

/** Each starts processes of 300 MB: a loaded machine takes its time. */
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let folder: string;
let bed: EngineBed;
beforeAll(async () => {
  folder = await temporaryFolder();
  await mkdir(join(folder, "tmp"));
  await writeHome(join(folder, "codex-home"));
  bed = await startEngineBed({
    CODEX_BRIDGE: "true",
    CODEX_HOME: join(folder, "codex-home"),
    OPENAI_API_KEY: "",
    TMPDIR: join(folder, "tmp"),
  });
});
afterAll(async () => {
  await bed.close();
  await removeBusy(folder);
});

/** As its owner uses it: with a login, a server of tools, and a command that needs no asking any more. */
async function writeHome(home: string): Promise<void> {
  await mkdir(join(home, "rules"), { recursive: true });
  await writeFile(join(home, "auth.json"), JSON.stringify({ OPENAI_API_KEY: "sk-of-the-owner" }));
  const args = JSON.stringify(["-c", `touch ${join(folder, "started.txt")}; sleep 5`]);
  await writeFile(join(home, "config.toml"), `[mcp_servers.theirs]\ncommand = "/bin/sh"\nargs = ${args}\n`);
  await writeFile(join(home, "rules/default.rules"), 'prefix_rule(pattern=["touch"], decision="allow")\n');
}

const url = () => `${bed.server.url}api/v1/sre/socket?engine=codex`;
const ASKING = { model: "mock-model", approvalPolicy: "untrusted" };

/** Sends a turn, and resolves with the first that it asks for, or with its end. */
async function say(client: RpcSocket, threadId: string, text: string): Promise<Arrived> {
  const from = client.arrived.length;
  await client.ask("turn/start", { threadId, input: [{ type: "text", text }] });
  return await client.until(
    (message) =>
      /requestApproval|turn\/completed/.test(message.method ?? "") && client.arrived.indexOf(message) >= from,
  );
}

/** What the commands of a client printed, or how they ended. */
const printed = ({ arrived }: RpcSocket) =>
  arrived.flatMap(({ method, params }) =>
    method === "item/completed" && at(params, "item", "type") === "commandExecution"
      ? [String(at(params, "item", "aggregatedOutput") ?? at(params, "item", "status"))]
      : [],
  );

const isTurnEnd = ({ method }: Arrived) => method === "turn/completed";

test("of CODEX_HOME only the login counts: no program of its settings starts, and its rules allow nothing", async () => {
  const { client, threadId } = await RpcSocket.inThread(url(), ASKING);
  const { result } = await client.ask("account/read", {});
  expect(result).toMatchObject({ account: { type: "apiKey" } });
  const asked = await say(client, threadId, "run touch ../escaped.txt");
  expect(asked.method).toBe("item/commandExecution/requestApproval");
  client.send({ id: asked.id, result: { decision: "cancel" } });
  await client.until(isTurnEnd);
  client.close();
  const session = await bed.connect();
  const { messages } = await session.turn("run touch ../escaped.txt | cat", {}, "NO_CONTINUE");
  expect(messages.filter(({ type }) => type === "approval_request")).toHaveLength(1);
  session.close();
  expect(existsSync(join(folder, "started.txt"))).toBe(false);
});

test("with the policy untrusted the engine asks for every command, even one that only reads", async () => {
  const { client, threadId } = await RpcSocket.inThread(url(), ASKING);
  for (const command of ["ls", "git status"]) {
    const before = client.arrived.length;
    const asked = await say(client, threadId, `run ${command}`);
    expect(asked.method).toBe("item/commandExecution/requestApproval");
    client.send({ id: asked.id, result: { decision: "accept" } });
    await client.until((message) => isTurnEnd(message) && client.arrived.indexOf(message) > before);
  }
  client.close();
});

test("a client sees its own threads alone, and nothing of them is left behind", async () => {
  const one = await RpcSocket.inThread(url(), ASKING);
  await say(one.client, one.threadId, "hello");
  const listed = await one.client.ask("thread/list", {});
  expect(JSON.stringify(listed.result)).toContain(one.threadId);
  const other = await RpcSocket.inThread(url(), ASKING);
  await say(other.client, other.threadId, "hello");
  expect(JSON.stringify((await other.client.ask("thread/list", {})).result)).not.toContain(one.threadId);
  for (const method of ["thread/read", "thread/resume", "thread/fork"]) {
    expect((await other.client.ask(method, { threadId: one.threadId })).error).toBeDefined();
  }
  one.client.close();
  other.client.close();
  const [own = ""] = await readdir(join(folder, "tmp"));
  const left = async () => {
    const kinds = ["state", "hidden"].map((kind) => readdir(join(folder, "tmp", own, kind)));
    return (await Promise.all(kinds)).flat().filter((name) => name !== "shared");
  };
  await until(async () => (await left()).length === 0);
});

test("a decision that would make a rule declines, is told, and makes none", async () => {
  const { client, threadId } = await RpcSocket.inThread(url(), ASKING);
  for (const decision of [
    { acceptWithExecpolicyAmendment: { execpolicy_amendment: ["touch"] } },
    { applyNetworkPolicyAmendment: { network_policy_amendment: { action: "allow", host: "a.example" } } },
  ]) {
    const before = client.arrived.length;
    const asked = await say(client, threadId, "run touch made.txt");
    expect(asked.method).toBe("item/commandExecution/requestApproval");
    client.send({ id: asked.id, result: { decision } });
    await client.until((message) => isTurnEnd(message) && client.arrived.indexOf(message) > before);
  }
  const warnings = client.arrived.filter(({ method }) => method === "warning");
  expect(warnings.map(({ params }) => String(params?.["message"])).join(" ")).toMatch(/one word.*one word/);
  expect(printed(client)).toEqual(["declined", "declined"]);
  expect(existsSync(join(bed.workspace, "made.txt"))).toBe(false);
  client.close();
});

test.each(["workspace-write", "read-only"])(
  "a sandbox that a client names, %s, hides what the server hides",
  async (sandbox) => {
    await writeFile(join(bed.workspace, ".env"), "SECRET=hidden-words");
    const { client, threadId } = await RpcSocket.inThread(url(), {
      model: "mock-model",
      approvalPolicy: "on-request",
      sandbox,
    });
    const home = join(folder, "codex-home");
    const text = `run cat .env ${home}/auth.json; ls -R ${join(folder, "tmp")}/*/hidden; touch made-${sandbox}; echo done`;
    expect(isTurnEnd(await say(client, threadId, text))).toBe(true);
    const [output = ""] = printed(client);
    expect(output).toContain("done");
    expect(output).not.toMatch(/hidden-words|sk-of-the-owner|sqlite|rollout/);
    expect(output.match(/Permission denied/g)).toHaveLength(3);
    expect(existsSync(join(bed.workspace, `made-${sandbox}`))).toBe(sandbox === "workspace-write");
    client.close();
  },
);
