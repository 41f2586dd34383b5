// One conversation over HTTP/2: node http2-client.js [session-id] ["prompt"]
// The same session id goes on with the same session. SERVER_URL and AUTH_TOKEN say where to and with what token.
import { once } from "node:events";
import { connect } from "node:http2";
import { createInterface } from "node:readline/promises";

const [sessionId, content = "list files"] = process.argv.slice(2);
const token = process.env.AUTH_TOKEN;
const connection = connect(process.env.SERVER_URL ?? "http://127.0.0.1:8080");
connection.on("error", fail);
const stream = connection.request({
  ":method": "POST",
  ":path": "/agent/stream",
  "content-type": "application/x-ndjson",
  ...(token && { authorization: `Bearer ${token}` }),
});
stream.on("error", fail);
const terminal = createInterface({ input: process.stdin, output: process.stdout });
const inputEnded = once(terminal, "close").then(() => "n");
const send = (frame) => stream.write(`${JSON.stringify(frame)}\n`);
// What a model writes may show on a terminal, but not steer it.
const printable = (text) => text.replace(/[^\P{Cc}\n\t]/gu, "�");

let status = "no turn";
let last = { type: "nothing" };

send({ type: "user_message", sessionId, content });
const [headers] = await once(stream, "response");
if (headers[":status"] !== 200) fail(new Error(`the server answered ${headers[":status"]}`));

let rest = "";
stream.setEncoding("utf8");
for await (const chunk of stream) {
  const lines = (rest + chunk).split("\n");
  rest = lines.pop();
  for (const line of lines) handle(JSON.parse(line));
}
if (last.type !== "terminate") fail(new Error(`expected terminate as the last frame, got ${last.type}`));
if (status !== "completed") fail(new Error(`expected a completed turn, got ${status}`));
process.exit(0);

function handle(frame) {
  last = frame;
  const { type } = frame;
  if (type === "item" && frame.responseItem?.role === "assistant") {
    console.log(printable(frame.responseItem.content.map((part) => part.text ?? "").join("")));
  }
  if (type === "command_prompt") void approve(frame);
  if (type === "error") console.error(printable(frame.message));
  if (type === "status" && frame.message === "session initialised") {
    console.log(`Session ${frame.sessionId}`);
  }
  if (type === "status" && frame.message === "turn finished") {
    status = frame.details.status;
    // We say no more: the server finishes and says terminate.
    stream.end();
  }
}

async function approve({ commandId, command }) {
  const answer = terminal.question(`Run ${printable(command.join(" "))} ? [y/n] `).catch(() => "n");
  const decision = (await Promise.race([answer, inputEnded])) === "y" ? "allow" : "deny";
  send({ type: "approve", sessionId, commandId, decision });
}

function fail(error) {
  console.error(error.message || error.code);
  process.exit(1);
}
