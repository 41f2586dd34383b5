import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { createServer } from "./server.ts";
import { noSessions } from "../testing/no-sessions.ts";
import { TestSite } from "../testing/test-site.ts";

let site: TestSite;
beforeEach(() => (site = new TestSite()));
afterEach(() => site.stop());

describe("the limits", () => {
  it("of headers and of the path are told", async () => {
    await site.start({ limits: { headerBytes: 4096, targetBytes: 1000 } });
    expect((await site.ask({ path: `/sessions?q=${"x".repeat(900)}` })).status).toBe(200);
    expect((await site.ask({ path: `/sessions?q=${"x".repeat(1000)}` })).status).toBe(414);
    const large = await site.raw(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(5000)}\r\n\r\n`);
    expect(large).toMatch(/^HTTP\/1.1 431 [^]*X-Content-Type-Options: nosniff[^]*"code":"headers_too_large"/);
    expect(await site.raw("nonsense\r\n\r\n")).toMatch(/^HTTP\/1.1 400 [^]*"code":"bad_request"/);
  });

  it("of the time that headers take end whoever drips them", async () => {
    await site.start({ limits: { headersMs: 100, requestMs: 10_000 } });
    expect(await site.raw("GET / HTTP/1.1\r\nHost: loc")).toMatch(
      /^HTTP\/1.1 408 [^]*"code":"request_timeout"/,
    );
  });

  it("of the time in which nothing moves ends an answer that nobody reads, and what makes it", async () => {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    async function* endless() {
      try {
        for (;;) yield "x".repeat(64 * 1024);
      } finally {
        resolve();
      }
    }
    const page = () => Promise.resolve({ status: 200, body: endless() });
    await site.start({ limits: { stalledMs: 100 }, pages: [{ method: "GET", path: "/endless", page }] });
    const client = connect(site.port, "127.0.0.1");
    site.sockets.push(client);
    client.write("GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await ended;
  });

  it("of clients turns away who comes too late, and lets in who comes when one has left", async () => {
    await site.start({ limits: { clients: 2 } });
    expect([await site.knock(), await site.knock()]).toEqual([101, 101]);
    expect([await site.knock(), await site.knock()]).toEqual([503, 503]);
    expect((await site.ask()).status).toBe(200);
    const first = site.sockets[0];
    const { closed } = await site.door.arrivals.take();
    if (first instanceof WebSocket) first.terminate();
    await closed;
    while ((await site.knock()) !== 101) await new Promise((resolve) => setImmediate(resolve));
  });

  it("of clients hold in a storm of them", async () => {
    await site.start({ limits: { clients: 50 } });
    const answers = await Promise.all(Array.from({ length: 200 }, () => site.knock()));
    expect(answers.filter((status) => status === 101).length).toBe(50);
    expect(answers.filter((status) => status === 503).length).toBe(150);
  });

  it("of messages reach the clients' channel", async () => {
    await site.start({ limits: { messageBytes: 100 } });
    const socket = new WebSocket(`ws://127.0.0.1:${site.port}/`);
    site.sockets.push(socket);
    await once(socket, "open");
    socket.send("x".repeat(101));
    expect((await once(socket, "message"))[0].toString()).toBe("too large");
    expect((await once(socket, "close"))[0]).toBe(1009);
  });
});

describe("a server that is told to stop", () => {
  it("says that it is not ready, and lets nobody in, while those who are here stay", async () => {
    await site.start();
    expect(await site.knock()).toBe(101);
    const { connection, received } = await site.door.arrivals.take();
    site.server.drain();
    expect(await site.ask({ path: "/readyz" })).toMatchObject({
      status: 503,
      headers: { connection: "close" },
    });
    expect((await site.ask({ path: "/livez" })).status).toBe(200);
    expect(await site.knock()).toBe(503);
    connection.send("still here");
    const [client] = site.sockets;
    if (client instanceof WebSocket) client.send("me too");
    expect(await received.take()).toBe("me too");
  });

  it("closes its WebSockets with 1012 and its idle connections, and is gone", async () => {
    await site.start();
    expect(await site.knock()).toBe(101);
    const [client] = site.sockets as [WebSocket];
    const idle = connect(site.port, "127.0.0.1");
    idle.write("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await once(idle, "data");
    const closed = once(client, "close");
    const ended = once(idle, "close");
    await site.server.close({ deadlineMs: 10_000 });
    expect((await closed)[0]).toBe(1012);
    await ended;
    await expect(site.ask()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("waits no longer than it may for those who do not leave", async () => {
    await site.start();
    const busy = connect(site.port, "127.0.0.1");
    site.sockets.push(busy);
    busy.write(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n",
    );
    expect(await site.knock()).toBe(101);
    const [, client] = site.sockets as [Socket, WebSocket];
    client.pause();
    const lost = once(busy, "close");
    await site.server.close({ deadlineMs: 50 });
    await lost;
  });

  it("that cannot have its port says so in words", async () => {
    await site.start();
    const second = createServer({
      host: "127.0.0.1",
      port: site.port,
      allowedOrigins: [],
      allowedHosts: [],
      sessions: noSessions,
      doors: [],
      pages: [],
      log: pino({ level: "silent" }),
    });
    await expect(second.listen()).rejects.toThrow(
      `port ${site.port} is already in use on 127.0.0.1; set PORT or stop the other server`,
    );
  });
});
