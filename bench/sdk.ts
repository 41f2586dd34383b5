/** What one writes in forty lines on the SDK of the provider and `ws`. `--log FILE`: with a line for each message. */
import { createWriteStream } from "node:fs";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import OpenAI from "openai";
import { WebSocketServer } from "ws";

const { values } = parseArgs({ options: { provider: { type: "string" }, log: { type: "string" } } });
const openai = new OpenAI({ apiKey: "bench", baseURL: `${values.provider}/v1` });
const log = values.log === undefined ? undefined : createWriteStream(values.log, { flags: "a" });

const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
server.on("listening", () => console.log(`port ${(server.address() as AddressInfo).port}`));
server.on("connection", (client) => {
  const conversation: OpenAI.Responses.ResponseInput = [];
  const send = (type: string, payload?: unknown) => {
    const frame = JSON.stringify({ type, payload });
    log?.write(`${JSON.stringify({ timestamp: new Date().toISOString(), frame: { type, payload } })}\n`);
    client.send(frame);
  };

  async function turn(input: string): Promise<void> {
    conversation.push({ role: "user", content: input });
    const stream = await openai.responses.create({ model: "bench", input: conversation, stream: true });
    for await (const event of stream) {
      if (event.type === "response.output_text.delta") send("response_delta", { delta: event.delta });
      if (event.type !== "response.output_item.done" || event.item.type !== "message") continue;
      conversation.push(event.item);
      send("response_item", event.item);
    }
    send("agent_finished");
  }

  send("session_info");
  client.on("message", (message: Buffer) => {
    const { payload } = JSON.parse(message.toString()) as { payload: { input: string } };
    turn(payload.input).catch(console.error);
  });
});
