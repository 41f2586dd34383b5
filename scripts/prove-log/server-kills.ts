import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { loadVerifierKeys } from "../../src/audit/keys.ts";
import { verifyAll } from "../../src/audit/verify.ts";
import { type RealServer, startRealServer } from "../../src/testing/real-server.ts";
import { SocketClient } from "../../src/testing/socket-client.ts";
import { randomFrom } from "./faults.ts";

interface Kills {
  /** How often the server is killed. */
  times: number;
  seed: number;
  /** Clients that talk to it meanwhile, each in a session of its own. */
  clients?: number;
  durability?: "barrier" | "strict" | "off";
}

export interface KillsProof {
  /** Messages that clients had got before a kill; each was looked for in the logs. */
  received: number;
  sessions: number;
  /** What was lost, doubled or hung, and what the logs' reports say. */
  wrong: string[];
}

/** How long the server may live under load before it is killed, in milliseconds. */
const LONGEST_LIFE_MS = 500;
const TURN_DEADLINE_MS = 20_000;

/** Kills a real server under load, at a moment that chance decides, and looks at what its next start makes of it. */
export async function proveServerKills({
  times,
  seed,
  clients = 4,
  durability = "barrier",
}: Kills): Promise<KillsProof> {
  const folder = await mkdtemp(join(tmpdir(), "agentloop-kills-"));
  const store = join(folder, "sessions");
  const start = () =>
    startRealServer({
      cwd: folder,
      env: {
        MODEL: "scripted",
        SESSION_STORE_PATH: store,
        SANDBOX: "danger-full-access",
        APPROVAL_POLICY: "full-auto",
        AUDIT_DURABILITY: durability,
        MAX_MESSAGES_PER_SECOND: "10000",
      },
    });
  const random = randomFrom(seed);
  const proof: KillsProof = { received: 0, sessions: 0, wrong: [] };
  try {
    await mkdir(store, { mode: 0o700 });
    let killed: SocketClient[] = [];
    for (let count = 0; count <= times; count += 1) {
      await using server = await start();
      for (const client of killed) await inspect(server, client, proof);
      if (count < times) killed = await killUnderLoad(server, clients, random() * LONGEST_LIFE_MS);
      else await server.stop();
    }
    await inspectReports(store, proof);
    return proof;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function killUnderLoad(server: RealServer, count: number, lifeMs: number): Promise<SocketClient[]> {
  const clients = await Promise.all(
    Array.from({ length: count }, () => SocketClient.connect(`${server.url}?stream=true`)),
  );
  const talks = clients.map(talk);
  await new Promise((resolve) => setTimeout(resolve, lifeMs));
  await server.stop("SIGKILL");
  await Promise.all(talks);
  return clients;
}

/** Turn after turn, with a tool in every other one, until the server is gone. */
async function talk(client: SocketClient): Promise<void> {
  try {
    for (let count = 0; ; count += 1) {
      await client.turn(count % 2 === 0 ? "Tell me something." : "run true");
    }
  } catch {
    // That is what it waits for.
  }
}

const Events = z.object({
  events: z.array(
    z.object({ direction: z.string(), message_data: z.looseObject({ id: z.string().optional() }) }),
  ),
});

/** Whether the session's log has everything that its client was told, once, and whether it can be gone on with. */
async function inspect(server: RealServer, client: SocketClient, proof: KillsProof): Promise<void> {
  const id = client.sessionId;
  const answer = await fetch(`${server.origin}/sessions/${id}/events?limit=10000`);
  const { events } = Events.parse(await answer.json());
  const logged = new Map<string, number>();
  for (const { message_data } of events) {
    if (message_data.id !== undefined) logged.set(message_data.id, (logged.get(message_data.id) ?? 0) + 1);
  }
  // Deltas are logged in batches; the finished item has their text again.
  const received = client.messages.filter(({ type }) => type !== "response_delta");
  proof.received += received.length;
  proof.sessions += 1;
  for (const message of received) {
    if (!logged.has(message.id)) proof.wrong.push(`lost from ${id}: ${JSON.stringify(message)}`);
  }
  for (const [message, times] of logged) {
    if (times > 1) proof.wrong.push(`${times} times in ${id}: ${message}`);
  }
  const next = await SocketClient.connect(`${server.url}ws/${id}`);
  if (!(await finishes(next))) proof.wrong.push(`hung after the restart: ${id}`);
  next.close();
}

async function finishes(client: SocketClient): Promise<boolean> {
  const deadline = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => deadline.resolve(false), TURN_DEADLINE_MS);
  const turn = client.turn("Hello").then(
    ({ finished }) => finished.status === "completed",
    () => false,
  );
  return await Promise.race([turn, deadline.promise]).finally(() => clearTimeout(timer));
}

async function inspectReports(store: string, proof: KillsProof): Promise<void> {
  const logs = (await readdir(store)).filter((name) => name.endsWith(".jsonl"));
  let reports = 0;
  for await (const report of verifyAll(store, loadVerifierKeys(store))) {
    reports += 1;
    if (!report.ok)
      proof.wrong.push(`the report of ${report.session_id}: ${JSON.stringify(report.problems)}`);
  }
  if (reports !== logs.length) proof.wrong.push(`${logs.length} logs and ${reports} reports`);
}
