import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { json } from "node:stream/consumers";
import { WebSocket } from "ws";
import { AgentError, ErrorCode } from "../contract/error.ts";
import type { CloseReason } from "../contract/protocol.ts";
import { Mailbox } from "../testing/mailbox.ts";
import type { ChannelClient } from "./channel.suite.ts";

/** A client by WebSocket. Rejects with the AgentError that it was refused with. */
export async function connectWebSocket(
  port: number,
  protocols: string[] = [],
  { deaf } = { deaf: false },
): Promise<ChannelClient & { socket: WebSocket }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, protocols, { autoPong: !deaf });
  const frames = new Mailbox<string>();
  socket.on("message", (data: Buffer) => frames.put(data.toString()));
  const { promise: ended, resolve } = Promise.withResolvers<CloseReason | "lost">();
  socket.on("close", (code, reason) => resolve(code === 1006 ? "lost" : (reason.toString() as CloseReason)));
  const refused = Promise.withResolvers<never>();
  socket.on("unexpected-response", (_request, response) => void refusalOf(response).then(refused.reject));
  socket.on("error", refused.reject);
  await Promise.race([once(socket, "open"), refused.promise]);
  return {
    socket,
    frames,
    ended,
    send: (frame) => socket.send(frame),
    leave: () => socket.terminate(),
  };
}

async function refusalOf(response: IncomingMessage): Promise<AgentError> {
  const { code, message } = (await json(response)) as { code: string; message: string };
  return new AgentError(ErrorCode.parse(code), message);
}
