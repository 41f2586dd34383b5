import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AgentError } from "../contract/error.ts";
import { startConnectGateway } from "../testing/connect-gateway.ts";
import { connectTo } from "../testing/frame-client.ts";
import { noSessions } from "../testing/no-sessions.ts";
import { TestDoor } from "../testing/test-door.ts";
import { type ChannelSetup, channelSuite, ManualClock, type RunningChannel } from "./channel.suite.ts";
import { connectWebSocket } from "./ws-client.suite.ts";
import { WebSocketChannel } from "./ws.ts";

channelSuite("the WebSocket channel over HTTP/2", start);

interface Running extends RunningChannel {
  /** Takes WebSockets by HTTP/1.1. */
  port: number;
  origin: string;
}

/** The channel behind a server that has nothing else. */
async function start({ door, clock, limits }: ChannelSetup): Promise<Running> {
  const log = pino({ level: "silent" });
  const channel = new WebSocketChannel({ limits: { closeTimeoutMs: 500, ...limits }, clock, log });
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer({ settings: { enableConnectProtocol: true } });
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream, { ":path": _path, ...headers }) => {
    stream.on("error", () => undefined);
    const info = { id: randomBytes(4).toString("hex"), door: "test" };
    const facts = { sessions: noSessions, info, query: new URLSearchParams(), params: {} };
    const fields = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    const begin = (more: Record<string, string>) => stream.respond({ ":status": 200, ...more });
    channel
      .acceptStream({ stream, headers: fields, begin }, facts, door.open)
      .catch(({ code, message }: AgentError) => {
        stream.respond({ ":status": 400 });
        stream.end(JSON.stringify({ code, message }));
      });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const gateway = await startConnectGateway(origin);
  return {
    port: gateway.port,
    origin,
    connect: (options) => connectWebSocket(gateway.port, [], options),
    size: () => channel.size,
    close: (reason) => channel.close(reason),
    stop: async () => {
      await gateway.close();
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe("a WebSocket by HTTP/2", () => {
  let channel: Running;
  let door: TestDoor;
  beforeEach(() => (door = new TestDoor()));
  afterEach(() => channel.stop());
  const begin = async (limits: ChannelSetup["limits"] = {}) => {
    channel = await start({ door, clock: new ManualClock(), limits });
  };

  it("is one of many on a connection", async () => {
    await begin();
    const clients = await Promise.all(Array.from({ length: 50 }, () => channel.connect()));
    const arrivals = await door.arrivals.takeMany(50);
    for (const { connection } of arrivals) connection.send(connection.info.id);
    const told = await Promise.all(clients.map(({ frames }) => frames.take()));
    expect(new Set(told).size).toBe(50);
    clients[0]?.leave();
    await Promise.race(arrivals.map(({ closed }) => closed));
    clients[1]?.send("still here");
    expect(await Promise.race(arrivals.map(({ received }) => received.take()))).toBe("still here");
  });

  it("is never told its token back", async () => {
    await begin();
    const { socket } = await connectWebSocket(channel.port, ["bearer.secret", "agentloop"]);
    expect(socket.protocol).toBe("agentloop");
  });

  it.each([
    [{}, "Sec-WebSocket-Version: expected 13, got none"],
    [{ "sec-websocket-version": "12" }, "Sec-WebSocket-Version: expected 13, got 12"],
    [{ "sec-websocket-version": "13", "sec-websocket-protocol": "a, a" }, "Sec-WebSocket-Protocol"],
  ])("is refused with the headers %j", async (headers, message) => {
    await begin();
    const session = connectTo(channel.origin);
    await once(session, "remoteSettings");
    const stream = session.request({
      ":method": "CONNECT",
      ":protocol": "websocket",
      ":path": "/",
      ...headers,
    });
    const [[answer], body] = await Promise.all([once(stream, "response"), stream.toArray()]);
    expect(answer[":status"]).toBe(400);
    expect(Buffer.concat(body).toString()).toContain(message);
    session.destroy();
  });

  it("whose client does not read is ended while another on the connection goes on", async () => {
    await begin({ queueBytes: 256 * 1024, closeTimeoutMs: 50 });
    const { socket } = await connectWebSocket(channel.port);
    const other = await channel.connect();
    const [first, second] = await door.arrivals.takeMany(2);
    socket.pause();
    const frame = "x".repeat(64 * 1024);
    const gone = first?.closed.then(() => true);
    const turn = () => new Promise<boolean>((resolve) => setImmediate(() => resolve(false)));
    while ((await Promise.race([gone, turn()])) !== true) first?.connection.send(frame);
    second?.connection.send("fine");
    expect(await other.frames.take()).toBe("fine");
    socket.resume();
  });
});
