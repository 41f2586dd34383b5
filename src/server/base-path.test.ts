import { afterEach, beforeEach, expect, it } from "vitest";
import { createLogStore } from "../audit/log.ts";
import { noSessions } from "../testing/no-sessions.ts";
import { SESSION, TestSite } from "../testing/test-site.ts";
import { routeTable } from "./server.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";
const bearer = { authorization: `Bearer ${TOKEN}` };

let site: TestSite;
beforeEach(async () => {
  site = new TestSite();
  const logs = createLogStore({ folder: "" });
  logs.create(SESSION);
  const { pages } = routeTable(logs, noSessions, { sseIdleMs: 1000, models: [], basePath: "/agent" });
  await site.start({ pages, basePath: "/agent", authToken: TOKEN });
});
afterEach(() => site.stop());

const status = async (path: string, headers: Record<string, string> = bearer) =>
  (await site.ask({ path, headers })).status;

it("all paths begin with the base path, and nothing is found without it but the probes", async () => {
  expect(await status("/agent/sessions")).toBe(200);
  expect(await status(`/agent/sessions/${SESSION}`)).toBe(200);
  for (const path of ["/sessions", "/", "/agents/sessions", "/agent-x", "/ui/", "/agent/agent/sessions"]) {
    expect(await status(path), path).toBe(404);
  }
  for (const path of ["/livez", "/readyz", "/health"]) {
    expect([await status(path, {}), await status(`/agent${path}`, {})]).toEqual([200, 200]);
  }
  expect((await site.ask2({ path: "/agent/sessions", headers: bearer })).status).toBe(200);
});

it("doors are found at the base path and below it", async () => {
  for (const path of ["/agent", "/agent/", "/agent/ws", `/agent/ws/${SESSION}?after=1`]) {
    expect(await site.knock({ path, headers: bearer }), path).toBe(101);
  }
  for (const path of ["/", "/ws"]) expect(await site.knock({ path, headers: bearer }), path).toBe(404);
});

it("whoever asks without the token learns nothing of the base path", async () => {
  expect([await status("/sessions", {}), await status("/agent/sessions", {})]).toEqual([401, 401]);
});

it("a browser is led to the web UI, whose files are found, and its cookie goes there alone", async () => {
  for (const path of ["/agent", "/agent/", "/agent/ui"]) {
    const { headers } = await site.ask({ path, headers: { accept: "text/html" } });
    expect(headers.location).toBe("/agent/ui/");
  }
  const page = await site.ask({ path: "/agent/ui/sessions" });
  expect(page.body).toContain('data-base="/agent"');
  const files = [...page.body.matchAll(/(?:src|href)="(\/[^"]*)"/g)].map(([, path = ""]) => path);
  expect(files).toHaveLength(2);
  for (const path of files) expect(await status(path, {}), path).toBe(200);
  const { headers } = await site.ask({
    method: "POST",
    path: "/agent/ui/session",
    headers: { "content-type": "application/json", "sec-fetch-site": "same-origin" },
    body: JSON.stringify({ token: TOKEN }),
  });
  expect(String(headers["set-cookie"])).toContain("; Path=/agent; ");
});

it("a program is told the addresses with the base path", async () => {
  const { body } = await site.ask({ path: "/agent/", headers: { ...bearer, accept: "*/*" } });
  expect(body).toContain(`http://127.0.0.1:${site.port}/agent/sessions\n`);
  const refused = await site.ask({ path: "/agent/sessions" });
  expect(refused.body).toContain("sign in at /agent/ui/sign-in");
});
