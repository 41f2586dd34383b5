import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { AgentError } from "../contract/error.ts";
import type { EventAnswer, EventClient as ServerSide } from "../contract/page.ts";
import { pulled } from "../pages/pulled.ts";
import { EventClient } from "../testing/event-client.ts";
import { Mailbox } from "../testing/mailbox.ts";
import { noSessions } from "../testing/no-sessions.ts";
import { ManualClock } from "./channel.suite.ts";
import type { ChannelLimits } from "./limits.ts";
import { SseChannel } from "./sse.ts";

interface Arrival {
  client: ServerSide;
  closed: Promise<void>;
}

let server: Server;
let channel: SseChannel;
let clock: ManualClock;
const arrivals = new Mailbox<Arrival>();

const hold: EventAnswer["open"] = (client) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  arrivals.put({ client, closed: promise });
  return Promise.resolve({ closed: resolve, headers: { "X-Session-Id": "7" } });
};

async function start(open: EventAnswer["open"] = hold, limits: Partial<ChannelLimits> = {}): Promise<string> {
  clock = new ManualClock();
  channel = new SseChannel({
    limits: { closeTimeoutMs: 500, ...limits },
    clock,
    log: pino({ level: "silent" }),
  });
  server = createServer((_request, response) => void answer(response, open));
  await once(server.listen(0, "127.0.0.1"), "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function answer(response: ServerResponse, open: EventAnswer["open"]): Promise<void> {
  const info = { id: "client", door: "test" };
  const facts = { sessions: noSessions, info, query: new URLSearchParams(), params: {} };
  await channel
    .accept(facts, { open }, (headers) => response.writeHead(200, headers))
    .catch((error: AgentError) => response.writeHead(409).end(error.code));
}

async function meet(url: string) {
  const client = await EventClient.open(url);
  return { client, server: await arrivals.take() };
}

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const nextTurn = (): Promise<false> => new Promise((resolve) => setImmediate(resolve, false));

describe("an event stream", () => {
  it("begins at once, with headers that keep proxies from collecting it", async () => {
    const { client } = await meet(await start());
    expect(client.response.headers).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
      "x-session-id": "7",
    });
    while (client.comments === 0) await nextTurn();
  });

  it("carries events in order, also those that are sent while it opens", async () => {
    const { client, server } = await meet(
      await start(async (client) => {
        client.send({ id: "0", event: "early", data: "0" });
        return await hold(client);
      }),
    );
    for (let count = 1; count < 300; count += 1)
      server.client.send({ id: `${count}`, event: "next", data: `${count}` });
    const events = await client.events.takeMany(300);
    expect(events.map(({ id, data }) => [id, data])).toEqual(events.map((_, index) => [`${index}`, index]));
  });

  it("keeps data with line breaks in one event", async () => {
    const { client, server } = await meet(await start());
    server.client.send({ data: '{\n"a":\r"ä\u2028",\r\n"b":1}' });
    expect(await client.events.take()).toEqual({
      id: undefined,
      event: undefined,
      data: { a: "ä\u2028", b: 1 },
    });
  });

  it("says that it is alive when there is nothing to tell", async () => {
    const { client } = await meet(await start());
    while (client.comments === 0) await nextTurn();
    for (let count = 2; count < 8; count += 1) {
      clock.tick();
      while (client.comments < count) await nextTurn();
    }
    expect(channel.size).toBe(1);
  });

  it("is refused when its events cannot begin", async () => {
    const url = await start(() => Promise.reject(new AgentError("conflict", "taken")));
    await expect(EventClient.open(url)).rejects.toThrow("409 conflict");
    expect(channel.size).toBe(0);
  });

  it("is ended after all that was sent", async () => {
    const { client, server } = await meet(await start());
    server.client.send({ data: "1" });
    server.client.end("session_ended");
    server.client.send({ data: "2" });
    await client.ended;
    await server.closed;
    expect(client.all.map(({ data }) => data)).toEqual([1]);
    while (channel.size > 0) await nextTurn();
  });

  it("is over when its client leaves, also while it opens", async () => {
    const { client, server } = await meet(await start());
    client.leave();
    await server.closed;
    const { promise: opening, resolve } = Promise.withResolvers<void>();
    const { promise: ready, resolve: openNow } = Promise.withResolvers<void>();
    server.client.send({ data: "into the void" });
    await stop();
    const url = await start(async (client) => {
      resolve();
      await ready;
      return await hold(client);
    });
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.on("error", () => undefined).write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await opening;
    socket.resetAndDestroy();
    await once(socket, "close");
    openNow();
    await (
      await arrivals.take()
    ).closed;
    while (channel.size > 0) await nextTurn();
  });

  it("whose client does not read is ended, and its memory let go, while another goes on", async () => {
    const url = await start(hold, { queueBytes: 64 * 1024, closeTimeoutMs: 50 });
    const reader = await meet(url);
    const sleeper = await meet(url);
    sleeper.client.response.pause();
    const gone = sleeper.server.closed.then(() => true);
    const large = JSON.stringify("x".repeat(64 * 1024));
    while (!(await Promise.race([gone, nextTurn()]))) {
      sleeper.server.client.send({ data: large });
      reader.server.client.send({ data: "1" });
      await reader.client.events.take();
    }
    while (channel.size > 1) await nextTurn();
  });

  it("leaves out what may be left out when its client is slow", async () => {
    const { client, server } = await meet(await start(hold, { queueBytes: 1000 }));
    server.client.send({ data: "1" }, true);
    server.client.send({ data: JSON.stringify("x".repeat(600)) });
    server.client.send({ data: "2" }, true);
    server.client.send({ data: "3" });
    const data = (await client.events.takeMany(3)).map((event) => event.data);
    expect(data).toEqual([1, "x".repeat(600), 3]);
  });

  it("is ended with all others when the server stops", async () => {
    const url = await start();
    const clients = [await meet(url), await meet(url)];
    channel.close("server_restart");
    await Promise.all(clients.map(({ client }) => client.ended));
  });
});

const stop = async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
};

describe("events that are asked for one by one", () => {
  it("are taken no faster than the client reads, and no more when it has left", async () => {
    let made = 0;
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    async function* events(gone: AbortSignal) {
      gone.addEventListener("abort", () => resolve());
      while (!gone.aborted) {
        made += 1;
        yield { data: JSON.stringify("x".repeat(16 * 1024)) };
      }
    }
    const url = await start(pulled(events).open, { queueBytes: 256 * 1024 });
    const client = await EventClient.open(url);
    await client.events.takeMany(100);
    client.response.pause();
    for (let turn = 0, before = -1; before !== made || turn < 100; turn += 1) {
      before = made;
      await nextTurn();
    }
    expect(made).toBeLessThan(2000);
    client.leave();
    await aborted;
  });

  it("end the stream when there are no more", async () => {
    async function* events() {
      yield { id: "1", data: "1" };
    }
    const client = await EventClient.open(await start(pulled(events).open));
    await client.ended;
    expect(client.all).toEqual([{ id: "1", event: undefined, data: 1 }]);
  });
});
