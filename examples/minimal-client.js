// The smallest useful client: node minimal-client.js "your prompt"
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { WebSocket } from "ws";

const token = process.env.AUTH_TOKEN;
const headers = token ? { authorization: `Bearer ${token}` } : {};
const socket = new WebSocket(process.env.WS_URL ?? "ws://127.0.0.1:8080", { headers });
const terminal = createInterface({ input: process.stdin, output: process.stdout });
const inputEnded = once(terminal, "close").then(() => "n");
const send = (type, payload) => socket.send(JSON.stringify({ id: randomUUID(), type, payload }));
// What a model writes may show on a terminal, but not steer it.
const printable = (text) => text.replace(/[^\P{Cc}\n\t]/gu, "�");

socket.on("open", () => {
  const content = [{ type: "input_text", text: process.argv.slice(2).join(" ") }];
  send("user_input", { input: [{ type: "message", role: "user", content }] });
});
socket.on("message", (data) => {
  const { id, type, payload } = JSON.parse(data);
  if (type === "response_item" && payload.role === "assistant") {
    console.log(printable(payload.content.map((part) => part.text ?? "").join("")));
  }
  if (type === "approval_request") void approve(id, payload.command.join(" "));
  if (type === "error") console.error(printable(payload.message));
  if (type === "agent_finished") process.exit((payload.status ?? "completed") === "completed" ? 0 : 1);
});
socket.on("error", (error) => console.error(error.message || error.code));
socket.on("close", () => process.exit(1));

async function approve(requestId, command) {
  const answer = terminal.question(`Run ${printable(command)} ? [y/n] `).catch(() => "n");
  const review = (await Promise.race([answer, inputEnded])) === "y" ? "YES" : "NO_CONTINUE";
  send("approval_response", { review, requestId });
}
