import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLogStore } from "../audit/log.ts";
import type { AuditStore } from "../contract/log.ts";
import { createServer, routeTable, type Server } from "../server/server.ts";
import { noSessions } from "../testing/no-sessions.ts";

const ID = "0190f0f0f0f07000800000000000000a";

let folder: string;
let store: AuditStore;
let server: Server;
let origin: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "agentloop-records-"));
  store = createLogStore({ folder });
  const log = store.create(ID);
  log.append("incoming", '{"id":"1","type":"user_input","payload":{"input":"hello there"}}');
  await log.end();
  server = createServer({
    host: "127.0.0.1",
    port: 0,
    allowedOrigins: [],
    allowedHosts: [],
    sessions: noSessions,
    ...routeTable(store, noSessions),
    log: pino({ level: "silent" }),
  });
  origin = `http://127.0.0.1:${(await server.listen()).port}`;
});
afterEach(async () => {
  await server.close({ deadlineMs: 0 });
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const ask = (path: string, method = "GET", headers: Record<string, string> = {}) =>
  fetch(`${origin}${path}`, { method, headers });

const readFacts = () =>
  readFileSync(join(folder, "server.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).message_data)
    .filter(({ event }) => event === "read");

describe("the pages of the record", () => {
  it("give the log's bytes as they are, also those that are no text", async () => {
    const path = join(folder, `${ID}.jsonl`);
    appendFileSync(path, Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x0a, 0x7b]));
    const answer = await ask(`/sessions/${ID}/log`);
    expect(answer.headers.get("content-disposition")).toBe(`attachment; filename="${ID}.jsonl"`);
    expect(Buffer.from(await answer.arrayBuffer()).equals(readFileSync(path))).toBe(true);
  });

  it("give one line of it as it stands there, with its hashes", async () => {
    const lines = readFileSync(join(folder, `${ID}.jsonl`), "utf8").split("\n");
    expect(await (await ask(`/sessions/${ID}/log?seq=1`)).text()).toBe(`${lines[1]}\n`);
    expect(JSON.parse(lines[1] ?? "")).toMatchObject({
      seq: 1,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const refused = await ask(`/sessions/${ID}/log?seq=3`);
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining("has no line 3")]);
    expect((await ask(`/sessions/${ID}/log?seq=x`)).status).toBe(400);
  });

  it.each([
    ["jsonl", "application/jsonl; charset=utf-8", /^\{"timestamp"/],
    ["csv", "text/csv; charset=utf-8", /^"seq",/],
    ["ocsf", "application/jsonl; charset=utf-8", /^\{"category_uid":6/],
    ["markdown", "text/markdown; charset=utf-8", /^# Session/],
  ])("export as %s, to be saved and not shown", async (format, type, beginning) => {
    const answer = await ask(`/sessions/${ID}/export?format=${format}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe(type);
    expect(answer.headers.get("content-disposition")).toMatch(
      /^attachment; filename="[0-9a-f]{32}\.[a-z.]+"$/,
    );
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(await answer.text()).toMatch(beginning);
  });

  it("verify a session, and give the key to do so elsewhere", async () => {
    expect(await (await ask(`/sessions/${ID}/verify`)).json()).toMatchObject({
      ok: true,
      lines: 3,
      problems: [],
    });
    expect(await (await ask("/audit/key")).text()).toBe(`${store.publicKey}\n`);
  });

  it("search in all sessions", async () => {
    expect(await (await ask("/search?q=hello")).json()).toMatchObject({
      events: [
        { session_id: ID, seq: 1, type: "user_input", snippet: expect.stringContaining("hello there") },
      ],
      next_cursor: null,
    });
    const refused = await ask("/search");
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining("q: ")]);
  });

  it("hold, release and archive, without a body", async () => {
    const statuses: number[] = [];
    const does = async (method: string, path = "") =>
      statuses.push((await ask(`/sessions/${ID}${path}`, method)).status);
    await does("PUT", "/hold");
    await does("DELETE");
    await does("DELETE", "/hold");
    await does("DELETE");
    expect(statuses).toEqual([204, 409, 204, 204]);
    expect(await (await ask("/sessions")).json()).toEqual({ sessions: [] });
    expect((await ask(`/sessions/${ID}`)).status).toBe(200);
  });

  it("do not begin a session for a page of another site, which can send no JSON unasked", async () => {
    expect((await ask("/sessions", "POST")).status).toBe(415);
    expect((await ask("/sessions", "POST", { "content-type": "application/json" })).status).toBe(429);
  });

  it("answer 404 for a session that is not there", async () => {
    const other = "b".repeat(32);
    const pages = ["", "/events", "/log", "/export?format=csv", "/export?format=jsonl", "/verify"];
    const statuses = await Promise.all(
      pages.map(async (page) => (await ask(`/sessions/${other}${page}`)).status),
    );
    expect(statuses).toEqual(pages.map(() => 404));
  });

  it("put changes on the record before they are made, also those that are refused", async () => {
    await ask(`/sessions/${ID}/hold`, "PUT");
    expect((await ask(`/sessions/${ID}`, "DELETE")).status).toBe(409);
    await ask(`/sessions/${ID}/hold`, "DELETE");
    const about = { event: "read", session_id: ID, peer: "127.0.0.1" };
    expect(readFacts()).toEqual([
      { ...about, action: "hold" },
      { ...about, action: "archive" },
      { ...about, action: "release" },
    ]);
  });

  it("are on the record themselves", async () => {
    for (const path of ["", "/events?after=1", "/log", "/export?format=csv", "/verify"]) {
      await (await ask(`/sessions/${ID}${path}`)).arrayBuffer();
    }
    await (await ask("/search?q=hello")).arrayBuffer();
    const about = { event: "read", session_id: ID, peer: "127.0.0.1" };
    expect(readFacts()).toEqual([
      { ...about, action: "show" },
      { ...about, action: "events", query: { after: "1" } },
      { ...about, action: "log" },
      { ...about, action: "export", query: { format: "csv" } },
      { ...about, action: "verify" },
      { event: "read", action: "search", query: { q: "hello" }, peer: "127.0.0.1" },
    ]);
  });
});
