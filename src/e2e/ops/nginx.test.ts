import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { DEFAULT_CHANNEL_LIMITS } from "../../channels/limits.ts";
import { openBrowser } from "../../testing/browser.ts";
import { EventClient } from "../../testing/event-client.ts";
import { FrameClient } from "../../testing/frame-client.ts";
import { type Proxy, startNginx } from "../../testing/nginx.ts";
import { SocketClient } from "../../testing/socket-client.ts";
import { TestSite } from "../../testing/test-site.ts";
import { startTestBed, type TestBed } from "../test-bed.ts";

const TOKEN = "a-token-that-is-long-enough-for-the-server";
const bearer = { Authorization: `Bearer ${TOKEN}` };

let bed: TestBed;
let proxy: Proxy;
beforeAll(async () => {
  bed = await startTestBed({ AUTH_TOKEN: TOKEN, ALLOWED_HOSTS: "agent.example.com" });
  proxy = await startNginx(bed.server.port);
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await bed.close();
});

describe("behind nginx", () => {
  it("a WebSocket holds a conversation with an approval, over TLS too", async () => {
    for (const url of [`ws://${proxy.plain}/`, `wss://${proxy.tls}/`]) {
      const client = await SocketClient.connect(url, { rejectUnauthorized: false, headers: bearer });
      const { finished, messages } = await client.turn("run echo through | tee out.txt");
      expect(finished.status).toBe("completed");
      expect(messages.filter(({ type }) => type === "approval_request")).toHaveLength(1);
      client.close();
    }
  });

  it("events arrive as they happen, and a reader that comes back misses nothing", async () => {
    const client = await SocketClient.connect(`ws://${proxy.plain}/?stream=true`, { headers: bearer });
    const { payload } = await client.next("session_info");
    const url = `http://${proxy.plain}/sessions/${payload.session_id}/events`;
    const first = await EventClient.open(url, { headers: bearer });
    client.say("run echo one | tee one.txt");
    const request = await client.next("approval_request");
    // The turn waits for us: this came through while it goes on.
    for (;;) {
      const { data } = await first.events.take();
      if (JSON.stringify(data).includes(request.id)) break;
    }
    first.leave();
    client.send("approval_response", { review: "YES", requestId: request.id });
    await client.next("agent_finished");
    const last = String(first.all.at(-1)?.id);
    const again = await EventClient.open(url, { headers: { ...bearer, "Last-Event-ID": last } });
    const next = await again.events.take();
    expect(Number(next.id)).toBe(Number(last) + 1);
    again.leave();
    client.close();
  });

  it("the HTTP/2 stream goes both ways at once", async () => {
    // nginx passes a stream on with its first frame.
    const first = JSON.stringify({ type: "user_message", content: "run echo h2 | tee h2.txt" });
    const client = await FrameClient.open(`https://${proxy.tls}`, { headers: bearer, first });
    const { commandId } = await client.find({ type: "command_prompt" });
    client.send(JSON.stringify({ type: "approve", commandId, decision: "allow" }));
    const { details } = await client.find({ message: "turn finished" });
    expect(details).toMatchObject({ status: "completed" });
    client.leave();
    client.session.destroy();
  });

  it("plain pages and messages come through, and the guard stands behind it", async () => {
    const health = await fetch(`http://${proxy.plain}/health`);
    expect(await health.json()).toMatchObject({ status: "ok" });
    expect((await fetch(`http://${proxy.plain}/sessions`)).status).toBe(401);
    const listed = await fetch(`http://${proxy.plain}/sessions?limit=5`, { headers: bearer });
    expect(listed.status).toBe(200);
  });
});

describe("behind nginx under a path", () => {
  let place: { bed: TestBed; proxy: Proxy };
  beforeAll(async () => {
    const bed = await startTestBed({ AUTH_TOKEN: TOKEN, BASE_PATH: "/agent" });
    // As the comment at the top of the file says.
    const places = { "location / {": "location /agent/ {", "/agent/stream {": "/agent/agent/stream {" };
    place = { bed, proxy: await startNginx(bed.server.port, places) };
  });
  afterAll(async () => {
    await place.proxy[Symbol.asyncDispose]();
    await place.bed.close();
  });

  it("every door works: WebSocket, events, HTTP/2, and the pages", async () => {
    const { plain, tls } = place.proxy;
    const client = await SocketClient.connect(`ws://${plain}/agent/?stream=true`, { headers: bearer });
    const { payload } = await client.next("session_info");
    const { finished } = await client.turn("run echo path | tee path.txt");
    expect(finished.status).toBe("completed");
    const url = `http://${plain}/agent/sessions/${payload.session_id}/events`;
    const reader = await EventClient.open(url, { headers: { ...bearer, "Last-Event-ID": "2" } });
    expect((await reader.events.take()).id).toBe("3");
    reader.leave();
    client.close();

    const first = JSON.stringify({ type: "user_message", content: "Hello" });
    const path = "/agent/agent/stream";
    const stream = await FrameClient.open(`https://${tls}`, { headers: bearer, path, first });
    expect(await stream.find({ message: "turn finished" })).toMatchObject({
      details: { status: "completed" },
    });
    stream.leave();
    stream.session.destroy();
    expect((await fetch(`http://${plain}/sessions`, { headers: bearer })).status).toBe(404);
  });

  it("a browser signs in, talks, and looks at the session", async () => {
    await using browser = await openBrowser();
    const origin = `http://${place.proxy.plain}`;
    const { page, complaints, badRequests } = await browser.open(origin);
    await page.goto("/agent");
    await page.getByLabel("Token").fill(TOKEN);
    await page.keyboard.press("Enter");
    const field = page.getByLabel("Message", { exact: true });
    await field.fill("Hello");
    await field.press("Enter");
    await page.locator(".note", { hasText: "Done" }).waitFor();
    expect(new URL(page.url()).pathname).toMatch(/^\/agent\/ui\/talk\//);
    await page.reload();
    await page.getByRole("link", { name: "Sessions" }).click();
    await page.getByRole("link", { name: "Hello" }).first().click();
    const file = await page.locator("a[download]").first().getAttribute("href");
    expect(file).toMatch(/^\/agent\/sessions\//);
    expect(new URL(page.url()).pathname).toMatch(/^\/agent\/ui\/sessions\//);
    expect({ complaints, badRequests }).toEqual({ complaints: [], badRequests: [] });
  });
});

describe("an idle connection behind nginx", () => {
  it.each([
    { pings: true, pingIntervalMs: 200, outcome: "lives for as long as it is pinged" },
    { pings: false, pingIntervalMs: 60_000, outcome: "is cut when it is not" },
  ])("$outcome", async ({ pings, pingIntervalMs }) => {
    const site = new TestSite();
    onTestFinished(() => site.stop());
    await site.start({ limits: { pingIntervalMs }, allowedHosts: ["127.0.0.1"] });
    await using short = await startNginx(site.port, { "_timeout 75s;": "_timeout 1s;" });
    const client = await SocketClient.connect(`ws://${short.plain}/`);
    const closed = once(client.socket, "close");
    const pinged = new Promise<void>((resolve) => {
      let count = 0;
      client.socket.on("ping", () => (count += 1) === 10 && resolve());
    });
    expect(await Promise.race([closed.then(() => "cut"), pinged.then(() => "alive")])).toBe(
      pings ? "alive" : "cut",
    );
    client.close();
  });

  it("is pinged much more often than the offered configuration waits", async () => {
    const text = await readFile(new URL("../../../deploy/nginx.conf", import.meta.url), "utf8");
    const waits = [...text.matchAll(/(?:proxy|grpc)_(?:read|send)_timeout (\d+)s;/g)].map(([, s]) =>
      Number(s),
    );
    expect(waits).toHaveLength(4);
    for (const seconds of waits) {
      expect(seconds * 1000).toBeGreaterThanOrEqual(2 * DEFAULT_CHANNEL_LIMITS.pingIntervalMs);
    }
  });
});
