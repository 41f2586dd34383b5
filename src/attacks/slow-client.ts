import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** Sends pieces with a pause between them, as long as the server lets it, and resolves with what the server said. */
export async function drip(port: number, pieces: readonly string[], pauseMs: number): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  const ended = received(socket);
  for (const piece of pieces) {
    if (socket.readableEnded || socket.destroyed) break;
    socket.write(piece);
    await Promise.race([delay(pauseMs), ended]);
  }
  return ended;
}

/** All that comes until the connection ends, however it does. */
function received(socket: Socket): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = "";
  socket.on("data", (data) => (text += data.toString("latin1")));
  socket.on("error", () => undefined);
  socket.on("close", () => resolve(text));
  return promise;
}
