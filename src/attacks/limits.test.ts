import { once } from "node:events";
import { connect as connectHttp2, type ClientHttp2Session } from "node:http2";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { describe, onTestFinished } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import type { ServerLimits } from "../server/server.ts";
import type { Sessions } from "../contract/session.ts";
import { createTestSessions, TestClient } from "../testing/test-session.ts";
import { TestSite } from "../testing/test-site.ts";
import { type Attack, attacks } from "./attack.suite.ts";
import { drip } from "./slow-client.ts";

const LIFTED: Partial<ServerLimits> = {
  clients: 10_000,
  messageBytes: 64 << 20,
  messagesPerSecond: 1_000_000,
  queueBytes: 1 << 30,
  targetBytes: 1 << 20,
  headerBytes: 1 << 20,
  bodyBytes: 64 << 20,
  streams: 10_000,
  streamsPerSecond: 1_000_000,
  controlsPerSecond: 1_000_000,
};

/** An attack on a server with these limits, and on one where they are far away. */
function limited(limits: Partial<ServerLimits>, rows: Record<string, Attack<TestSite>>): void {
  attacks<TestSite>({ protected: () => startSite(limits), unprotected: () => startSite(LIFTED) }, rows);
}

async function startSite(limits: Partial<ServerLimits>): Promise<TestSite> {
  const site = new TestSite();
  await site.start({
    limits,
    pages: [
      { method: "POST", path: "/echo", page: async ({ body }) => ({ status: 200, body: `${body.length}` }) },
      { method: "GET", path: "/sessions", page: async () => ({ status: 200, body: "{}" }) },
      { method: "GET", path: "/endless", page: async () => ({ status: 200, body: endless() }) },
    ],
  });
  onTestFinished(() => site.stop());
  return site;
}

async function* endless() {
  for (;;) yield "x".repeat(64 * 1024);
}

const JSON_TYPE = { "content-type": "application/json" };
const POST =
  "POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n";

describe("a slow client", () => {
  // Slow is what takes four times as long as it may.
  const [LIMIT, PAUSE] = [100, 400];
  /** Where the server must act by itself: on a machine under load it may take its time. */
  const PATIENCE = 1000;

  limited(
    { headersMs: LIMIT },
    {
      "says nothing at all and keeps its place": async ({ port }) => {
        const answer = await drip(port, ["", "GET /sessions HTTP/1.0\r\nHost: localhost\r\n\r\n"], PAUSE);
        return answer.startsWith("HTTP/1.1 200 ");
      },
      "sends its headers one by one": async ({ port }) => {
        const head = ["GET /sessions HTTP/1.1\r\nHost: localhost\r\n", "Connection: close\r\n", "\r\n"];
        return (await drip(port, head, PAUSE)).startsWith("HTTP/1.1 200 ");
      },
      "begins like HTTP/2 and stays silent": async ({ port }) => {
        const answer = await drip(port, ["PRI * HT", "GET / HTTP/1.1\r\n\r\n"], PAUSE);
        return !answer.startsWith("HTTP/1.1 408 ");
      },
    },
  );
  limited(
    { headersMs: LIMIT, requestMs: LIMIT },
    {
      "sends its body byte by byte": async ({ port }) => {
        const pieces = [`${POST}Content-Length: 3\r\n\r\n`, "1", "2", "3"];
        return (await drip(port, pieces, PAUSE / 2)).startsWith("HTTP/1.1 200 ");
      },
    },
  );
  limited(
    { stalledMs: LIMIT },
    {
      "asks for much and does not read it": async ({ port }) => {
        const socket = openSocket(port);
        socket.write("GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n");
        await once(socket, "readable");
        await delay(PATIENCE);
        return goesOn(socket);
      },
    },
  );
  limited(
    { queueBytes: 1024 },
    {
      "does not read what it is sent": async (site) => {
        const { socket, server } = await meet(site);
        socket.pause();
        const { connection } = server;
        for (let count = 0; count < 100; count += 1) connection.send("x".repeat(100_000));
        await Promise.race([server.closed, delay(PATIENCE)]);
        return server.closings === 0;
      },
    },
  );
  limited(
    { pingIntervalMs: 50 },
    {
      "is not there any more and keeps its place": async (site) => {
        const { server } = await meet(site, { autoPong: false });
        await Promise.race([server.closed, delay(PATIENCE)]);
        return server.closings === 0;
      },
    },
  );
  limited(
    { http2IdleMs: LIMIT },
    {
      "keeps a connection of HTTP/2 without a use for it": async (site) => {
        const session = openHttp2(site);
        await once(session, "connect");
        await Promise.race([once(session, "close"), delay(PATIENCE)]);
        return !session.destroyed;
      },
    },
  );
});

describe("a client that sends more than it may", () => {
  limited(
    { messageBytes: 1024, headerBytes: 4096, targetBytes: 1000, bodyBytes: 1000, messagesPerSecond: 10 },
    {
      "in one message": async (site) => {
        const { socket, server } = await meet(site);
        socket.send("x".repeat(10_000));
        return reaches(server, 10_000);
      },
      "in one message of many pieces": async (site) => {
        const { socket, server } = await meet(site);
        for (let piece = 0; piece < 10; piece += 1) socket.send("x".repeat(1000), { fin: piece === 9 });
        return reaches(server, 10_000);
      },
      "in many messages": async (site) => {
        const { socket, server } = await meet(site);
        for (let count = 0; count < 100; count += 1) socket.send("x");
        await Promise.race([server.received.takeMany(100), server.closed]);
        return server.closings === 0;
      },
      "in pings, which are no messages": async (site) => {
        const { socket, server } = await meet(site);
        for (let count = 0; count < 100; count += 1) socket.ping();
        socket.send("the end");
        await Promise.race([server.received.take(), server.closed]);
        return server.closings === 0;
      },
      "in a path": async (site) =>
        (await site.ask({ path: `/sessions?q=${"x".repeat(2000)}` })).status === 200,
      "in a header": async (site) => (await site.ask({ headers: { x: "x".repeat(8000) } })).status === 200,
      "in a body": async (site) => {
        const body = "x".repeat(10_000);
        return (await site.ask({ method: "POST", path: "/echo", headers: JSON_TYPE, body })).status === 200;
      },
      "in a body whose length it does not tell": async (site) => {
        const headers = { ...JSON_TYPE, "transfer-encoding": "chunked" };
        const body = "x".repeat(10_000);
        return (await site.ask({ method: "POST", path: "/echo", headers, body })).status === 200;
      },
    },
  );
  limited(
    { clients: 5 },
    {
      "in WebSockets": async (site) => {
        const answers = await Promise.all(Array.from({ length: 20 }, () => site.knock()));
        return answers.every((status) => status === 101);
      },
    },
  );
  limited(
    { streamsPerSecond: 10, streams: 100 },
    {
      "in requests of HTTP/2 that it takes back at once": async (site) => {
        const session = openHttp2(site);
        await once(session, "connect");
        for (let count = 0; count < 90; count += 1)
          session.request({ ":path": "/sessions" }).on("error", ignore).close(8);
        return isAlive(session);
      },
    },
  );
  limited(
    { controlsPerSecond: 5 },
    {
      "in pings of HTTP/2": async (site) => {
        const session = openHttp2(site);
        await once(session, "connect");
        for (let count = 0; count < 9; count += 1) session.ping(ignore);
        await isAlive(session);
        for (let count = 0; count < 9; count += 1) if (!session.destroyed) session.ping(ignore);
        return isAlive(session);
      },
    },
  );
});

describe("a client that opens more sessions than there is room for", () => {
  const LIMIT = 3;
  const begin = (limit: number) =>
    createTestSessions({ options: { maxSessions: limit, maxClientsPerSession: limit } }).sessions;
  attacks<Sessions>(
    { protected: () => begin(LIMIT), unprotected: () => begin(1000) },
    {
      "one after the other": async (sessions) => {
        const opened = Array.from({ length: LIMIT + 1 }, () => sessions.create({}));
        return (await Promise.allSettled(opened)).every(({ status }) => status === "fulfilled");
      },
      "from one that it follows many times": async (sessions) => {
        const session = await sessions.create({});
        try {
          for (let count = 0; count <= LIMIT; count += 1) session.attach(new TestClient(`${count}`));
          return true;
        } catch {
          return false;
        }
      },
    },
  );
});

describe("a client that makes the server take more than it sends", () => {
  /** A WebSocket server as the library makes it, compression on. */
  const startBare = async (): Promise<Pick<TestSite, "port">> => {
    const http = createHttpServer();
    new WebSocketServer({ server: http, perMessageDeflate: true }).on("connection", (socket) => {
      socket.on("message", (data: Buffer) => socket.send(`${data.length}`));
    });
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    onTestFinished(() => void http.close());
    return http.address() as AddressInfo;
  };
  attacks<Pick<TestSite, "port">>(
    { protected: () => startSite({}), unprotected: startBare },
    {
      "by compression": async ({ port }) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: { threshold: 0 } });
        onTestFinished(() => socket.terminate());
        await once(socket, "open");
        return socket.extensions.includes("permessage-deflate");
      },
      "by thousands of tiny pieces that are held as one message": async ({ port }) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: false });
        onTestFinished(() => socket.terminate());
        socket.on("error", ignore);
        await once(socket, "open");
        for (let count = 0; count < 5000; count += 1) socket.send("x", { fin: false });
        socket.send("x", { fin: true });
        return Promise.race([
          once(socket, "message").then(() => true),
          once(socket, "close").then(() => false),
        ]);
      },
    },
  );
});

const ignore = () => undefined;

async function meet(site: TestSite, options: { autoPong?: boolean } = {}) {
  const socket = new WebSocket(`ws://127.0.0.1:${site.port}/`, options);
  site.sockets.push(socket);
  socket.on("error", ignore);
  const [server] = await Promise.all([site.door.arrivals.take(), once(socket, "open")]);
  return { socket, server };
}

type Arrival = Awaited<ReturnType<typeof meet>>["server"];

/** Whether a message of this length is handed on before the connection is closed. */
const reaches = ({ received, closed }: Arrival, length: number) =>
  Promise.race([received.take().then((frame) => frame.length === length), closed.then(() => false)]);

function openSocket(port: number): Socket {
  const socket = connect(port, "127.0.0.1").on("error", ignore);
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** Whether there is more to read than the kernel had kept. */
async function goesOn(socket: Socket): Promise<boolean> {
  const KEPT = 32 << 20;
  let bytes = 0;
  for await (const chunk of socket) {
    bytes += (chunk as Buffer).length;
    if (bytes > KEPT) return true;
  }
  return false;
}

function openHttp2({ port }: Pick<TestSite, "port">): ClientHttp2Session {
  const session = connectHttp2(`http://127.0.0.1:${port}`).on("error", ignore);
  onTestFinished(() => session.destroy());
  return session;
}

/** Whether the connection still answers a request. */
async function isAlive(session: ClientHttp2Session): Promise<boolean> {
  if (session.destroyed) return false;
  const request = session.request({ ":path": "/health" }).on("error", ignore).resume();
  return Promise.race([
    once(request, "response").then(() => true),
    once(request, "close").then(() => false),
  ]).catch(() => false);
}
