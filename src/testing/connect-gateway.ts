import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";
import { connectTo } from "./frame-client.ts";

export interface ConnectGateway {
  port: number;
  close(): Promise<void>;
}

/**
 * Takes WebSockets by HTTP/1.1 and hands them on by HTTP/2 (RFC 8441), each as a stream of one connection: so clients
 * that know the one are clients of the other.
 */
export async function startConnectGateway(origin: string): Promise<ConnectGateway> {
  const session = connectTo(origin);
  const [settings] = (await once(session, "remoteSettings")) as [{ enableConnectProtocol?: boolean }];
  if (settings.enableConnectProtocol !== true) throw new Error("the server does not take CONNECT");
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on("connection", (socket) => sockets.add(socket));
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const stream = session.request({
      ":method": "CONNECT",
      ":protocol": "websocket",
      ":authority": request.headers.host,
      ":path": request.url,
      ...fieldsOf(request.headers),
    });
    stream.on("error", () => socket.destroy());
    stream.once("close", () => socket.destroySoon());
    socket.on("error", () => undefined);
    socket.once("close", () => stream.destroy());
    stream.once("response", (answer) => {
      if (answer[":status"] !== 200) return void passRefusal(answer[":status"], stream, socket);
      const accepted = acceptOf(request.headers["sec-websocket-key"]);
      const lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        accepted,
      ];
      for (const [name, value] of Object.entries(answer)) {
        if (!name.startsWith(":")) lines.push(`${name}: ${String(value)}`);
      }
      socket.write(`${lines.join("\r\n")}\r\n\r\n`);
      socket.unshift(head);
      socket.pipe(stream).pipe(socket);
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      session.destroy();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** HTTP/2 has other means for them. */
const HTTP1_ONLY = new Set(["host", "connection", "upgrade", "sec-websocket-key"]);

const fieldsOf = (headers: IncomingHttpHeaders): IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !HTTP1_ONLY.has(name)));

async function passRefusal(status: number | undefined, body: NodeJS.ReadableStream, socket: Socket) {
  const said = await text(body);
  socket.end(`HTTP/1.1 ${status} Refused\r\nContent-Length: ${Buffer.byteLength(said)}\r\n\r\n${said}`);
}

const acceptOf = (key = "") =>
  `Sec-WebSocket-Accept: ${createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64")}`;
