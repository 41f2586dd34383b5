import { once } from "node:events";
import { constants } from "node:http2";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { WebSocket } from "ws";
import { selfSigned } from "../testing/certificate.ts";
import { connectTo, FrameClient } from "../testing/frame-client.ts";
import { TestDoor } from "../testing/test-door.ts";
import { codeOf, TestSite } from "../testing/test-site.ts";

let site: TestSite;
let frames: TestDoor;
beforeEach(() => {
  site = new TestSite();
  frames = new TestDoor();
});
afterEach(() => site.stop());

const doors = () => [
  { name: "test", path: "/", open: site.door.open },
  { name: "frames", path: "/agent/stream", over: "http2" as const, open: frames.open },
];

/** A socket that the test ends. */
function dial(): Socket {
  const socket = connect(site.port, "127.0.0.1");
  socket.on("error", () => undefined);
  site.sockets.push(socket);
  return socket;
}

/** Writes the bytes one by one, each when the one before has left. */
async function drip(socket: Socket, bytes: string): Promise<void> {
  for (const byte of bytes) await new Promise((resolve) => socket.write(byte, resolve));
}

describe.each([
  ["plain", {}],
  ["TLS", { tls: selfSigned() }],
])("a port that speaks %s", (_name, options) => {
  it("speaks HTTP/1.1, HTTP/2 and WebSocket", async () => {
    await site.start({ ...options, doors: doors() });
    expect(await site.ask({ path: "/health" })).toMatchObject({ status: 200, body: '{"status":"ok"}' });
    expect(await site.ask2({ path: "/health" })).toMatchObject({ status: 200, body: '{"status":"ok"}' });
    expect(await site.knock()).toBe(101);
    const [socket] = site.sockets as [WebSocket];
    socket.send("by WebSocket");
    expect(await (await site.door.arrivals.take()).received.take()).toBe("by WebSocket");
    const client = await FrameClient.open(site.origin);
    client.send("by HTTP/2");
    expect(await (await frames.arrivals.take()).received.take()).toBe("by HTTP/2");
    client.session.destroy();
  });

  it("answers the same pages by both versions, with the same headers", async () => {
    await site.start(options);
    const own = [
      "content-type",
      "content-length",
      "cache-control",
      "content-security-policy",
      "x-frame-options",
    ];
    for (const path of ["/", "/sessions", "/nowhere", "/fault"]) {
      const one = await site.ask({ path, headers: { Host: `127.0.0.1:${site.port}` } });
      const two = await site.ask2({ path });
      expect([two.status, two.body]).toEqual([one.status, one.body]);
      for (const name of own) expect(two.headers[name]).toBe(one.headers[name]);
    }
    const type = { "content-type": "application/json" };
    const posted = { method: "POST", path: "/echo", headers: type, body: '{"ä":1}' };
    expect(await site.ask2(posted)).toMatchObject({ status: 200, body: '{"ä":1}' });
    expect(await site.ask2({ method: "HEAD", path: "/health" })).toMatchObject({ status: 200, body: "" });
    expect(await site.ask2({ method: "OPTIONS", path: "/echo" })).toMatchObject({ status: 204 });
    const head = {
      method: "HEAD",
      path: "/api/stream/investigate",
      headers: { accept: "text/event-stream" },
    };
    for (const answer of [await site.ask(head), await site.ask2(head)]) {
      expect(answer).toMatchObject({
        status: 200,
        body: "",
        headers: { "content-type": "text/event-stream" },
      });
    }
    expect(codeOf(await site.ask2({ path: "/agent/stream" }))).toBe("not_found");
  });

  it("takes its own origin for its own", async () => {
    await site.start(options);
    expect((await site.ask({ headers: { origin: site.origin } })).status).toBe(200);
    expect((await site.ask2({ headers: { origin: site.origin } })).status).toBe(200);
    const other = site.origin.replace(/^https?/, (scheme) => (scheme === "https" ? "http" : "https"));
    expect((await site.ask({ headers: { origin: other } })).status).toBe(403);
    expect((await site.ask2({ headers: { origin: other } })).status).toBe(403);
  });

  it("stops gracefully", async () => {
    await site.start({ ...options, doors: doors() });
    const client = await FrameClient.open(site.origin);
    const { connection, closed } = await frames.arrivals.take();
    expect(await site.knock()).toBe(101);
    connection.send("before");
    const goAway = once(client.session, "goaway");
    client.stream.once("end", () => client.stream.end());
    await site.server.close({ deadlineMs: 10_000 });
    await goAway;
    await closed;
    expect(client.all).toEqual(["before"]);
  });
});

describe("the first bytes", () => {
  it("may come one by one", async () => {
    await site.start();
    const http1 = dial();
    await drip(http1, "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    expect(await text(http1)).toMatch(/^HTTP\/1\.1 200 /);
    const options = dial();
    await drip(options, "PROPFIND / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    expect(await text(options)).toMatch(/^HTTP\/1\.1 405 /);
    const http2 = dial();
    await drip(http2, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    const [settings] = await once(http2, "data");
    expect(settings[3]).toBe(4);
  });

  it.each(["", "P", "PRI * HTTP/2.0\r\n", "PRI * HTTP/1.1\r\n"])(
    "%j are waited for no longer than headers",
    async (bytes) => {
      await site.start({ limits: { headersMs: 100, http2IdleMs: 100 } });
      expect(await site.raw(bytes)).toMatch(/^HTTP\/1\.1 40[08] /);
    },
  );

  it("that come one a second do not hold a connection open", async () => {
    await site.start({ limits: { headersMs: 200 } });
    const socket = dial();
    const answer = text(socket);
    const dripping = setInterval(() => socket.write("P"), 20);
    socket.once("close", () => clearInterval(dripping));
    expect(await answer).toMatch(/^HTTP\/1\.1 40[08] /);
  });

  it("of nobody who leaves disturb anybody", async () => {
    await site.start();
    for (let count = 0; count < 50; count += 1) {
      const socket = connect(site.port, "127.0.0.1");
      socket.on("error", () => undefined);
      await once(socket, "connect");
      if (count % 2 === 0) socket.write("P");
      if (count % 3 === 0) socket.resetAndDestroy();
      else socket.end();
    }
    expect((await site.ask({ path: "/health" })).status).toBe(200);
  });
});

describe("a body", () => {
  const head =
    "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n";

  it("that does not come is waited for no longer than it may take", async () => {
    await site.start({ limits: { headersMs: 100, requestMs: 100 } });
    expect(await site.raw(`${head}12`)).toMatch(/^HTTP\/1\.1 408 /);
    const session = connectTo(site.origin);
    const stream = session.request({
      ":method": "POST",
      ":path": "/echo",
      "content-type": "application/json",
    });
    stream.write("12");
    expect((await once(stream, "response"))[0][":status"]).toBe(408);
    session.destroy();
  });

  it("that nobody wants any more is not waited for long", async () => {
    await site.start({ limits: { headersMs: 100, requestMs: 100 } });
    const session = connectTo(site.origin);
    const stream = session.request({ ":method": "POST", ":path": "/echo", "content-type": "text/plain" });
    stream.write("no end");
    expect((await once(stream, "response"))[0][":status"]).toBe(415);
    expect(codeOf({ status: 415, headers: {}, body: await text(stream) })).toBe("unsupported_media_type");
    await once(stream, "close");
    expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
    session.destroy();
  });

  it("by HTTP/2 is bounded as well, and read to its end only when it is taken", async () => {
    await site.start({ limits: { bodyBytes: 100 } });
    const ask = (body: string, type = "application/json") =>
      site.ask2({ method: "POST", path: "/echo", headers: { "content-type": type }, body });
    expect((await ask("x".repeat(100))).status).toBe(200);
    expect((await ask("x".repeat(101))).status).toBe(413);
    expect((await ask("x".repeat(1_000_000))).status).toBe(413);
    expect((await ask("x", "text/plain")).status).toBe(415);
    expect(site.echoed.length).toBe(1);
  });
});

describe("TLS", () => {
  it("that does not begin is given up, and plain text is no TLS", async () => {
    await site.start({ tls: selfSigned(), limits: { headersMs: 100 } });
    const silent = dial();
    await once(silent, "close");
    const plain = dial();
    plain.write("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect(await text(plain)).not.toContain("HTTP/1.1");
    expect((await site.ask({ path: "/health" })).status).toBe(200);
  });

  it.each([
    [["h2", "http/1.1"], "h2"],
    [["http/1.1"], "http/1.1"],
  ])("offered %j speaks %s", async (ALPNProtocols, chosen) => {
    await site.start({ tls: selfSigned() });
    const socket = connectTls({
      port: site.port,
      host: "127.0.0.1",
      ALPNProtocols,
      rejectUnauthorized: false,
    });
    site.sockets.push(socket);
    await once(socket, "secureConnect");
    expect(socket.alpnProtocol).toBe(chosen);
  });
});
