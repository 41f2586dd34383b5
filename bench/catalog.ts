/**
 * Figures of the catalog: how long a store of many sessions takes to list, to search and to read again, and what
 * following live sessions costs the event loop.
 *
 *     node bench/catalog.ts [sessions, default 100000]     (the server must be built)
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { checkpointPath } from "../src/audit/files.ts";
import { createLogStore } from "../src/audit/log.ts";
import type { AuditStore } from "../src/contract/log.ts";
import { peakMemoryOf, startProgram } from "./harness/processes.ts";

const [, script = "", first = "100000", folderOfChild] = process.argv;
const LINES = 12;

/** Each figure comes from a process of its own, so that none is warm that should be cold. */
async function main(sessions: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "agentloop-bench-"));
  try {
    const writing = performance.now();
    for (let number = 0; number < sessions; number += 1) writeSession(folder, number);
    say(`${sessions} sessions of ${LINES} lines written`, performance.now() - writing);
    for (const name of ["the catalog is built from the files", "a cold start with the catalog"]) {
      console.log(`\n${name}:`);
      const { stdout, stderr } = spawnSync(process.execPath, [script, "0", folder], { encoding: "utf8" });
      console.log(stdout.trimEnd() + stderr);
    }
    console.log("\na server of its own, over HTTP:");
    await askServer(folder);
    const { size } = statSync(join(folder, "catalog.sqlite"));
    say("size of the catalog", size / 1e6, "MB");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function ask(folder: string): Promise<void> {
  const isNew = !existsSync(join(folder, "catalog.sqlite"));
  const faults: unknown[] = [];
  const store = createLogStore({ folder, onFault: (error) => faults.push(error) });
  const { records } = store;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await measure(isNew ? "first page, after reading every log" : "first page", () => records.page(QUERY, 50));
  say("longest stall of the event loop", delay.max / 1e6);
  const memory = () => say("resident memory", process.memoryUsage.rss() / 1e6, "MB");
  memory();
  if (isNew) return await store.close();
  await measure("newest page, warm", () => records.page(QUERY, 50), 20);
  await measure("page sorted by activity", () => records.page({ sort: "activity" }, 50), 5);
  await measure("page of one model", () => records.page({ ...QUERY, model: "gpt-5.1" }, 50), 5);
  await measure("page with a word of every session", () => records.page({ ...QUERY, q: "please" }, 50), 5);
  const threads = { put_away: false, sort: "last_activity", descending: true } as const;
  await measure("page of conversations", () => records.conversations(threads, 25), 20);
  await measure(
    "page of conversations of a name",
    () => records.conversations({ ...threads, words: "session77 " }, 25),
    5,
  );
  await measure(
    "page of the conversations that were put away",
    () => records.conversations({ ...threads, put_away: true }, 25),
    5,
  );
  await measure(
    "page of conversations in two folders",
    () => records.conversations({ ...threads, workspaces: ["/work/7", "/nowhere"] }, 25),
    5,
  );
  await measure("search, a rare word", () => records.search("session77", 50), 5);
  await measure("search, a word of every session", () => records.search("please", 50), 5);
  await measure(
    "search, two frequent words and a phrase",
    () => records.search('please result "the tests"', 50),
    5,
  );
  await measure("all sessions, listed", async () => {
    for await (const listing of records.list(QUERY)) void listing;
  });
  memory();
  delay.reset();
  await live(store);
  say("longest stall of the event loop while 100 sessions write 20 000 lines", delay.max / 1e6);
  await measure("newest page right after them", () => records.page(QUERY, 50));
  memory();
  await store.close();
  if (faults.length > 0) console.log(faults);
}

/** What a reader waits for, and the most memory that the whole server takes for it. */
async function askServer(folder: string): Promise<void> {
  const server = await startProgram({
    argv: [fileURLToPath(new URL("../dist/ws-server.js", import.meta.url)), "--port", "0"],
    env: { MODEL: "scripted", SESSION_STORE_PATH: folder },
    cwd: folder,
    port: /listens on ws:\/\/127\.0\.0\.1:(\d+)\//,
  });
  const read = async (path: string) => {
    const { body } = await fetch(`http://127.0.0.1:${server.port}${path}`);
    for await (const bytes of body ?? []) void bytes;
  };
  try {
    await measure("newest page, the first one", () => read("/sessions?limit=50"));
    await measure("newest page, warm", () => read("/sessions?limit=50"), 20);
    await measure("search, a rare word", () => read("/search?q=session77"), 5);
    await measure("search, a word of every session", () => read("/search?q=please"), 5);
    say("resident memory at most", peakMemoryOf(server.pid) / 1e6, "MB");
    await measure("all sessions in one answer", () => read("/sessions"));
    say("resident memory at most", peakMemoryOf(server.pid) / 1e6, "MB");
  } finally {
    await server.stop();
  }
}

const QUERY = { sort: "newest" } as const;

/** As fast as the event loop lets them, 100 lines at a time. */
async function live(store: AuditStore): Promise<void> {
  const logs = Array.from({ length: 100 }, (_, number) =>
    store.create(`ff${String(number).padStart(30, "0")}`),
  );
  for (let round = 0; round < 200; round += 1) {
    for (const log of logs) log.append("outgoing", JSON.stringify(messageAt(5, round)));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await Promise.all(logs.map((log) => log.end()));
}

async function measure(name: string, work: () => Promise<unknown>, times = 1): Promise<void> {
  let worst = 0;
  for (let count = 0; count < times; count += 1) {
    const start = performance.now();
    await work();
    worst = Math.max(worst, performance.now() - start);
  }
  say(name, worst);
}

const say = (name: string, value: number, unit = "ms") =>
  console.log(`${name.padEnd(72)} ${value.toFixed(1).padStart(9)} ${unit}`);

const idOf = (number: number): string =>
  `${(0x0190f0f00000 + number).toString(16).padStart(12, "0")}70008000000000000000`;

function writeSession(folder: string, number: number): void {
  const lines = Array.from({ length: LINES }, (_, seq) => {
    const timestamp = new Date(Date.UTC(2026, 0, 1) + number * 1000 + seq).toISOString();
    const incoming = seq < 2;
    return JSON.stringify({
      timestamp,
      event_type: incoming ? "websocket_message_received" : "websocket_message_sent",
      direction: incoming ? "incoming" : "outgoing",
      message_data: messageAt(seq, number),
      seq,
      salt: "0".repeat(32),
      data_hash: "0".repeat(64),
      prev_hash: "0".repeat(64),
      hash: "0".repeat(64),
    });
  });
  writeFileSync(join(folder, `${idOf(number)}.jsonl`), `${lines.join("\n")}\n`, { mode: 0o600 });
  // A server that starts ends every session that has none: a crash would have left it open.
  writeFileSync(checkpointPath(folder, idOf(number)), "");
}

const WORDS = Array.from({ length: 5000 }, (_, index) => `word${index.toString(36)}`);
const someWords = (count: number) =>
  Array.from({ length: count }, () => WORDS[Math.floor(WORDS.length ** Math.random()) - 1]).join(" ");

function messageAt(seq: number, number: number): unknown {
  const id = `m${seq}`;
  const text = (words: string) => [{ type: "output_text", text: words }];
  switch (seq) {
    case 0:
      return { event: "session_started" };
    case 1:
      return {
        id,
        type: "user_input",
        payload: { input: `please look at session${number} ${someWords(20)}` },
      };
    case 2:
      return {
        id,
        type: "session_info",
        payload: {
          model: number % 2 ? "gpt-5.1" : "claude",
          provider: "openai",
          workspace: `/work/${number % 1000}`,
        },
      };
    case 3:
    case LINES - 2:
      return { id, type: "loading_state", payload: { loading: seq === 3 } };
    case LINES - 1:
      return { event: "session_ended" };
    default:
      return {
        id,
        type: "response_item",
        payload: { type: "message", role: "assistant", content: text(`the tests result ${someWords(50)}`) },
      };
  }
}

if (folderOfChild === undefined) await main(Number(first));
else await ask(folderOfChild);
