import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, onTestFinished, vi } from "vitest";
import { Guard } from "../server/guard.ts";
import type { ServerOptions } from "../server/server.ts";
import { type Ask, TestSite } from "../testing/test-site.ts";
import { attacks } from "./attack.suite.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";

async function startSite(options: Partial<ServerOptions>): Promise<TestSite> {
  const site = new TestSite();
  await site.start(options);
  onTestFinished(() => site.stop());
  return site;
}

/** The server as it is, and one whose guard lets everyone through. */
const sides = (options: Partial<ServerOptions> = {}) => ({
  protected: () => {
    vi.restoreAllMocks();
    return startSite(options);
  },
  unprotected: () => {
    vi.spyOn(Guard.prototype, "check").mockReturnValue();
    onTestFinished(() => {
      vi.restoreAllMocks();
    });
    return startSite(options);
  },
});

const isLetIn = async (site: TestSite, knock: Parameters<TestSite["knock"]>[0]) =>
  (await site.knock(knock)) === 101;

const isAnswered = async (site: TestSite, ask: Ask) => (await site.ask(ask)).status === 200;

const EVIL = "https://evil.example";

describe("a page of another site that opens a WebSocket", () => {
  attacks<TestSite>(sides({ allowedOrigins: ["https://app.example"] }), {
    "says where it comes from": (site) => isLetIn(site, { headers: { origin: EVIL } }),
    "comes from nowhere, as a file or a sandboxed frame does": (site) =>
      isLetIn(site, { headers: { origin: "null" } }),
    "has a name that begins like an allowed one": (site) =>
      isLetIn(site, { headers: { origin: "https://app.example.evil.example" } }),
    "has a name that ends like an allowed one": (site) =>
      isLetIn(site, { headers: { origin: "https://evil-app.example" } }),
    "has an allowed name without TLS": (site) => isLetIn(site, { headers: { origin: "http://app.example" } }),
    "comes from another port of this machine": (site) =>
      isLetIn(site, { headers: { origin: "http://127.0.0.1:1" } }),
    "comes from another name of this machine": (site) =>
      isLetIn(site, { headers: { origin: `http://localhost:${site.port}` } }),
    "asks for a session by its id": (site) =>
      isLetIn(site, { path: `/ws/${"a".repeat(32)}`, headers: { origin: EVIL } }),
  });
});

describe("a page of another site that asks for data", () => {
  attacks<TestSite>(sides(), {
    "reads the sessions": (site) => isAnswered(site, { headers: { origin: EVIL } }),
    "has them loaded as a script, which carries no origin": (site) =>
      isAnswered(site, { headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" } }),
    "is a neighbour on the same site": (site) =>
      isAnswered(site, { headers: { "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors" } }),
    "navigates to them": (site) =>
      isAnswered(site, {
        headers: {
          "sec-fetch-site": "cross-site",
          "sec-fetch-mode": "navigate",
          "sec-fetch-dest": "document",
        },
      }),
    "puts the welcome page into a frame": (site) =>
      isAnswered(site, {
        path: "/",
        headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" },
      }),
  });
});

describe("a page of another site that posts", () => {
  const posts = async (site: TestSite, headers: Record<string, string>) => {
    await site.ask({ method: "POST", path: "/echo", headers, body: '{"evil":true}' });
    return site.echoed.length > 0;
  };
  attacks<TestSite>(sides(), {
    "with its origin": (site) => posts(site, { "content-type": "application/json", origin: EVIL }),
    "without one, from a browser that says where from": (site) =>
      posts(site, { "content-type": "application/json", "sec-fetch-site": "cross-site" }),
  });
  attacks<TestSite>(
    { protected: () => startSite({}), unprotected: startBareSite },
    {
      "a form, from an old browser that says nothing": (site) =>
        posts(site, { "content-type": "text/plain" }),
      "something that has no type at all": (site) => posts(site, {}),
    },
  );
});

describe("a name that an attacker has made point to this machine", () => {
  const REBOUND = "evil.example:8080";
  attacks<TestSite>(sides({ allowedHosts: ["agent.example:8443"] }), {
    "opens a WebSocket from a page of that name": (site) =>
      isLetIn(site, { headers: { host: REBOUND, origin: `http://${REBOUND}` } }),
    "reads the sessions, as a page may of its own name": (site) =>
      isAnswered(site, { headers: { host: REBOUND, "sec-fetch-site": "same-origin" } }),
    "begins like a name of this machine": (site) =>
      isAnswered(site, { headers: { host: "localhost.evil.example" } }),
    "begins like its address": (site) => isAnswered(site, { headers: { host: "127.0.0.1.evil.example" } }),
    "has the right name before an @": (site) => isAnswered(site, { headers: { host: "localhost@evil" } }),
    "is an allowed one at another port": (site) =>
      isAnswered(site, { headers: { host: "agent.example:8444" } }),
    "says by a header of proxies that it is another": (site) =>
      isAnswered(site, {
        headers: { host: REBOUND, "x-forwarded-host": "localhost", forwarded: "host=localhost" },
      }),
    "comes with the right one beside it": async (site) =>
      /^HTTP\/1.1 200 /.test(
        await site.raw(
          "GET /sessions HTTP/1.1\r\nConnection: close\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        ),
      ),
    "is left out, as HTTP/1.0 allows": async (site) =>
      /^HTTP\/1.1 200 /.test(await site.raw("GET /sessions HTTP/1.0\r\n\r\n")),
  });
});

describe("a client without the token", () => {
  attacks<TestSite>(sides({ authToken: TOKEN }), {
    "asks all the same": (site) => isAnswered(site, {}),
    "opens a WebSocket all the same": (site) => isLetIn(site, {}),
    "has a part of it": (site) =>
      isAnswered(site, { headers: { authorization: `Bearer ${TOKEN.slice(0, -1)}` } }),
    "has it in capital letters": (site) =>
      isAnswered(site, { headers: { authorization: `Bearer ${TOKEN.toUpperCase()}` } }),
    "leaves it empty": (site) => isAnswered(site, { headers: { authorization: "Bearer " } }),
    "offers another one as a subprotocol": (site) =>
      isLetIn(site, { protocols: ["agentloop", `bearer.${"0".repeat(32)}`] }),
    "says that it comes from this machine": (site) =>
      isAnswered(site, { headers: { "x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1" } }),
    "says that it is only asking first, as browsers do": (site) =>
      isAnswered(site, { headers: { "access-control-request-method": "GET" } }),
    // A token in a URL stands in histories and logs: it counts for nothing there.
    "has it in the URL": (site) => isAnswered(site, { path: `/?token=${TOKEN}` }),
    "has it in a cookie that a page could not have set": (site) =>
      isAnswered(site, { headers: { cookie: `token=${TOKEN}` } }),
  });
});

describe("a page in the browser of the operator", () => {
  attacks<TestSite>(
    { protected: () => startSite({}), unprotected: startBareSite },
    {
      "puts this server's page under its own button": async (site) => {
        const { headers } = await site.ask({ path: "/" });
        const policy = String(headers["content-security-policy"]);
        return headers["x-frame-options"] !== "DENY" && !policy.includes("frame-ancestors 'none'");
      },
      "has a text of this server run as a script": async (site) =>
        (await site.ask({ path: "/" })).headers["x-content-type-options"] !== "nosniff",
    },
  );
  attacks<TestSite>(
    {
      protected: () => startSite({ allowedOrigins: ["https://app.example"] }),
      unprotected: () => startSite({ allowedOrigins: ["https://app.example", EVIL] }),
    },
    {
      "is told by CORS that it may read the answer": async (site) => {
        const { headers } = await site.ask({
          method: "OPTIONS",
          headers: { origin: EVIL, "access-control-request-method": "GET" },
        });
        return [EVIL, "*"].includes(String(headers["access-control-allow-origin"]));
      },
    },
  );
});

/** A server as a first draft has it: takes everything and adds nothing. */
async function startBareSite(): Promise<TestSite> {
  const site = new TestSite();
  const http = createHttpServer((request, response) => {
    request.on("data", (data: Buffer) => site.echoed.push(data.toString()));
    request.on("end", () => response.end());
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  site.port = (http.address() as AddressInfo).port;
  onTestFinished(() => void http.close());
  return site;
}
