// A client of the Codex app-server's JSON-RPC: node codex-rpc-client.js "your prompt"
import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { WebSocket } from "ws";

const url = process.env.WS_URL ?? "ws://127.0.0.1:8080/api/v1/sre/socket";
const token = process.env.AUTH_TOKEN;
const socket = new WebSocket(url, { headers: token ? { authorization: `Bearer ${token}` } : {} });
const terminal = createInterface({ input: process.stdin, output: process.stdout });
const inputEnded = once(terminal, "close").then(() => "n");
// What a model writes may show on a terminal, but not steer it.
const printable = (text) => text.replace(/[^\P{Cc}\n\t]/gu, "�");
const send = (message) => socket.send(JSON.stringify(message));

const DECISIONS = { y: "accept", a: "acceptForSession", n: "decline", c: "cancel" };
const waiting = new Map();

/** Resolves with the result of a request. */
function request(method, params) {
  const id = waiting.size + 1;
  const { promise, resolve, reject } = Promise.withResolvers();
  waiting.set(id, { resolve, reject });
  send({ id, method, params });
  return promise;
}

function receive({ id, method, params, result, error }) {
  if (method !== undefined && id !== undefined) return void decide(id, params);
  if (method !== undefined) return tell(method, params);
  if (error) waiting.get(id)?.reject(new Error(error.message));
  else waiting.get(id)?.resolve(result);
}

/** What happens in the thread. */
function tell(method, params) {
  if (method === "item/agentMessage/delta") process.stdout.write(printable(params.delta));
  if (method === "item/commandExecution/outputDelta") process.stdout.write(printable(params.delta));
  if (method === "item/started" && params.item.type === "commandExecution") {
    console.log(`\n$ ${printable(params.item.command)}`);
  }
  if (method === "item/started" && params.item.type === "fileChange") {
    for (const { kind, path, diff } of params.item.changes) {
      console.log(`\n${kind.type} ${printable(path)}\n${printable(diff)}`);
    }
  }
  if (method === "item/completed" && params.item.type === "agentMessage") console.log();
  if (method === "error") console.error(printable(params.error.message));
  if (method === "turn/completed") process.exit(params.turn.status === "completed" ? 0 : 1);
}

async function decide(id, { command, reason }) {
  const what = command === undefined ? "Apply the patch" : `Run ${command}`;
  const question = `${printable(what)} ? ${printable(reason ?? "")} [y/a/n/c] `;
  const answer = terminal.question(question).catch(() => "n");
  const key = await Promise.race([answer, inputEnded]);
  send({ id, result: { decision: DECISIONS[key] ?? "decline" } });
}

async function converse() {
  await request("initialize", { clientInfo: { name: "codex-rpc-client", version: "1.0.0" } });
  send({ method: "initialized" });
  const { thread } = await request("thread/start", {});
  const input = [{ type: "text", text: process.argv.slice(2).join(" ") }];
  await request("turn/start", { threadId: thread.id, input });
}

socket.on("message", (data) => receive(JSON.parse(data)));
socket.on("error", (error) => console.error(error.message || error.code));
socket.on("close", () => process.exit(1));
socket.on("open", () => {
  converse().catch((error) => {
    console.error(printable(error.message));
    process.exit(1);
  });
});
