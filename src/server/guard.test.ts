import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { codeOf, SESSION, TestSite } from "../testing/test-site.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";

let site: TestSite;
beforeEach(() => (site = new TestSite()));
afterEach(() => site.stop());

describe("a request", () => {
  it.each([
    "evil.example",
    "evil.example:8080",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "localhost@evil",
  ])("for the host %j is refused: that name may have been made to point here", async (host) => {
    await site.start();
    for (const path of ["/", "/sessions", "/nowhere"]) {
      expect(await site.ask({ path, headers: { host } })).toMatchObject({ status: 403 });
    }
    expect(await site.knock({ headers: { host } })).toBe(403);
  });

  it.each([
    "localhost",
    "LOCALHOST:1",
    "127.0.0.1:8080",
    "[::1]:8080",
    "agent.example",
    "agent.example:99",
    "b.example:8443",
  ])("for the host %j is answered when that name is the server's", async (host) => {
    await site.start({ allowedHosts: ["agent.example", "b.example:8443"] });
    expect((await site.ask({ headers: { host } })).status).toBe(200);
    expect(await site.knock({ headers: { host } })).toBe(101);
  });

  it("for an allowed host on another port than the allowed one is refused", async () => {
    await site.start({ allowedHosts: ["b.example:8443"] });
    expect((await site.ask({ headers: { host: "b.example:8444" } })).status).toBe(403);
  });

  it("without a host, with two, or with a whole URL is refused", async () => {
    await site.start();
    expect(await site.raw("GET / HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1.1 403 /);
    expect(
      await site.raw("GET / HTTP/1.1\r\nConnection: close\r\nHost: localhost\r\nHost: evil\r\n\r\n"),
    ).toMatch(/^HTTP\/1.1 403 /);
    expect(
      await site.raw("GET http://evil/ HTTP/1.1\r\nConnection: close\r\nHost: localhost\r\n\r\n"),
    ).toMatch(/^HTTP\/1.1 400 /);
  });

  it("of a foreign origin is refused on every route and before every upgrade", async () => {
    await site.start({ allowedOrigins: ["https://app.example"] });
    const own = `http://127.0.0.1:${site.port}`;
    const foreign = [
      "https://evil.example",
      "null",
      "https://app.example.evil",
      "https://app.example:8443",
      `http://localhost:${site.port}`,
      "http://127.0.0.1:1",
    ];
    for (const origin of foreign) {
      for (const path of ["/", "/health", "/sessions", "/nowhere"]) {
        expect((await site.ask({ path, headers: { origin } })).status).toBe(403);
      }
      for (const path of ["/", "/ws", `/ws/${SESSION}`])
        expect(await site.knock({ path, headers: { origin } })).toBe(403);
    }
    for (const origin of [own, "https://app.example"]) {
      expect((await site.ask({ headers: { origin } })).status).toBe(200);
      expect(await site.knock({ headers: { origin } })).toBe(101);
    }
  });

  it("without origin from a page of another site is refused, but for a link to a page for people", async () => {
    await site.start();
    for (const from of ["cross-site", "same-site"]) {
      const headers = { "sec-fetch-site": from };
      expect((await site.ask({ headers })).status).toBe(403);
      expect(await site.knock({ headers })).toBe(403);
      const link = { ...headers, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
      expect((await site.ask({ path: "/", headers: link })).status).toBe(200);
      expect((await site.ask({ path: "/sessions", headers: link })).status).toBe(403);
      expect((await site.ask({ path: "/", headers: { ...link, "sec-fetch-dest": "iframe" } })).status).toBe(
        403,
      );
    }
    for (const from of ["same-origin", "none"]) {
      expect((await site.ask({ headers: { "sec-fetch-site": from } })).status).toBe(200);
    }
  });

  it("gets CORS headers for an origin that is allowed by name, and for no other", async () => {
    await site.start({ allowedOrigins: ["https://app.example"], authToken: TOKEN });
    const preflight = {
      "access-control-request-method": "GET",
      "access-control-request-headers": "authorization",
    };
    const allowed = await site.ask({
      method: "OPTIONS",
      headers: { origin: "https://app.example", ...preflight },
    });
    expect(allowed).toMatchObject({
      status: 204,
      headers: {
        "access-control-allow-origin": "https://app.example",
        "access-control-allow-methods": "GET, POST, HEAD, OPTIONS",
        "access-control-allow-headers": expect.stringContaining("Authorization"),
      },
    });
    const refused = await site.ask({ headers: { origin: "https://app.example" } });
    expect(refused).toMatchObject({
      status: 401,
      headers: { "access-control-allow-origin": "https://app.example" },
    });
    for (const origin of ["https://evil.example", `http://127.0.0.1:${site.port}`]) {
      const { headers } = await site.ask({ method: "OPTIONS", headers: { origin, ...preflight } });
      expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
    }
  });

  it("carries safe headers on its answer, also when it is refused", async () => {
    await site.start();
    const answers = [
      await site.ask(),
      await site.ask({ path: "/nowhere" }),
      await site.ask({ headers: { host: "evil" } }),
      await site.ask({ path: "/fault" }),
    ];
    for (const { headers } of answers) {
      expect(headers).toMatchObject({
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-frame-options": "DENY",
        "content-security-policy": expect.stringContaining("default-src 'none'"),
      });
      expect(headers["x-powered-by"]).toBeUndefined();
    }
  });
});

describe("a server with a token", () => {
  it.each([
    ["none", {}],
    ["a wrong one", { authorization: `Bearer ${TOKEN.replace("0", "1")}` }],
    ["a part of it", { authorization: `Bearer ${TOKEN.slice(0, 31)}` }],
    ["more than it", { authorization: `Bearer ${TOKEN}0` }],
    ["an empty one", { authorization: "Bearer " }],
    ["another scheme", { authorization: `Basic ${TOKEN}` }],
    ["a cookie", { cookie: `token=${TOKEN}` }],
    ["a subprotocol on a plain request", { "sec-websocket-protocol": `bearer.${TOKEN}` }],
  ])("answers 401 to a request with %s, whether its path exists or not", async (_what, headers) => {
    await site.start({ authToken: TOKEN });
    for (const path of ["/", "/sessions", `/sessions/${SESSION}`, "/nowhere", `/sessions?token=${TOKEN}`]) {
      const answer = await site.ask({ path, headers });
      expect(answer).toMatchObject({ status: 401, headers: { "www-authenticate": "Bearer" } });
      expect(codeOf(answer)).toBe("unauthorized");
    }
  });

  it("answers requests with the token", async () => {
    await site.start({ authToken: TOKEN });
    for (const authorization of [`Bearer ${TOKEN}`, `bearer  ${TOKEN}`]) {
      expect((await site.ask({ headers: { authorization } })).status).toBe(200);
      expect(await site.knock({ headers: { authorization } })).toBe(101);
    }
  });

  it("checks the token before it upgrades, as a header or as a subprotocol", async () => {
    await site.start({ authToken: TOKEN });
    expect(await site.knock()).toBe(401);
    expect(await site.knock({ path: "/nowhere" })).toBe(401);
    expect(await site.knock({ path: `/?token=${TOKEN}` })).toBe(401);
    expect(await site.knock({ protocols: ["bearer.wrong", "agentloop"] })).toBe(401);
    expect(await site.knock({ protocols: [`bearer.${TOKEN}`, "agentloop"] })).toBe(101);
    expect(
      await site.knock({ protocols: [`bearer.${TOKEN}`], headers: { authorization: "Bearer wrong" } }),
    ).toBe(401);
  });

  it("leaves its health to everyone, by whatever address", async () => {
    await site.start({ authToken: TOKEN });
    for (const path of ["/health", "/livez", "/readyz"]) {
      const answer = await site.ask({ path, headers: { host: "10.0.0.7:8080" } });
      expect(answer).toMatchObject({ status: 200, body: '{"status":"ok"}' });
      expect((await site.ask({ path: `${path}/` })).status).toBe(401);
    }
  });
});
