/**
 * The main job in a few seconds, without a key: a real server with the scripted model, a temporary workspace, a turn
 * with a patch and a command, both approved, and then what the log says of it. `--interactive`: the terminal client.
 */
import { spawn } from "node:child_process";
import { on, once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import type { LogLine } from "../src/contract/log.ts";
import type { ServerMessage } from "../src/contract/message.ts";
import { NotStarted, type RealServer, SOURCES, startRealServer } from "../src/testing/real-server.ts";

const PROMPT =
  'create hello.js with console.log("Hello from the sandbox") then run node hello.js then read hello.js';

const client = fileURLToPath(new URL("../examples/ws-client-example.js", import.meta.url));

const colour = (code: string) => (text: string) =>
  process.stdout.isTTY ? `\u001b[${code}m${text}\u001b[0m` : text;
const dim = colour("2");
const bold = colour("1");
const green = colour("32");
const red = colour("31");

/** What a person types is not known beforehand: it never runs without a sandbox. */
const isInteractive = process.argv.includes("--interactive");

const say = (text = "") => process.stdout.write(`${text}\n`);

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "agentloop-demo-"));
  try {
    const server = await startServer(folder);
    try {
      if (isInteractive) await interactive(server.url);
      else await turn(server, folder);
    } finally {
      await server.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The demo's commands are fixed and its folder is temporary: without a sandbox it goes on, and says so. */
async function startServer(folder: string): Promise<RealServer> {
  const launch = {
    // A fresh clone has no build.
    entry: SOURCES,
    cwd: folder,
    args: ["--model", "scripted"],
    env: { SESSION_STORE_PATH: join(folder, ".sessions") },
  };
  try {
    return await startRealServer(launch);
  } catch (error) {
    const isForWantOfSandbox =
      error instanceof NotStarted && error.message.includes("SANDBOX=danger-full-access");
    if (!isForWantOfSandbox || isInteractive) throw error;
    const server = await startRealServer({
      ...launch,
      env: { ...launch.env, SANDBOX: "danger-full-access" },
    });
    say(red(bold("!! There is no sandbox on this machine: this demo runs its commands WITHOUT one.")));
    say(red(error.message.trim().replaceAll(/^/gm, "   ")));
    say();
    return server;
  }
}

async function interactive(url: string): Promise<void> {
  say(dim(`A server with the scripted model listens on ${url}\nTry: ${PROMPT}`));
  const child = spawn(process.execPath, [client, url], { stdio: "inherit" });
  await once(child, "exit");
}

async function turn({ url, origin }: RealServer, folder: string): Promise<void> {
  const socket = new WebSocket(`${url}?stream=true`);
  const send = (type: string, payload: object) =>
    socket.send(JSON.stringify({ id: crypto.randomUUID(), type, payload }));
  const incoming = on(socket, "message");
  let session = "";
  socket.on("upgrade", (response) => {
    session = String(response.headers["x-session-id"]);
  });
  await once(socket, "open");
  say(`${bold("you")}    ${PROMPT}`);
  send("user_input", { input: PROMPT });
  for await (const [data] of incoming as AsyncIterable<[Buffer]>) {
    const message = JSON.parse(data.toString()) as ServerMessage;
    show(message);
    if (message.type === "approval_request") {
      say(`${bold("you")}    ${green("YES")}`);
      send("approval_response", { review: "YES", requestId: message.id });
    }
    if (message.type === "agent_finished") break;
  }
  socket.close();
  say();
  say(
    `${bold("hello.js")} is in the workspace: ${(await readFile(join(folder, "hello.js"), "utf8")).trim()}`,
  );
  await showLog(origin, session);
}

/** A script as it was written, any other command as its words. */
const shown = (command: string[]) => (command[0] === "bash" ? command.slice(2) : command).join(" ");

function show(message: ServerMessage): void {
  if (message.type === "approval_request") {
    const { files, command, reason } = message.payload;
    say(`${bold("asks")}   ${reason}`);
    const what = files ? files.map((file) => file.diff).join("\n") : `$ ${shown(command)}`;
    say(dim(what.trimEnd().replaceAll(/^/gm, "       ")));
  }
  if (message.type === "error") throw new Error(message.payload.message);
  if (message.type !== "response_item") return;
  const item = message.payload;
  if (item.type === "message" && item.role === "assistant") {
    for (const part of item.content)
      if (part.type === "output_text") say(`${bold("agent")}  ${part.text.replaceAll("\n", "\n       ")}`);
  }
  if (item.type === "function_call_output") {
    const { output } = JSON.parse(item.output) as { output: string };
    say(dim(output.trimEnd().replaceAll(/^/gm, "     > ")));
  }
}

async function showLog(origin: string, session: string): Promise<void> {
  const answer = await fetch(`${origin}/sessions/${session}/events`);
  const { events } = (await answer.json()) as { events: LogLine[] };
  say();
  say(`${bold("The log")} of session ${session}, as GET /sessions/${session}/events tells it:`);
  for (const { seq, direction, message_data: data, timestamp } of events) {
    const { type, event, payload } = data as {
      type?: string;
      event?: string;
      payload?: Record<string, string | undefined>;
    };
    const arrow = direction === "incoming" ? "->" : "<-";
    const detail = payload?.["type"] ?? payload?.["kind"] ?? payload?.["review"] ?? payload?.["status"] ?? "";
    const line = [String(seq).padStart(4), timestamp.slice(11, 23), arrow, type ?? event, detail].join(" ");
    say(dim(line.trimEnd()));
  }
}

await main();
