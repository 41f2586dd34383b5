import { randomUUID } from "node:crypto";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { CodexAgent, type CodexAgentOptions } from "../agents/codex/agent.ts";
import { AppServer, type Deadlines, DEADLINES } from "../agents/codex/app-server.ts";
import type { Launch } from "../agents/codex/engine-process.ts";
import { engineEnvironment } from "../agents/codex/environment.ts";
import { createFolders, removeFolders } from "../agents/codex/folders.ts";
import { findProgram, type Program } from "../agents/codex/program.ts";
import { Seats } from "../agents/codex/seats.ts";
import { engineArguments } from "../agents/codex/settings.ts";
import { Warden } from "../agents/codex/warden.ts";
import { Approvals } from "../agents/loop/approvals.ts";
import { askUser } from "../agents/loop/ask.ts";
import { Conversation } from "../agents/loop/conversation.ts";
import { decide, Grants } from "../agents/loop/policy.ts";
import { AgentError } from "../contract/error.ts";
import type { ApprovalPolicy, SandboxMode } from "../contract/message.ts";
import { createUnconfinedSandbox } from "../sandboxes/unconfined.ts";
import { terminate } from "../sandboxes/terminate.ts";
import { createToolbox } from "../tools/toolbox.ts";
import { codexBinary } from "./codex-binary.ts";

export interface TestEngine {
  workspace: string;
  providerUrl: string;
  policy?: ApprovalPolicy;
  sandbox?: SandboxMode;
  approvalTimeoutMs?: number;
  /** Names in the workspace. */
  readOnly?: readonly string[];
  program?: Program;
  deadlines?: Partial<Deadlines>;
  options?: Partial<CodexAgentOptions>;
}

const MARK = randomUUID();
const warden = new Warden(MARK);
let launches = 0;

/** For all agents of a test file: to make a state takes the engine longer than to start. */
let sharedRoot: string | undefined;
const rootFolder = () => (sharedRoot ??= realpathSync(mkdtempSync(join(tmpdir(), "agentloop-engine-"))));
afterAll(() => {
  if (sharedRoot !== undefined) rmSync(sharedRoot, { recursive: true, force: true });
});

/** A codex agent on the real program, and the processes that it has started. */
export async function createTestCodexAgent(setup: TestEngine) {
  const { workspace, policy = "suggest", sandbox = "workspace-write", approvalTimeoutMs = 60_000 } = setup;
  const servers: AppServer[] = [];
  const faults: unknown[] = [];
  const approvals = new Approvals();
  const grants = new Grants();
  const toolbox = createToolbox();
  const context = {
    workspace,
    sandbox: { ...createUnconfinedSandbox(), mode: sandbox },
    timeoutMs: 10_000,
    maxTimeoutMs: 10_000,
    maxOutputBytes: 32_768,
  };
  const launch = async (): Promise<Launch> => {
    launches += 1;
    const marker = `${MARK}.${launches}`;
    const folders = createFolders({ root: rootFolder(), marker, isAlone: false });
    return {
      program: setup.program ?? findProgram(codexBinary()),
      args: engineArguments({
        policy,
        sandbox,
        network: false,
        workspace,
        hidden: [join(workspace, ".env")],
        readOnly: (setup.readOnly ?? []).map((name) => join(workspace, name)),
        folders,
        hasKey: true,
        baseUrl: setup.providerUrl,
        marker,
      }),
      env: engineEnvironment({ source: process.env, folders, apiKey: "sk-test-key-of-the-engine", marker }),
      cwd: workspace,
      marker,
      warden,
      onFault: (error) => faults.push(error),
      reap: async (pid, mark) => {
        await terminate(pid, { marker: mark, outlivesDescendants: false });
        await removeFolders(folders, { isAlone: false });
      },
    };
  };
  const agent = new CodexAgent({
    model: "mock-model",
    contextWindow: 100_000,
    policy,
    instructions: async () => "",
    toolbox,
    toolContext: context,
    conversation: new Conversation(),
    desk: {
      decide: (assessment) => decide(assessment, { policy, grants, sandbox }),
      ask: (question, signal) =>
        askUser({ ...question, toolbox, context, grants, approvals, approvalTimeoutMs }, signal),
      answer: (answer) => approvals.answer(answer),
    },
    purse: {
      check: () => undefined,
      pay: (_model, usage) => ({ ...usage, cost_usd: null }),
      recall: () => undefined,
    },
    seats: new Seats(5),
    startServer: async (signal) => {
      const server = await AppServer.start(await launch(), "0.0.0", signal, {
        ...DEADLINES,
        ...setup.deadlines,
      });
      servers.push(server);
      return server;
    },
    modelOf: async (name) => {
      if (name.startsWith("codex")) return name.replace(/^codex[:/]/, "");
      throw new AgentError("invalid_message", `A session cannot change its engine, from codex to ${name}.`);
    },
    ...setup.options,
  });
  return { agent, servers, faults, launch, close: () => agent.close() };
}
