import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { constants, createServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AgentError, ErrorCode } from "../contract/error.ts";
import type { CloseReason, OpenProtocol } from "../contract/protocol.ts";
import { connectTo, FrameClient, Refused } from "../testing/frame-client.ts";
import { Mailbox } from "../testing/mailbox.ts";
import { noSessions } from "../testing/no-sessions.ts";
import { FRAME, RawHttp2 } from "../testing/raw-http2.ts";
import { TestDoor } from "../testing/test-door.ts";
import {
  type ChannelClient,
  type ChannelSetup,
  channelSuite,
  ManualClock,
  type RunningChannel,
} from "./channel.suite.ts";
import { Http2Channel } from "./http2.ts";

channelSuite("the HTTP/2 channel", start);

interface RunningHttp2Channel extends RunningChannel {
  port: number;
}

/** The channel behind a server that has nothing else. */
async function start({ door, clock, limits }: ChannelSetup): Promise<RunningHttp2Channel> {
  const log = pino({ level: "silent" });
  const channel = new Http2Channel({ limits: { closeTimeoutMs: 500, ...limits }, clock, log });
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream, headers) => {
    const facts = {
      sessions: noSessions,
      info: { id: randomBytes(4).toString("hex"), door: "test" },
      query: new URLSearchParams(),
      params: {},
    };
    const begin = (more: Record<string, string>) => {
      stream.respond({ ":status": 200, ...more });
      return stream;
    };
    const request = { stream, contentType: headers["content-type"] ?? "", begin };
    channel.accept(request, facts, withFarewell(door.open)).catch((error: AgentError) => {
      stream.respond({ ":status": 400 });
      stream.end(JSON.stringify({ code: error.code, message: error.message }));
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    connect: async ({ deaf } = { deaf: false }) => (deaf ? connectDeaf(port) : await connectClient(port)),
    size: () => channel.size,
    close: (reason) => channel.close(reason),
    stop: async () => {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The reason is told as the last frame, as protocols of this channel do. */
const withFarewell =
  (open: OpenProtocol): OpenProtocol =>
  async (connection) => {
    const { protocol, headers } = await open(connection);
    return {
      headers,
      protocol: { ...protocol, heartbeat: () => "heartbeat", farewell: (reason) => `bye ${reason}` },
    };
  };

const originOf = (port: number) => `http://127.0.0.1:${port}`;

async function connectClient(
  port: number,
  contentType?: string,
): Promise<ChannelClient & { client: FrameClient }> {
  const client = await FrameClient.open(
    originOf(port),
    contentType === undefined ? {} : { contentType },
  ).catch((error: unknown) => {
    if (!(error instanceof Refused)) throw error;
    const { code, message } = JSON.parse(error.message) as { code: string; message: string };
    throw new AgentError(ErrorCode.parse(code), message);
  });
  const frames = new Mailbox<string>();
  void (async () => {
    for (;;) {
      const frame = await client.frames.take();
      if (!/^(?:bye |heartbeat$)/.test(frame)) frames.put(frame);
    }
  })();
  const ended = client.ended.then((last) => reasonOf(last));
  void ended.then(() => client.session.close());
  return { client, frames, ended, send: (frame) => client.send(frame), leave: () => client.leave() };
}

const reasonOf = (last: string | undefined): CloseReason | "lost" =>
  last?.startsWith("bye ") === true ? (last.slice(4) as CloseReason) : "lost";

/** A client that reads and never answers a ping. */
function connectDeaf(port: number): ChannelClient {
  const raw = new RawHttp2(port);
  raw.request(1, "/", { method: "POST", hasBody: true });
  const ended = raw.find(FRAME.reset).then(() => "lost" as const);
  return { frames: new Mailbox(), ended, send: () => undefined, leave: () => raw.socket.destroy() };
}

describe("a stream of frames", () => {
  let channel: RunningHttp2Channel;
  let door: TestDoor;
  beforeEach(() => (door = new TestDoor()));
  afterEach(() => channel.stop());
  const begin = async (limits: ChannelSetup["limits"] = {}, clock = new ManualClock()) => {
    channel = await start({ door, clock, limits });
  };

  it.each(["application/length-prefixed-json", "Application/Length-Prefixed-JSON; charset=utf-8"])(
    "of the type %s has lengths both ways",
    async (contentType) => {
      await begin();
      const stream = connectTo(originOf(channel.port)).request({
        ":method": "POST",
        "content-type": contentType,
      });
      stream.write(Buffer.from([0, 0, 0, 3, 0x22, 0xc3]));
      stream.write(Buffer.from([0xa4, 0, 0, 0, 1, 0x31]));
      const { connection, received } = await door.arrivals.take();
      expect(await received.takeMany(2)).toEqual(['"ä', "1"]);
      connection.send('"ö"');
      expect((await once(stream, "response"))[0]["content-type"]).toBe("application/length-prefixed-json");
      expect((await once(stream, "data"))[0]).toEqual(Buffer.from([0, 0, 0, 4, 0x22, 0xc3, 0xb6, 0x22]));
      stream.session?.destroy();
    },
  );

  it("begins with the protocol's headers and the form of its frames", async () => {
    await begin();
    const stream = connectTo(originOf(channel.port)).request({ ":method": "POST" });
    const [headers] = await once(stream, "response");
    expect(headers).toMatchObject({
      "content-type": "application/x-ndjson",
      "x-session-id": "0123456789abcdef0123456789abcdef",
    });
    stream.session?.destroy();
  });

  it("tells its protocol when the client sends no more, after what it sent last", async () => {
    await begin();
    const order: string[] = [];
    door.finishing = () => order.push("finished");
    door.receiving = (frame) => order.push(frame);
    const { client, frames } = await connectClient(channel.port);
    const { connection } = await door.arrivals.take();
    client.stream.write("one\ntwo");
    client.stream.end();
    while (!order.includes("finished")) await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual(["one", "two", "finished"]);
    connection.send("still heard");
    expect(await frames.take()).toBe("still heard");
  });

  it("of a client that does not read is ended while another on the same connection goes on", async () => {
    await begin({ queueBytes: 64 * 1024, closeTimeoutMs: 50 });
    const session = connectTo(originOf(channel.port));
    const sleeper = await FrameClient.open("", { session });
    const one = await door.arrivals.take();
    sleeper.stream.pause();
    const reader = await FrameClient.open("", { session });
    const two = await door.arrivals.take();
    const gone = one.closed.then(() => true);
    let rounds = 0;
    while (!(await Promise.race([gone, nextTurn()]))) {
      one.connection.send("x".repeat(16 * 1024));
      two.connection.send("still here");
      await reader.frames.take();
      rounds += 1;
    }
    expect(rounds).toBeGreaterThan(4);
    while (channel.size() > 1) await nextTurn();
    two.connection.send("after");
    expect(await reader.frames.take()).toBe("after");
    session.destroy();
  });

  it("is one of hundreds on one connection, which is pinged once and not once for each", async () => {
    const clock = new ManualClock();
    await begin({}, clock);
    const session = connectTo(originOf(channel.port));
    const streams = await Promise.all(Array.from({ length: 90 }, () => FrameClient.open("", { session })));
    const [first] = await door.arrivals.takeMany(90);
    for (let round = 0; round < 4; round += 1) {
      const pinged = once(session, "ping");
      clock.tick();
      await pinged;
      await Promise.all(streams.map(({ frames }) => frames.take()));
      streams[0]?.send("after the answer to the ping");
      await first?.received.take();
    }
    expect(channel.size()).toBe(90);
    session.destroy();
    while (channel.size() > 0) await nextTurn();
  });

  it("that is reset tells its protocol so, and no other", async () => {
    await begin();
    const session = connectTo(originOf(channel.port));
    const [one, two] = [await FrameClient.open("", { session }), await FrameClient.open("", { session })];
    const [first, second] = await door.arrivals.takeMany(2);
    one.stream.close(constants.NGHTTP2_CANCEL);
    await first?.closed;
    two.send("fine");
    expect(await second?.received.take()).toBe("fine");
    const lost = second?.closed;
    session.destroy();
    await lost;
  });
});

const nextTurn = (): Promise<false> => new Promise((resolve) => setImmediate(resolve, false));
