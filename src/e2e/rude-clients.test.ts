import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { Arrived, at } from "../testing/codex-client.ts";
import { EventClient } from "../testing/event-client.ts";
import { connectTo, FrameClient } from "../testing/frame-client.ts";
import { Mailbox } from "../testing/mailbox.ts";
import { until } from "../testing/run-command.ts";
import { items, linesOf, startTestBed, type TestBed } from "./test-bed.ts";

let bed: TestBed;
beforeAll(async () => {
  const big = { "big.txt": `${"x".repeat(99)}\n`.repeat(80_000) };
  bed = await startTestBed({ SESSION_DETACH_SECONDS: "0" }, big);
});
afterAll(() => bed.close());

/** Someone in a session, by one of the doors. */
interface Visitor {
  id: string;
  /** What it came by; it has no other. */
  socket: Socket;
  /** Reads no more. */
  readonly sleep: () => void;
  /** Begins to send something that never becomes whole, byte by byte. */
  readonly drip: (byte: string) => void;
}

async function openSocket(path: string) {
  const webSocket = new WebSocket(bed.server.url + path);
  webSocket.on("error", () => undefined);
  const [[{ headers, socket }]] = (await Promise.all([
    once(webSocket, "upgrade"),
    once(webSocket, "open"),
  ])) as [[IncomingMessage], unknown];
  // A message of half a million bytes is announced.
  const announcement = Buffer.from("81ff000000000007a12000000000", "hex");
  let begun = false;
  const drip = (byte: string) => {
    if (!begun) socket.write(announcement);
    begun = true;
    socket.write(byte);
  };
  return { webSocket, headers, visit: { socket, drip, sleep: () => webSocket.pause() } };
}

async function byAgentloop(id?: string): Promise<Visitor> {
  const { headers, visit } = await openSocket(id === undefined ? "" : `ws/${id}?stream=true`);
  return { id: String(headers["x-session-id"]), ...visit };
}

async function byCodex(id?: string): Promise<Visitor> {
  const { webSocket, visit } = await openSocket("api/v1/sre/socket");
  const arrived = new Mailbox<Arrived>();
  webSocket.on("message", (data: Buffer) => arrived.put(Arrived.parse(JSON.parse(data.toString()))));
  const ask = async (method: string, params: object) => {
    webSocket.send(JSON.stringify({ id: method, method, params }));
    for (;;) {
      const { id: answered, result } = await arrived.take();
      if (answered === method) return result;
    }
  };
  await ask("initialize", { clientInfo: { name: "rude", version: "1" } });
  const opened = id === undefined ? ask("thread/start", {}) : ask("thread/resume", { threadId: id });
  return { id: String(at(await opened, "thread", "id")).replaceAll("-", ""), ...visit };
}

async function byFrames(id?: string): Promise<Visitor> {
  const socket = connect(bed.server.port, "127.0.0.1");
  const settings = { initialWindowSize: 1024 };
  const session = connectTo(bed.server.origin, { createConnection: () => socket, settings });
  const client = await FrameClient.open(bed.server.origin, { session });
  const message = { type: "user_message", content: "hello", configOverrides: { stream: true } };
  client.send(JSON.stringify({ ...message, ...(id !== undefined && { sessionId: id }) }));
  const { details } = await client.find({ message: "session initialised" });
  return {
    id: String(at(details, "session_id")),
    socket,
    sleep: () => client.stream.pause(),
    drip: (byte) => client.stream.write(byte),
  };
}

function readerOf(events: EventClient, id: unknown): Visitor {
  const { socket } = events.response;
  // Another request, on the connection of the one that is being answered.
  let left = "GET /health HTTP/1.1\r\nX-Slow: ";
  const drip = (byte: string) => {
    socket.write(left.slice(0, 1) || byte);
    left = left.slice(1);
  };
  return { id: String(id), socket, drip, sleep: () => events.response.pause() };
}

async function byEvents(id?: string): Promise<Visitor> {
  const query = id === undefined ? "" : `?connectionId=${id}`;
  const events = await EventClient.open(`${bed.server.origin}/api/stream/investigate${query}`);
  return readerOf(events, (await events.next("connection_ack")).data["session_id"]);
}

async function byMessages(): Promise<Visitor> {
  const body = { type: "user_message", message: "run sleep 600" };
  const events = await EventClient.open(`${bed.server.origin}/messages`, { body });
  return readerOf(events, at((await events.next("session_configured")).data, "msg", "session_id"));
}

/** By which one can join a session that there is. */
const JOINING = [byAgentloop, byCodex, byFrames, byEvents];
const DOORS = [...JOINING, byMessages];

/** The log says that the session has ended. */
const ended = (id: string) =>
  until(async () =>
    JSON.stringify(linesOf(await bed.log(id)).at(-1)?.message_data).includes("session_ended"),
  );

describe("on each door", () => {
  it.each([
    ["half-closes its connection", (socket: Socket) => socket.end()],
    ["resets its connection", (socket: Socket) => socket.resetAndDestroy()],
  ])("the session of a client that %s ends", { timeout: 60_000 }, async (_way, breakOff) => {
    const visitors = await Promise.all([...DOORS, ...DOORS, ...DOORS].map((enter) => enter()));
    expect(new Set(visitors.map(({ id }) => id)).size).toBe(visitors.length);
    for (const { socket } of visitors) breakOff(socket);
    await Promise.all(visitors.map(({ id }) => ended(id)));
  });

  it("clients that do not read or send byte by byte disturb nobody", { timeout: 60_000 }, async () => {
    const driver = await bed.connect("");
    const sleepers = await Promise.all(JOINING.map((enter) => enter(driver.sessionId)));
    for (const sleeper of sleepers) sleeper.sleep();
    const drippers = await Promise.all([...DOORS, connectOnly].map((enter) => enter()));
    const dripping = setInterval(() => {
      for (const dripper of drippers) dripper.drip("P");
    }, 50);

    // More than may wait for any of them.
    driver.say("run cat big.txt");
    while (items(driver.messages, "function_call_output").length === 0) await driver.next("response_item");
    expect(await bed.log(driver.sessionId)).toContain('"bytes":8000000');
    const url = `${bed.server.origin}/api/stream/investigate?once=true`;
    const events = await EventClient.open(url, { body: { text: "hello" } });
    await events.ended;
    expect(events.names()).toContain("ai_answer_end");

    clearInterval(dripping);
    for (const { socket } of [...sleepers, ...drippers]) socket.destroy();
    driver.close();
    const visited = drippers.map(({ id }) => id).filter((id) => id !== "");
    await Promise.all([driver.sessionId, ...visited].map(ended));
  });
});

it("what is no request, behind one that is being answered, cuts the answer off and comes to nothing in it", async () => {
  const { socket } = await connectOnly();
  let told = "";
  socket.on("data", (chunk: Buffer) => (told += chunk.toString()));
  socket.write(
    "GET /api/stream/investigate HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n",
  );
  while (!told.includes("connection_ack")) await once(socket, "data");
  socket.write("nonsense\r\n\r\n");
  await once(socket, "close");
  expect(told.match(/HTTP\/1\.1/g)).toHaveLength(1);
});

/** Someone who has not said yet what it wants. */
async function connectOnly(): Promise<Visitor> {
  const socket = connect(bed.server.port, "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return { id: "", socket, sleep: () => undefined, drip: (byte) => socket.write(byte) };
}
