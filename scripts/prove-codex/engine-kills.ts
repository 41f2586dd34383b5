import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ServerMessage } from "../../src/contract/message.ts";
import { codexBinary } from "../../src/testing/codex-binary.ts";
import { processesIn } from "../../src/testing/processes-in.ts";
import { type RealServer, startRealServer } from "../../src/testing/real-server.ts";
import { startResponsesServer } from "../../src/testing/responses-server.ts";
import { SocketClient } from "../../src/testing/socket-client.ts";

interface Kills {
  /** Sessions at once, each with a process of its own. */
  sessions: number;
  /** How often a process is killed, and then how often the whole server. */
  engineKills: number;
  serverKills: number;
  random: () => number;
  sandbox: "workspace-write" | "danger-full-access";
}

export interface EngineProof {
  turns: number;
  failed: number;
  /** How many processes of the engine ran at once before the first was killed. */
  processes: number;
  wrong: string[];
}

const TURN_DEADLINE_MS = 60_000;
const START_MS = 120_000;
const GONE_MS = 5_000;
const LONGEST_PAUSE_MS = 300;

/** Kills processes of the engine under load, at moments that chance decides, and at last the server itself. */
export async function proveEngineKills(kills: Kills): Promise<EngineProof> {
  const folder = await mkdtemp(join(tmpdir(), "agentloop-engine-kills-"));
  const workspace = join(folder, "workspace");
  await mkdir(workspace);
  const provider = await startResponsesServer();
  const proof: EngineProof = { turns: 0, failed: 0, processes: 0, wrong: [] };
  const start = () =>
    startRealServer({
      cwd: workspace,
      env: {
        PROVIDER: "codex",
        MODEL: "mock-model",
        CODEX_BIN: codexBinary(),
        OPENAI_API_KEY: "sk-prove-0123456789abcdef",
        OPENAI_BASE_URL: provider.url,
        CODEX_MAX_PROCESSES: String(kills.sessions),
        SESSION_STORE_PATH: join(folder, "sessions"),
        SANDBOX: kills.sandbox,
        APPROVAL_POLICY: "full-auto",
      },
    });
  try {
    await killEngines(await start(), { ...kills, workspace }, proof);
    for (let count = 0; count < kills.serverKills; count += 1) {
      await killServer(await start(), { ...kills, workspace }, proof);
    }
    return proof;
  } finally {
    await provider.close();
    await rm(folder, { recursive: true, force: true });
  }
}

type InWorkspace = Kills & { workspace: string };

async function killEngines(server: RealServer, kills: InWorkspace, proof: EngineProof): Promise<void> {
  const { sessions, engineKills, random, workspace } = kills;
  const clients = await connectAll(server, sessions);
  const stop = new AbortController();
  const talks = clients.map((client) => talk(client, stop.signal, proof));
  await allRun(kills, proof);
  for (let killed = 0; killed < engineKills;) {
    await delay(random() * LONGEST_PAUSE_MS);
    const engines = enginesIn(workspace);
    const victim = engines[Math.floor(random() * engines.length)];
    if (victim && kill(victim.pid)) killed += 1;
  }
  stop.abort();
  await Promise.all(talks);
  for (const client of clients) client.close();
  if ((await server.stop("SIGTERM")) !== 0) proof.wrong.push("the server did not end well");
  await nothingLeft(workspace, proof, "after the server has ended");
}

/** Every session has its process at once. */
async function allRun({ workspace, sessions }: InWorkspace, proof: EngineProof): Promise<void> {
  for (const deadline = performance.now() + START_MS; performance.now() < deadline;) {
    proof.processes = enginesIn(workspace).filter(({ isProgram }) => isProgram).length;
    if (proof.processes === sessions) return;
    await delay(50);
  }
  proof.wrong.push(`only ${proof.processes} of ${sessions} processes ran at once`);
}

async function killServer(server: RealServer, kills: InWorkspace, proof: EngineProof): Promise<void> {
  const clients = await connectAll(server, kills.sessions);
  for (const client of clients) client.say("run while sleep 0.05; do echo on; done");
  await Promise.race([delay(1_000 + kills.random() * 2_000), Promise.all(clients.map(runs))]);
  await server.stop("SIGKILL");
  await nothingLeft(kills.workspace, proof, "after the server was killed");
}

const runs = async (client: SocketClient) => {
  await client.next("status");
};

const connectAll = (server: RealServer, count: number) =>
  Promise.all(Array.from({ length: count }, () => SocketClient.connect(`${server.url}?stream=true`)));

/** Turn after turn; a turn may fail, but it must end, and the next one must work in the end. */
async function talk(client: SocketClient, stop: AbortSignal, proof: EngineProof): Promise<void> {
  for (let count = 0; !stop.aborted; count += 1) {
    await oneTurn(
      client,
      count % 2 === 0 ? "run sleep 0.1; echo on; sleep 0.1" : "Tell me something.",
      proof,
    );
  }
  // The last kill may have hit what this one begins on.
  const ends = [await oneTurn(client, "run echo one", proof), await oneTurn(client, "run echo two", proof)];
  const last = ends.at(-1);
  if (last !== "completed") proof.wrong.push(`session ${client.sessionId} does not work any more: ${last}`);
}

async function oneTurn(client: SocketClient, text: string, proof: EngineProof): Promise<string> {
  const late = new AbortController();
  const hung = delay(TURN_DEADLINE_MS, "hung", { signal: late.signal }).catch(() => "hung");
  const turn = client.turn(text).then(
    ({ finished, messages }) => (finished.status === "failed" ? failureIn(messages) : finished.status),
    (error: unknown) => String(error),
  );
  const end = await Promise.race([turn, hung]);
  late.abort();
  proof.turns += 1;
  if (KILLED.test(end)) proof.failed += 1;
  else if (end !== "completed") proof.wrong.push(`a turn of session ${client.sessionId}: ${end}`);
  return end;
}

/** How a turn says that its process was killed; its start script hands the signal on. */
const KILLED = /^The codex process (?:was ended by|ended with code)/;

const failureIn = (messages: readonly ServerMessage[]) =>
  messages.flatMap((message) => (message.type === "error" ? [message.payload.message] : [])).join("; ");

async function nothingLeft(workspace: string, proof: EngineProof, when: string): Promise<void> {
  for (const deadline = performance.now() + GONE_MS; performance.now() < deadline;) {
    if (processesIn(workspace).length === 0) return;
    await delay(20);
  }
  for (const { pid, line } of processesIn(workspace)) {
    proof.wrong.push(`${when} there is still ${pid}: ${line.slice(0, 120)}`);
    kill(pid);
  }
}

/** Of the engine alone: its start script and its program. */
const enginesIn = (workspace: string) =>
  processesIn(workspace)
    .filter(({ line }) => / app-server /.test(line))
    .map(({ pid, line }) => ({ pid, isProgram: !/codex\.js app-server/.test(line) }));

/** False when it has gone by itself. */
function kill(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false;
  }
}
