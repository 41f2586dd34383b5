import { once } from "node:events";
import { constants, type IncomingHttpHeaders } from "node:http2";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { startConnectGateway } from "../testing/connect-gateway.ts";
import { connectTo, FrameClient, Refused } from "../testing/frame-client.ts";
import { FRAME, RawHttp2 } from "../testing/raw-http2.ts";
import { TestDoor } from "../testing/test-door.ts";
import { codeOf, TestSite } from "../testing/test-site.ts";
import type { ServerOptions } from "./server.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";

let site: TestSite;
let frames: TestDoor;
beforeEach(() => {
  site = new TestSite();
  frames = new TestDoor();
});
afterEach(() => site.stop());

const start = (options: Partial<ServerOptions> = {}) =>
  site.start({
    doors: [
      { name: "test", path: "/", open: site.door.open },
      { name: "test", path: "/ws", open: site.door.open },
      { name: "frames", path: "/agent/stream", over: "http2", open: frames.open },
    ],
    ...options,
  });

describe("a request by HTTP/2", () => {
  it.each([
    { ":authority": "evil.example" },
    { ":authority": "localhost", host: "evil.example" },
    { origin: "https://evil.example" },
    { origin: "null" },
    { "sec-fetch-site": "cross-site" },
  ])("with %j is refused by pages and doors alike", async (headers) => {
    await start();
    expect((await site.ask2({ headers })).status).toBe(403);
    const stream = { method: "POST", path: "/agent/stream", headers };
    expect((await site.ask2(stream)).status).toBe(403);
    expect((await site.ask2({ path: "/health", headers: { ":authority": "10.1.2.3" } })).status).toBe(200);
  });

  it("needs the token where there is one", async () => {
    await start({ authToken: TOKEN });
    const stream = { method: "POST", path: "/agent/stream" };
    expect((await site.ask2(stream)).status).toBe(401);
    expect((await site.ask2({ ...stream, headers: { authorization: "Bearer wrong" } })).status).toBe(401);
    expect((await site.ask2({ headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(200);
    expect((await site.ask2({ path: "/health" })).status).toBe(200);
    const session = connectTo(site.origin);
    const allowed = session.request({
      ":method": "POST",
      ":path": "/agent/stream",
      authorization: `Bearer ${TOKEN}`,
    });
    expect((await once(allowed, "response"))[0][":status"]).toBe(200);
    session.destroy();
  });

  it("for a WebSocket, and one by HTTP/1.1 for frames, are told what is expected", async () => {
    await start();
    expect(codeOf(await site.ask2({ path: "/ws" }))).toBe("upgrade_required");
    const answer = await site.ask({
      method: "POST",
      path: "/agent/stream",
      headers: { "content-type": "application/x-ndjson" },
    });
    expect([answer.status, codeOf(answer)]).toEqual([426, "upgrade_required"]);
    expect(await site.knock({ path: "/agent/stream" })).toBe(404);
    expect((await site.ask2({ path: "/agent/stream" })).headers).toMatchObject({ allow: "POST, OPTIONS" });
  });

  it("with too long headers or path is refused", async () => {
    await start({ limits: { targetBytes: 100, headerBytes: 4096 } });
    expect((await site.ask2({ path: `/sessions?${"x".repeat(100)}` })).status).toBe(414);
    const refused = site.ask2({ headers: { long: "x".repeat(10_000) } });
    expect(
      await refused.then(
        ({ status }) => status,
        () => 431,
      ),
    ).toBe(431);
  });
});

describe("clients by HTTP/2", () => {
  it("count as those by WebSocket", async () => {
    await start({ limits: { clients: 2 } });
    expect(await site.knock()).toBe(101);
    const session = connectTo(site.origin);
    const client = await FrameClient.open("", { session });
    await expect(FrameClient.open("", { session })).rejects.toMatchObject({ status: 503 });
    expect(await site.knock()).toBe(503);
    client.leave();
    await (
      await frames.arrivals.take()
    ).closed;
    while ((await site.knock()) !== 101) await new Promise((resolve) => setImmediate(resolve));
    session.destroy();
  });

  it("may be two hundred on one connection", async () => {
    await start();
    const session = connectTo(site.origin);
    const clients = await Promise.all(Array.from({ length: 200 }, () => FrameClient.open("", { session })));
    const arrivals = await frames.arrivals.takeMany(200);
    for (const [index, client] of clients.entries()) client.send(`to ${index}`);
    const received = await Promise.all(arrivals.map((arrival) => arrival.received.take()));
    expect(new Set(received).size).toBe(200);
    for (const [index, { connection }] of arrivals.entries()) connection.send(`from ${received[index]}`);
    expect(await Promise.all(clients.map((client) => client.frames.take()))).toEqual(
      clients.map((_, index) => `from to ${index}`),
    );
    session.destroy();
    await Promise.all(arrivals.map(({ closed }) => closed));
  });

  it("are turned away when the server stops", async () => {
    await start();
    const session = connectTo(site.origin);
    const client = await FrameClient.open("", { session });
    site.server.drain();
    await expect(FrameClient.open("", { session })).rejects.toBeInstanceOf(Refused);
    client.send("still here");
    expect(await (await frames.arrivals.take()).received.take()).toBe("still here");
    session.destroy();
  });

  it("that do not leave are cut off at the deadline", async () => {
    await start({ limits: { closeTimeoutMs: 60_000 } });
    const client = await FrameClient.open(site.origin);
    client.stream.pause();
    (await frames.arrivals.take()).connection.send("x".repeat(200_000));
    const lost = once(client.session, "close");
    await site.server.close({ deadlineMs: 50 });
    await lost;
  });
});

describe("a WebSocket by HTTP/2", () => {
  /** Resolves with the answer's headers. */
  async function knock({ path = "/ws", headers = {} } = {}): Promise<
    IncomingHttpHeaders & { ":status"?: number }
  > {
    const session = connectTo(site.origin);
    await once(session, "remoteSettings");
    const request = { ":method": "CONNECT", ":protocol": "websocket", ":path": path };
    const stream = session.request({ ...request, "sec-websocket-version": "13", ...headers });
    const [answer] = await once(stream, "response");
    session.destroy();
    return answer;
  }

  it("passes the same guard and the same routes as one by HTTP/1.1", async () => {
    await start({ authToken: TOKEN });
    const authorization = `Bearer ${TOKEN}`;
    const status = async (headers: Record<string, string>, path?: string) =>
      (await knock({ headers, ...(path !== undefined && { path }) }))[":status"];
    expect(await status({})).toBe(401);
    expect(await status({ authorization, ":authority": "evil.example" })).toBe(403);
    expect(await status({ authorization, origin: "https://evil.example" })).toBe(403);
    expect(await status({ authorization }, "/agent/stream")).toBe(404);
    expect(await status({ authorization }, "/sessions")).toBe(404);
    expect(await status({ authorization, "sec-websocket-version": "12" })).toBe(400);
    expect(await status({ authorization, origin: site.origin })).toBe(200);
    const answer = await knock({ headers: { "sec-websocket-protocol": `agentloop, bearer.${TOKEN}` } });
    expect(answer).toMatchObject({ ":status": 200, "sec-websocket-protocol": "agentloop" });
  });

  it("counts as a client, and is told when the server stops", async () => {
    await start({ limits: { clients: 1 } });
    const gateway = await startConnectGateway(site.origin);
    const client = new WebSocket(`ws://127.0.0.1:${gateway.port}/ws`);
    const closed = once(client, "close");
    await once(client, "open");
    expect((await knock())[":status"]).toBe(503);
    client.send("hello");
    expect(await (await site.door.arrivals.take()).received.take()).toBe("hello");
    await Promise.all([site.server.close({ deadlineMs: 5000 }), closed]);
    expect((await closed)[0]).toBe(1012);
    await gateway.close();
  });
});

/** The client that came first goes on. */
async function expectOthersToGoOn(client: FrameClient): Promise<void> {
  client.send("undisturbed");
  expect(await (await frames.arrivals.take()).received.take()).toBe("undisturbed");
  client.session.destroy();
}

describe("a connection", () => {
  const calm = constants.NGHTTP2_ENHANCE_YOUR_CALM;

  it.each([
    ["PING", (raw: RawHttp2) => raw.ping()],
    ["SETTINGS", (raw: RawHttp2) => raw.write(FRAME.settings, 0, 0)],
  ])("that sends too many %s is ended, and others go on", async (_name, send) => {
    await start({ limits: { controlsPerSecond: 5 } });
    const other = await FrameClient.open(site.origin);
    const raw = new RawHttp2(site.port);
    for (let count = 0; count < 100; count += 1) send(raw);
    expect((await raw.find(FRAME.goAway)).payload.readUInt32BE(4)).toBe(calm);
    await raw.closed;
    await expectOthersToGoOn(other);
  });

  it("that opens streams and takes them back at once is ended, and its clients are told to be gone", async () => {
    await start({ limits: { streams: 20, streamsPerSecond: 50 } });
    const other = await FrameClient.open(site.origin);
    const raw = new RawHttp2(site.port);
    for (let stream = 1; stream < 1001; stream += 2) {
      raw.request(stream, "/agent/stream", { method: "POST", hasBody: true });
      raw.reset(stream);
    }
    await raw.find(FRAME.goAway);
    await raw.closed;
    await expectOthersToGoOn(other);
  });

  it.each([0, 1, 2, 8, 11])("that resets its streams with the code %i disturbs nobody", async (code) => {
    await start();
    const other = await FrameClient.open(site.origin);
    const raw = new RawHttp2(site.port);
    raw.request(1, "/agent/stream", { method: "POST", hasBody: true });
    raw.request(3, "/echo", { method: "POST", hasBody: true, more: { "content-type": "application/json" } });
    raw.request(5, "/sessions");
    for (const stream of [1, 3, 5]) raw.reset(stream, code);
    raw.request(7, "/health");
    while ((await raw.find(FRAME.headers)).stream !== 7);
    raw.write(FRAME.goAway, 0, 0, Buffer.of(0, 0, 0, 0, 0, 0, 0, code));
    raw.socket.end();
    await raw.closed;
    await expectOthersToGoOn(other);
  });

  it("may open no more streams at once than it was told", async () => {
    await start({ limits: { streams: 5 } });
    const raw = new RawHttp2(site.port);
    for (let stream = 1; stream < 13; stream += 2) {
      raw.request(stream, "/agent/stream", { method: "POST", hasBody: true });
    }
    expect((await raw.find(FRAME.reset)).stream).toBe(11);
    expect((await frames.arrivals.takeMany(5)).length).toBe(5);
    raw.socket.destroy();
  });

  it("without a stream is ended after a while, also one that had some", async () => {
    await start({ limits: { http2IdleMs: 50 } });
    await new RawHttp2(site.port).closed;
    const raw = new RawHttp2(site.port);
    raw.request(1, "/health");
    await raw.find(FRAME.headers);
    await raw.closed;
    const held = await FrameClient.open(site.origin);
    await new RawHttp2(site.port).closed;
    await expectOthersToGoOn(held);
  });

  it("that drips the head of a request is ended", async () => {
    await start({ limits: { http2IdleMs: 100 } });
    const raw = new RawHttp2(site.port);
    // A head of many bytes is announced, and they come one by one.
    raw.socket.write(Buffer.from([0, 1, 0, 1, 4, 0, 0, 0, 1]));
    const dripping = setInterval(() => raw.socket.write(Buffer.of(0)), 5);
    await raw.closed;
    clearInterval(dripping);
  });

  it("that is reset in the midst of everything leaves nothing behind", async () => {
    await start();
    for (let round = 0; round < 20; round += 1) {
      const session = connectTo(site.origin);
      await Promise.all(Array.from({ length: 10 }, () => FrameClient.open("", { session })));
      const arrivals = await frames.arrivals.takeMany(10);
      for (const { connection } of arrivals) connection.send("x".repeat(100_000));
      session.destroy(undefined, constants.NGHTTP2_CANCEL);
      await Promise.all(arrivals.map(({ closed }) => closed));
    }
    await expectOthersToGoOn(await FrameClient.open(site.origin));
  });
});
