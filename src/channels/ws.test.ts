import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AgentError } from "../contract/error.ts";
import { Mailbox } from "../testing/mailbox.ts";
import { noSessions } from "../testing/no-sessions.ts";
import { TestDoor } from "../testing/test-door.ts";
import { type ChannelSetup, channelSuite, ManualClock, type RunningChannel } from "./channel.suite.ts";
import { connectWebSocket } from "./ws-client.suite.ts";
import { WebSocketChannel } from "./ws.ts";

channelSuite("the WebSocket channel", start);

interface RunningWebSocketChannel extends RunningChannel {
  port: number;
}

/** The channel behind a server that has nothing else. */
async function start({ door, clock, limits }: ChannelSetup): Promise<RunningWebSocketChannel> {
  const channel = new WebSocketChannel({
    limits: { closeTimeoutMs: 500, ...limits },
    clock,
    log: pino({ level: "silent" }),
  });
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on("connection", (socket) => sockets.add(socket));
  server.on("upgrade", (request, socket, head) => {
    const facts = {
      sessions: noSessions,
      info: { id: randomBytes(4).toString("hex"), door: "test" },
      query: new URLSearchParams(),
      params: {},
    };
    channel.accept({ request, socket, head }, facts, door.open).catch((error: AgentError) => {
      const body = JSON.stringify({ code: error.code, message: error.message });
      socket.end(`HTTP/1.1 400 Bad Request\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    connect: (options) => connectWebSocket(port, [], options),
    size: () => channel.size,
    close: (reason) => channel.close(reason),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface RawRequest {
  /** Sent together with the request. */
  eager?: Buffer;
  method?: string;
  headers?: Record<string, string>;
}

const HANDSHAKE = {
  Host: "x",
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
};

describe("a WebSocket", () => {
  let channel: RunningWebSocketChannel;
  let raw: Socket | undefined;
  let door: TestDoor;
  beforeEach(() => (door = new TestDoor()));
  afterEach(async () => {
    raw?.destroy();
    await channel.stop();
  });
  const begin = async (limits: ChannelSetup["limits"] = {}) => {
    channel = await start({ door, clock: new ManualClock(), limits });
  };

  /** A client that writes its own bytes. */
  const connectRaw = async ({ eager = Buffer.alloc(0), method = "GET", headers = {} }: RawRequest = {}) => {
    raw = connect(channel.port, "127.0.0.1");
    const bytes = new Mailbox<Buffer>();
    raw.on("data", (chunk) => bytes.put(chunk));
    raw.on("error", () => undefined);
    const lines = Object.entries({ ...HANDSHAKE, ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    raw.write(Buffer.concat([Buffer.from(`${method} / HTTP/1.1\r\n${lines.join("")}\r\n`), eager]));
    return { socket: raw, bytes, answer: (await bytes.take()).toString() };
  };

  it.each([
    [1000, "session_ended"],
    [1008, "rate_limited"],
    [1008, "unauthorized"],
    [1008, "unknown_session"],
    [1009, "message_too_large"],
    [1011, "internal"],
    [1012, "server_restart"],
    [1013, "too_slow"],
    [1013, "too_many"],
  ] as const)("is closed with %i for %s", async (code, reason) => {
    await begin();
    const { socket } = await connectWebSocket(channel.port);
    (await door.arrivals.take()).connection.end(reason);
    expect((await once(socket, "close"))[0]).toBe(code);
  });

  it("is accepted with the protocol's headers and without compression", async () => {
    await begin();
    const { answer } = await connectRaw({ headers: { "Sec-WebSocket-Extensions": "permessage-deflate" } });
    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
    expect(answer).toContain("\r\nX-Session-Id: 0123456789abcdef0123456789abcdef\r\n");
    expect(answer).not.toMatch(/deflate/i);
  });

  it.each([
    [["bearer.secret", "agentloop"], "agentloop"],
    [["other", "agentloop", "bearer.secret"], "agentloop"],
    [["bearer.secret", "other"], "other"],
  ])("that offers %j speaks %s", async (offered, chosen) => {
    await begin();
    const { socket } = await connectWebSocket(channel.port, offered);
    expect(socket.protocol).toBe(chosen);
  });

  it("is never told its token back", async () => {
    await begin();
    const { answer } = await connectRaw({ headers: { "Sec-WebSocket-Protocol": "bearer.secret" } });
    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
    expect(answer).not.toContain("secret");
  });

  it.each<[RawRequest]>([
    [{ headers: { "Sec-WebSocket-Protocol": "a,,b" } }],
    [{ headers: { "Sec-WebSocket-Protocol": "a, a" } }],
    [{ headers: { "Sec-WebSocket-Key": "short" } }],
    [{ headers: { "Sec-WebSocket-Version": "12" } }],
    [{ method: "POST" }],
  ])("with the bad handshake %j is refused before a session is opened", async (request) => {
    await begin();
    let opened = false;
    door.opening = () => {
      opened = true;
      return Promise.resolve();
    };
    const { answer } = await connectRaw(request);
    expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*invalid_message/);
    expect(opened).toBe(false);
  });

  it("keeps in order what came before the protocol was ready", async () => {
    const slow = new TestDoor();
    const { promise: ready, resolve: openNow } = Promise.withResolvers<void>();
    const { promise: opening, resolve: begun } = Promise.withResolvers<void>();
    slow.opening = () => {
      begun();
      return ready;
    };
    channel = await start({ door: slow, clock: new ManualClock(), limits: {} });
    const connecting = connectRaw({ eager: Buffer.concat([frame("one"), frame("two")]) });
    await opening;
    raw?.write(frame("three"));
    openNow();
    await connecting;
    expect(await (await slow.arrivals.take()).received.takeMany(3)).toEqual(["one", "two", "three"]);
  });

  it("whose client leaves before the protocol is ready tells it so", async () => {
    const slow = new TestDoor();
    const { promise: ready, resolve: openNow } = Promise.withResolvers<void>();
    const { promise: opening, resolve: begun } = Promise.withResolvers<Socket | undefined>();
    slow.opening = () => {
      begun(raw);
      return ready;
    };
    channel = await start({ door: slow, clock: new ManualClock(), limits: {} });
    void connectRaw();
    await opening;
    raw?.resetAndDestroy();
    await channel.stop();
    openNow();
    await (
      await slow.arrivals.take()
    ).closed;
    expect(channel.size()).toBe(0);
  });

  it("is read byte by byte as well, with control frames between the fragments of a message", async () => {
    await begin();
    const { socket } = await connectRaw();
    const { received } = await door.arrivals.take();
    const bytes = Buffer.concat([
      frame("be", { opcode: 1, fin: false }),
      frame("", { opcode: 9 }),
      frame("gin ", { opcode: 0, fin: false }),
      frame("end", { opcode: 0 }),
    ]);
    for (const byte of bytes) {
      await new Promise((resolve) => socket.write(Buffer.of(byte), resolve));
    }
    expect(await received.take()).toBe("begin end");
  });

  it("takes a binary message as text", async () => {
    await begin();
    const { socket } = await connectWebSocket(channel.port);
    const { received } = await door.arrivals.take();
    socket.send(Buffer.from('{"ä":1}'), { binary: true });
    socket.send(Buffer.from([0xff, 0x7b]), { binary: true });
    expect(await received.takeMany(2)).toEqual(['{"ä":1}', "\ufffd{"]);
  });

  it("answers a message that announces a great length without waiting for it", async () => {
    await begin({ messageBytes: 1024 });
    const { socket } = await connectRaw();
    const { oversized } = await door.arrivals.take();
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.write(frame(`{"id":"1"`, { length: 2 ** 40 }));
    await once(socket, "end");
    const answer = Buffer.concat(chunks);
    expect(answer.toString("latin1")).toContain("too large");
    expect(answer.includes(Buffer.of(0x88, 19, 0x03, 0xf1))).toBe(true);
    expect(await oversized.take()).toBe('{"id":"1"');
  });

  it("counts the length of a message over all its fragments", async () => {
    await begin({ messageBytes: 1024 });
    const { socket, frames, ended } = await connectWebSocket(channel.port);
    const { oversized, received } = await door.arrivals.take();
    socket.send("a".repeat(600), { fin: false });
    socket.ping();
    socket.send("b".repeat(424), { fin: true });
    expect((await received.take()).length).toBe(1024);
    socket.send("c".repeat(600), { fin: false });
    socket.send("d".repeat(425), { fin: true });
    expect(await frames.take()).toBe("too large");
    expect(await ended).toBe("message_too_large");
    expect(await oversized.take()).toMatch(/^c{600}d*$/);
  });

  it("of a client that says of ours that it is too large is no such message", async () => {
    await begin();
    const { socket } = await connectWebSocket(channel.port);
    const { oversized, closed } = await door.arrivals.take();
    socket.close(1009);
    await closed;
    oversized.put("only this");
    expect(await oversized.take()).toBe("only this");
  });

  it("is closed for too many pings as for too many messages", async () => {
    await begin({ messagesPerSecond: 5 });
    const { socket, ended } = await connectWebSocket(channel.port);
    for (let count = 0; count < 11; count += 1) socket.ping();
    expect(await ended).toBe("rate_limited");
  });

  it("sends all frames of one turn of the event loop in one write", async () => {
    await begin();
    const { bytes } = await connectRaw();
    const { connection } = await door.arrivals.take();
    for (let count = 0; count < 100; count += 1) connection.send("frame");
    expect((await bytes.take()).length).toBe(100 * 7);
  });

  it("whose client does not read is ended while another goes on, and its memory is let go", async () => {
    await begin({ queueBytes: 256 * 1024, closeTimeoutMs: 50 });
    const reader = await connectWebSocket(channel.port);
    const one = await door.arrivals.take();
    const sleeper = await connectWebSocket(channel.port);
    const two = await door.arrivals.take();
    sleeper.socket.pause();
    const gone = two.closed.then(() => true);
    let rounds = 0;
    while (!(await Promise.race([gone, nextTurn()]))) {
      two.connection.send("x".repeat(128 * 1024));
      one.connection.send("still here");
      await reader.frames.take();
      rounds += 1;
    }
    expect(rounds).toBeGreaterThan(2);
    while (channel.size() > 1) await nextTurn();
    one.connection.send("after");
    expect(await reader.frames.take()).toBe("after");
  });

  it("comes and goes a thousand times without a trace", async () => {
    await begin();
    for (let round = 0; round < 10; round += 1) {
      const clients = await Promise.all(Array.from({ length: 100 }, () => connectWebSocket(channel.port)));
      const arrivals = await door.arrivals.takeMany(100);
      for (const client of clients) client.leave();
      await Promise.all(arrivals.map(({ closed }) => closed));
    }
    expect(channel.size()).toBe(0);
  });
});

const nextTurn = (): Promise<false> => new Promise((resolve) => setImmediate(resolve, false));

interface FrameOptions {
  opcode?: number;
  fin?: boolean;
  /** Announced, whatever follows. */
  length?: number;
}

/** A frame as a client sends it (RFC 6455, section 5.2). */
function frame(text: string, { opcode = 1, fin = true, length }: FrameOptions = {}): Buffer {
  const payload = Buffer.from(text);
  const mask = randomBytes(4);
  const first = (fin ? 0x80 : 0) | opcode;
  const header =
    length === undefined ? Buffer.of(first, 0x80 | payload.length) : Buffer.alloc(10, Buffer.of(first, 0xff));
  if (length !== undefined) header.writeBigUInt64BE(BigInt(length), 2);
  const masked = payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return Buffer.concat([header, mask, masked]);
}
