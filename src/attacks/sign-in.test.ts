import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, onTestFinished, vi } from "vitest";
import type { Page } from "../contract/page.ts";
import { ui } from "../pages/ui.ts";
import { BrowserSessions } from "../server/browser-sessions.ts";
import { Guard } from "../server/guard.ts";
import { type Ask, TestSite } from "../testing/test-site.ts";
import { attacks } from "./attack.suite.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";
const APP = "https://app.example";
const EVIL = "https://evil.example";
const INVESTIGATE = "/api/stream/investigate?text=delete+everything";

/** A server with a token, and the cookie of a browser that has signed in there. */
interface Target {
  site: TestSite;
  cookie: string;
}

async function startTarget(): Promise<Target> {
  const site = new TestSite();
  await site.start({ authToken: TOKEN, allowedOrigins: [APP] });
  onTestFinished(() => site.stop());
  const signedIn = await signIn(site, { origin: site.origin });
  return { site, cookie: signedIn.headers["set-cookie"]?.[0]?.split(";")[0] ?? "" };
}

const signIn = (site: TestSite, headers: Record<string, string>, body = JSON.stringify({ token: TOKEN })) =>
  site.ask({
    method: "POST",
    path: "/ui/session",
    headers: { "content-type": "application/json", ...headers },
    body,
  });

/** The server as it is, and one in which `weaken` has taken a protection away. */
const sides = (weaken: () => void) => ({
  protected: () => {
    vi.restoreAllMocks();
    return startTarget();
  },
  unprotected: async () => {
    const target = await startTarget();
    weaken();
    onTestFinished(() => {
      vi.restoreAllMocks();
    });
    return target;
  },
});

const isLetIn = async ({ site, cookie }: Target, headers: Record<string, string>) =>
  (await site.knock({ headers: { cookie, ...headers } })) === 101;

/** Whether it got past the guard. */
const isHeard = async ({ site, cookie }: Target, { headers, ...ask }: Ask) =>
  ![401, 403].includes((await site.ask({ ...ask, headers: { cookie, ...headers } })).status);

describe("a page in a browser that has signed in, which sends the cookie with it", () => {
  attacks<Target>(
    sides(() => vi.spyOn(Guard.prototype, "check").mockReturnValue()),
    {
      "opens a WebSocket from another site": (target) => isLetIn(target, { origin: EVIL }),
      "opens a WebSocket from another port of this machine": (target) =>
        isLetIn(target, { origin: "http://127.0.0.1:1" }),
      "opens a WebSocket from an origin that may ask with a token": (target) =>
        isLetIn(target, { origin: APP }),
      "opens a WebSocket and does not say from where": (target) => isLetIn(target, {}),
      "reads the sessions from an origin that may ask with a token": (target) =>
        isHeard(target, { path: "/sessions", headers: { origin: APP } }),
      "makes a session from there": (target) =>
        isHeard(target, { method: "POST", path: "/sessions", headers: { origin: APP }, body: "{}" }),
      "makes a session without saying from where, as old browsers do": (target) =>
        isHeard(target, { method: "POST", path: "/sessions", body: "{}" }),
      "has an image loaded that starts an investigation": (target) =>
        isHeard(target, { path: INVESTIGATE, headers: { "sec-fetch-site": "same-site" } }),
      "has one loaded in a browser that does not say from where": (target) =>
        isHeard(target, { path: INVESTIGATE }),
    },
  );
});

describe("somebody without the token", () => {
  attacks<Target>(
    sides(() => vi.spyOn(BrowserSessions.prototype, "has").mockReturnValue(true)),
    {
      "makes a cookie up": ({ site, cookie }) => {
        const [name] = cookie.split("=");
        const made = `${name}=9999999999.${"A".repeat(22)}.${"A".repeat(43)}`;
        return isHeard({ site, cookie: made }, {});
      },
      "makes a cookie last longer": ({ site, cookie }) =>
        isHeard({ site, cookie: cookie.replace(/=\d+/, "=9999999999") }, {}),
      "leaves the signature out": ({ site, cookie }) =>
        isHeard({ site, cookie: cookie.slice(0, cookie.lastIndexOf(".") + 1) }, {}),
      "sends the cookie's name alone": ({ site, cookie }) =>
        isHeard({ site, cookie: `${cookie.split("=")[0]}=` }, {}),
      "has a cookie of before the sign-out": async ({ site, cookie }) => {
        await site.ask({ method: "DELETE", path: "/ui/session", headers: { cookie, origin: site.origin } });
        return isHeard({ site, cookie }, {});
      },
    },
  );
});

describe("a page of another site that signs its visitor in or out", () => {
  const succeeds = async ({ site }: Target, headers: Record<string, string>) =>
    (await signIn(site, headers)).headers["set-cookie"] !== undefined;
  attacks<Target>(
    {
      protected: startTarget,
      // A sign-in as a first draft has it.
      unprotected: async () => {
        const site = new TestSite();
        const page: Page = async () => ({ status: 200, headers: { "Set-Cookie": "token=x" }, body: "" });
        await site.start({ pages: [{ method: "POST", path: "/ui/draft", page }] });
        onTestFinished(() => site.stop());
        vi.spyOn(Guard.prototype, "check").mockReturnValue();
        onTestFinished(() => {
          vi.restoreAllMocks();
        });
        const ask = site.ask.bind(site);
        site.ask = (asked) => ask({ ...asked, path: "/ui/draft" });
        return { site, cookie: "" };
      },
    },
    {
      "says where it comes from": (target) => succeeds(target, { origin: EVIL }),
      "is allowed to ask with a token": (target) => succeeds(target, { origin: APP }),
      "does not say where it comes from": (target) => succeeds(target, {}),
      "is a neighbour on the same site": (target) => succeeds(target, { "sec-fetch-site": "same-site" }),
    },
  );
});

describe("somebody who wants other files than those of the web UI", () => {
  async function startUi(page: (folder: string) => Page): Promise<TestSite> {
    vi.restoreAllMocks();
    const folder = await mkdtemp(join(tmpdir(), "agentloop-ui-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await mkdir(join(folder, "web"));
    await writeFile(join(folder, "web", "index.html"), "page");
    await writeFile(join(folder, "secret.txt"), "secret");
    const site = new TestSite();
    const route = {
      method: "GET",
      path: "/ui/*",
      page: page(join(folder, "web")),
      open: () => true,
    } as const;
    await site.start({ authToken: TOKEN, pages: [route] });
    onTestFinished(() => site.stop());
    return site;
  }
  const naive =
    (folder: string): Page =>
    async ({ path }) => ({
      status: 200,
      body: await readFile(join(folder, decodeURIComponent(path.slice("/ui/".length))), "utf8"),
    });
  const gets = async (site: TestSite, path: string) => (await site.ask({ path })).body === "secret";
  attacks<TestSite>(
    { protected: () => startUi(ui), unprotected: () => startUi(naive) },
    {
      "climbs out of its folder": (site) => gets(site, "/ui/../secret.txt"),
      "climbs out in disguise": (site) => gets(site, "/ui/%2e%2e/secret.txt"),
      "hides the slash": (site) => gets(site, "/ui/..%2fsecret.txt"),
      "goes in first": (site) => gets(site, "/ui/talk/../../secret.txt"),
    },
  );
});
