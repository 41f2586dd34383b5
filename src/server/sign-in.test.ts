import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PageAnswer, PageRequest } from "../contract/page.ts";
import { codeOf, TestSite } from "../testing/test-site.ts";
import { selfSigned } from "../testing/certificate.ts";
import { BrowserSessions } from "./browser-sessions.ts";
import { signInPages } from "./sign-in.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";
const WEEK_MS = 604_800_000;

let site: TestSite;

const own = () => ({ origin: site.origin });

const post = (token: unknown, headers: Record<string, string> = own()) =>
  site.ask({
    method: "POST",
    path: "/ui/session",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ token }),
  });

/** As a browser would send it back. */
const cookieOf = (setCookie: string[] | undefined): string => setCookie?.[0]?.split(";")[0] ?? "";

async function signIn(): Promise<string> {
  const { status, headers } = await post(TOKEN);
  expect(status).toBe(200);
  return cookieOf(headers["set-cookie"]);
}

const session = async (cookie = "") =>
  JSON.parse((await site.ask({ path: "/ui/session", headers: { cookie } })).body) as unknown;

describe("signing in", () => {
  beforeEach(() => (site = new TestSite()));
  afterEach(() => site.stop());

  it("gives a cookie that no script can read and no other site can use, and that does not hold the token", async () => {
    await site.start({ authToken: TOKEN });
    const { body, headers } = await post(TOKEN);
    expect(JSON.parse(body)).toEqual({ required: true, signedIn: true });
    expect(headers["set-cookie"]).toEqual([
      expect.stringMatching(
        /^agentloop_[0-9a-f]{8}=[\w.-]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=604800$/,
      ),
    ]);
    expect(JSON.stringify(headers)).not.toContain(TOKEN);
  });

  it("opens the pages and the WebSockets to the browser", async () => {
    await site.start({ authToken: TOKEN });
    const cookie = await signIn();
    for (const headers of [
      { cookie: `other=1; ${cookie}`, "sec-fetch-site": "same-origin" },
      { cookie, ...own() },
      { cookie },
    ]) {
      expect((await site.ask({ headers })).status).toBe(200);
    }
    expect(await site.knock({ headers: { cookie, ...own() } })).toBe(101);
    expect(
      (await site.ask({ method: "POST", path: "/echo", headers: { cookie, ...own() }, body: "{}" })).status,
    ).toBe(415);
  });

  it("is told of by GET, with and without a token of the server", async () => {
    await site.start({ authToken: TOKEN });
    expect(await session()).toEqual({ required: true, signedIn: false });
    expect(await session(await signIn())).toEqual({ required: true, signedIn: true });
    const open = new TestSite();
    await open.start();
    expect((await open.ask({ path: "/ui/session" })).body).toBe('{"required":false,"signedIn":true}');
    await open.stop();
  });

  it("outlives the server, but not its token", async () => {
    await site.start({ authToken: TOKEN });
    const cookie = await signIn();
    await site.stop();
    await site.start({ authToken: TOKEN });
    expect(await session(cookie)).toEqual({ required: true, signedIn: true });
    await site.stop();
    await site.start({ authToken: `another-${TOKEN}` });
    expect(await session(cookie)).toEqual({ required: true, signedIn: false });
  });

  it("ends by DELETE, for whoever has the cookie", async () => {
    await site.start({ authToken: TOKEN });
    const cookie = await signIn();
    const other = await signIn();
    const answer = await site.ask({ method: "DELETE", path: "/ui/session", headers: { cookie, ...own() } });
    expect(answer).toMatchObject({ status: 200, body: '{"required":true,"signedIn":false}' });
    expect(answer.headers["set-cookie"]?.[0]).toMatch(/^agentloop_[0-9a-f]{8}=; .*Max-Age=0/);
    expect((await site.ask({ headers: { cookie } })).status).toBe(401);
    expect((await site.ask({ headers: { cookie: other } })).status).toBe(200);
  });

  it("over TLS gives a cookie for TLS only, also where a proxy ends it", async () => {
    await site.start({ authToken: TOKEN, tls: selfSigned() });
    expect((await post(TOKEN)).headers["set-cookie"]?.[0]).toMatch(/; Secure$/);
    await site.stop();
    await site.start({
      authToken: TOKEN,
      allowedHosts: ["agent.example"],
      allowedOrigins: ["https://agent.example"],
    });
    const proxied = { origin: "https://agent.example", host: "agent.example" };
    const { headers } = await post(TOKEN, proxied);
    expect(headers["set-cookie"]?.[0]).toMatch(/; Secure$/);
    const cookie = cookieOf(headers["set-cookie"]);
    expect(await site.knock({ headers: { cookie, ...proxied } })).toBe(101);
  });

  it("takes the token only, from a page of this server only", async () => {
    await site.start({ authToken: TOKEN, allowedOrigins: ["https://app.example"] });
    for (const wrong of ["", TOKEN.slice(1), `${TOKEN}0`, TOKEN.toUpperCase()]) {
      const answer = await post(wrong);
      expect([answer.status, codeOf(answer)]).toEqual([401, "unauthorized"]);
      expect(answer.headers["set-cookie"]).toBeUndefined();
    }
    for (const body of [7, undefined]) expect((await post(body)).status).toBe(400);
    for (const headers of [{}, { origin: "https://app.example" }, { "sec-fetch-site": "none" }]) {
      const { status } = await post(TOKEN, headers);
      expect(status).toBe("sec-fetch-site" in headers ? 200 : 403);
    }
  });
});

describe("guessing the token", () => {
  const page = (now: () => number) => {
    const parts = {
      authToken: TOKEN,
      browsers: new BrowserSessions(TOKEN),
      log: pino({ level: "silent" }),
      now,
    };
    const [route] = signInPages(parts).filter(({ method }) => method === "POST");
    if (route === undefined) throw new Error("nobody can sign in");
    return async (token: string, peer: string): Promise<number> => {
      const headers = { origin: "http://localhost", host: "localhost" };
      const request = {
        headers,
        peer,
        body: JSON.stringify({ token }),
      } as Partial<PageRequest> as PageRequest;
      try {
        return ((await route.page(request)) as PageAnswer).status;
      } catch (error) {
        return (error as { status: number }).status;
      }
    };
  };

  it("is cut short for an address, and then the right one is refused as well", async () => {
    let now = 1_000_000;
    const ask = page(() => now);
    for (let nth = 0; nth < 10; nth += 1) expect(await ask(`guess-${nth}`, "a")).toBe(401);
    expect(await ask("guess", "a")).toBe(429);
    expect(await ask(TOKEN, "a")).toBe(429);
    expect(await ask(TOKEN, "b")).toBe(200);
    now += 60_000;
    expect(await ask(TOKEN, "a")).toBe(200);
  });
});

describe("the cookie", () => {
  const cookie = (set: string) => ({ cookie: set.split(";")[0] ?? "" });

  it("ends after a week, and cannot be made longer", () => {
    let now = Date.now();
    const browsers = new BrowserSessions(TOKEN, "", () => now);
    const set = browsers.begin({ secure: false });
    expect(browsers.has(cookie(set))).toBe(true);
    now += WEEK_MS - 1000;
    expect(browsers.has(cookie(set))).toBe(true);
    now += 1000;
    expect(browsers.has(cookie(set))).toBe(false);
    const later = set.replace(/=(\d+)\./, (_all, until: string) => `=${Number(until) + 1000}.`);
    expect(browsers.has(cookie(later))).toBe(false);
  });

  it("is good for its server alone", () => {
    const browsers = new BrowserSessions(TOKEN);
    const others = new BrowserSessions(`${TOKEN}x`);
    const name = cookie(others.begin({ secure: false })).cookie.split("=")[0] ?? "";
    const value = cookie(browsers.begin({ secure: false })).cookie.split("=")[1] ?? "";
    expect(others.has({ cookie: `${name}=${value}` })).toBe(false);
  });
});
