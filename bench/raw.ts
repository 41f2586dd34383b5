/**
 * What no server can do without: a request by node:http, the events split, the text of each out by `ws`, in one write an
 * event-loop turn. It keeps no history, and a log only with `--log FILE`: one synchronous write a message. Calls of the
 * shell are run as they come. The measure that the server is held against.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, writeSync } from "node:fs";
import { Agent, type IncomingMessage, request } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { parseArgs } from "node:util";
import { type WebSocket, WebSocketServer } from "ws";

const { values } = parseArgs({ options: { provider: { type: "string" }, log: { type: "string" } } });
const agent = new Agent({ keepAlive: true });
const log = values.log === undefined ? undefined : openSync(values.log, "a");

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
server.on("listening", () => console.log(`port ${(server.address() as AddressInfo).port}`));
server.on("connection", (client, { socket }) => {
  const send = corked(client, socket);
  send('{"type":"session_info"}');
  client.on("message", (message: Buffer) => {
    if (log !== undefined) writeSync(log, `${message.toString()}\n`);
    const { payload } = JSON.parse(message.toString()) as { payload: { input: unknown } };
    turn([{ role: "user", content: payload.input }], send).catch(console.error);
  });
});

function corked(client: WebSocket, socket: Socket): (frame: string) => void {
  let isCorked = false;
  const uncork = () => {
    isCorked = false;
    socket.uncork();
  };
  return (frame) => {
    if (log !== undefined) writeSync(log, `${frame}\n`);
    if (!isCorked) {
      isCorked = true;
      socket.cork();
      setImmediate(uncork);
    }
    client.send(frame);
  };
}

interface Call {
  type: string;
  call_id: string;
  arguments: string;
}

interface ProviderEvent {
  type: string;
  delta?: string;
  item?: Call;
}

async function turn(input: object[], send: (frame: string) => void): Promise<void> {
  for (let call = await respond(input, send); call !== undefined; call = await respond(input, send)) {
    const { command } = JSON.parse(call.arguments) as { command: [string, ...string[]] };
    const [program, ...rest] = command;
    const child = spawn(program, rest, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (bytes: Buffer) => (output += bytes.toString()));
    child.stderr.on("data", (bytes: Buffer) => (output += bytes.toString()));
    await once(child, "close");
    input.push(call, { type: "function_call_output", call_id: call.call_id, output });
  }
  send('{"type":"agent_finished"}');
}

/** Streams one response, and resolves with the call that it made. */
async function respond(input: object[], send: (frame: string) => void): Promise<Call | undefined> {
  let call: Call | undefined;
  let rest = "";
  const response = await post(JSON.stringify({ model: "bench", input, stream: true }));
  response.setEncoding("utf8");
  response.on("data", (text: string) => {
    const events = (rest + text).split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events) {
      const { type, delta, item } = JSON.parse(event.slice(event.indexOf("data: ") + 6)) as ProviderEvent;
      if (type === "response.output_text.delta")
        send(JSON.stringify({ type: "response_delta", payload: { delta } }));
      if (type !== "response.output_item.done" || item === undefined) continue;
      if (item.type === "function_call") call = item;
      else send(JSON.stringify({ type: "response_item", payload: item }));
    }
  });
  await once(response, "end");
  return call;
}

async function post(body: string): Promise<IncomingMessage> {
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const asked = request(`${values.provider}/v1/responses`, { method: "POST", agent, headers });
  asked.end(body);
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  return response;
}
