import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLogStore } from "../audit/log.ts";
import { AgentError } from "../contract/error.ts";
import { noSessions } from "../testing/no-sessions.ts";
import { routeTable } from "./server.ts";
import { codeOf, SESSION, TestSite } from "../testing/test-site.ts";

let site: TestSite;
beforeEach(() => (site = new TestSite()));
afterEach(() => site.stop());

describe("the routes", () => {
  it("answer what is not there with 404, and never decode their way out of a path", async () => {
    await site.start();
    const paths = [
      "/nowhere",
      "/sessions/",
      "//sessions",
      "/sessions/../sessions",
      "/sessions/%2e%2e",
      "/sessions/..%2f..%2fetc%2fpasswd",
      `/sessions/${SESSION}%00`,
      "/sessions/%zz",
      `/sessions/${"A".repeat(32)}`,
      `/sessions/${SESSION}/events/`,
      "/sessions/__proto__",
    ];
    for (const path of paths) {
      const answer = await site.ask({ path });
      expect(answer.status).toBe(404);
      expect(codeOf(answer)).toBe("not_found");
    }
    expect(await site.knock({ path: "/sessions" })).toBe(404);
    expect(await site.knock({ path: "/ws/..%2f" })).toBe(404);
  });

  it("hand a page and a protocol the decoded parts of the path, and the query", async () => {
    await site.start();
    expect(await site.ask({ path: `/sessions/%61${SESSION.slice(1)}` })).toMatchObject({ status: 200 });
    expect(await site.knock({ path: `/ws/${SESSION}?stream=true&model=a%2Fb` })).toBe(101);
    const { connection } = await site.door.arrivals.take();
    expect(connection.params).toEqual({ session_id: SESSION });
    expect(Object.fromEntries(connection.query)).toEqual({ stream: "true", model: "a/b" });
    expect(connection.info).toMatchObject({ door: "test", peer: "127.0.0.1" });
  });

  it("name the methods that a path knows", async () => {
    await site.start();
    expect(await site.ask({ method: "DELETE" })).toMatchObject({
      status: 405,
      headers: { allow: "GET, POST, HEAD, OPTIONS" },
    });
    expect(await site.ask({ path: "/echo" })).toMatchObject({
      status: 405,
      headers: { allow: "POST, OPTIONS" },
    });
    expect(await site.ask({ method: "OPTIONS" })).toMatchObject({
      status: 204,
      headers: { allow: "GET, POST, HEAD, OPTIONS" },
    });
    expect(await site.ask({ path: "/ws" })).toMatchObject({ status: 426, headers: { upgrade: "websocket" } });
  });

  it("answer HEAD like GET, without the body", async () => {
    await site.start();
    const get = await site.ask({ path: "/health" });
    const head = await site.ask({ method: "HEAD", path: "/health" });
    expect(head).toMatchObject({ status: 200, body: "" });
    expect(head.headers["content-length"]).toBe(String(get.body.length));
    expect(await site.ask({ method: "HEAD" })).toMatchObject({ status: 200, body: "" });
    expect(await site.ask({ method: "HEAD", path: "/nowhere" })).toMatchObject({ status: 404, body: "" });
  });

  it("say how to connect to whoever opens the port", async () => {
    await site.start();
    const { body, headers } = await site.ask({ path: "/" });
    expect(headers["content-type"]).toBe("text/plain; charset=utf-8");
    expect(body).toContain(`ws://127.0.0.1:${site.port}/`);
  });

  it("answer `curl --http2` in plain HTTP/1.1", async () => {
    await site.start();
    const headers = {
      connection: "Upgrade, HTTP2-Settings",
      upgrade: "h2c",
      "http2-settings": "AAMAAABkAAQAAP__",
    };
    expect((await site.ask({ path: "/health", headers })).status).toBe(200);
  });

  it("tell nothing of a fault", async () => {
    await site.start();
    const answer = await site.ask({ path: "/fault" });
    expect(answer.status).toBe(500);
    expect(codeOf(answer)).toBe("internal");
    expect(answer.body).not.toContain("secret");
  });

  it("lead to the AgentLoop protocol", async () => {
    await site.start({ doors: routeTable(createLogStore({ folder: "" }), noSessions).doors });
    for (const path of ["/", "/ws", "/ws?approvalPolicy=suggest"])
      expect(await site.knock({ path })).toBe(429);
    expect(await site.knock({ path: "/ws?approvalPolicy=all" })).toBe(400);
  });

  it("refuse an upgrade with the protocol's reason, as JSON", async () => {
    await site.start();
    site.door.opening = () => Promise.reject(new AgentError("unknown_model", "no model x"));
    const answer = await site.ask({
      path: "/",
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
      },
    });
    expect(answer).toMatchObject({
      status: 400,
      headers: { "x-content-type-options": "nosniff", connection: "close" },
    });
    expect(JSON.parse(answer.body)).toEqual({ error: { code: "unknown_model", message: "no model x" } });
  });
});

describe("an upgrade whose client has gone before it was answered", () => {
  it.each(["accepted", "refused"])("harms nobody when it is %s", async (outcome) => {
    await site.start();
    const { promise: decided, resolve, reject } = Promise.withResolvers<void>();
    const { promise: opening, resolve: begun } = Promise.withResolvers<void>();
    site.door.opening = () => {
      begun();
      return decided;
    };
    const client = connect(site.port, "127.0.0.1");
    client.write(
      "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    );
    await opening;
    client.resetAndDestroy();
    await once(client, "close");
    if (outcome === "accepted") resolve();
    else reject(new AgentError("unknown_model", "no model x"));
    expect((await site.ask()).status).toBe(200);
    if (outcome === "accepted") await (await site.door.arrivals.take()).closed;
  });
});

describe("a request that changes something", () => {
  const type = { "content-type": "application/json; charset=utf-8" };

  it("needs JSON, which a foreign page cannot send unasked", async () => {
    await site.start();
    for (const contentType of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data",
      "application/jsonp",
      "",
    ]) {
      const answer = await site.ask({
        method: "POST",
        path: "/echo",
        headers: { "content-type": contentType },
        body: "{}",
      });
      expect(answer.status).toBe(415);
    }
    expect(await site.ask({ method: "POST", path: "/echo", headers: type, body: '{"ä":1}' })).toMatchObject({
      status: 200,
      body: '{"ä":1}',
    });
  });

  it("has a body of a bounded length, announced or not", async () => {
    await site.start({ limits: { bodyBytes: 1000 } });
    expect(
      (await site.ask({ method: "POST", path: "/echo", headers: type, body: "x".repeat(1000) })).status,
    ).toBe(200);
    const tooLong = Buffer.alloc(5_000_000, "x");
    const kept = { ...type, connection: "keep-alive" };
    const announced = await site.ask({ method: "POST", path: "/echo", headers: kept, body: tooLong });
    const chunked = await site.ask({
      method: "POST",
      path: "/echo",
      headers: { ...kept, "transfer-encoding": "chunked" },
      body: tooLong,
    });
    expect([announced.status, chunked.status]).toEqual([413, 413]);
    expect(codeOf(announced)).toBe("body_too_large");
    expect(site.echoed).toEqual(["x".repeat(1000)]);
  });

  it("must arrive in time", async () => {
    await site.start({ limits: { headersMs: 100, requestMs: 200 } });
    const head =
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n";
    const answer = await site.raw(head, "{");
    expect(answer).toMatch(/^HTTP\/1.1 408 [^]*"code":"request_timeout"/);
    expect(site.echoed).toEqual([]);
  });
});
