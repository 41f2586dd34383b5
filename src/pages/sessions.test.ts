import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogStore } from "../audit/log.ts";
import type { AuditStore, SessionListing, SessionLog, SessionPage } from "../contract/log.ts";
import type { Sessions } from "../contract/session.ts";
import { askPage, jsonOfPage, textOfPage } from "../testing/ask-page.ts";
import { noSessions } from "../testing/no-sessions.ts";
import { archiveSession, createSession, holdSession, listSessions, showSession } from "./sessions.ts";

const idOf = (number: number) => number.toString(16).padStart(32, "0");
const ID = idOf(10);

let folder: string;
let store: AuditStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "agentloop-pages-"));
  store = createLogStore({ folder });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const tell = (log: SessionLog, type: string, payload: unknown, id = "m") =>
  log.append("outgoing", JSON.stringify({ id, type, payload }));

const USAGE = {
  input_tokens: 100,
  cached_input_tokens: 40,
  cache_write_input_tokens: 0,
  output_tokens: 7,
  reasoning_output_tokens: 3,
  cost_usd: 0.5,
};

/** One turn, with a response and an approval. */
function fill(log: SessionLog, words = "hello there"): void {
  log.append("incoming", `{"id":"1","type":"user_input","payload":{"input":"${words}"}}`);
  tell(log, "loading_state", { loading: true });
  tell(log, "session_info", { model: "gpt-5.1", provider: "openai" });
  const finished = {
    kind: "response_finished",
    responseId: "r",
    provider: "openai",
    model: "gpt-5.1",
    usage: USAGE,
  };
  tell(log, "status", finished);
  const question = {
    command: ["ls"],
    callId: "c",
    tool: "shell",
    cwd: "/w",
    reason: "why",
    risk: "low",
    expiresAt: "t",
  };
  tell(log, "approval_request", question, "a1");
  log.append(
    "outgoing",
    '{"id":"m","type":"approval_resolved","payload":{"requestId":"a1","review":"YES","decidedBy":"client","client":"c1"}}',
    { approval: { request_id: "a1", review: "YES", decided_by: "client", client: "c1", latency_ms: 12 } },
  );
  tell(log, "loading_state", { loading: false });
}

const listed = (query: Record<string, string> | string = {}) =>
  jsonOfPage<SessionPage>(askPage(listSessions(store), { query }));
const idsIn = ({ sessions }: SessionPage) => sessions.map(({ session_id }) => session_id);

describe("GET /sessions", () => {
  it("lists nothing in an empty store, as JSON", async () => {
    expect(await listed()).toEqual({ sessions: [] });
    expect(await listed({ limit: "5" })).toEqual({ sessions: [], next_cursor: null, total: 0 });
  });

  it("lists every session with what its lines come to", async () => {
    fill(store.create(ID));
    const time = expect.stringMatching(/^\d{4}-.*Z$/);
    const { cost_usd: cost, ...tokens } = USAGE;
    expect(await listed()).toEqual({
      sessions: [
        {
          session_id: ID,
          start_time: time,
          last_activity: time,
          event_count: 8,
          state: "active",
          legal_hold: false,
          title: "hello there",
          model: "gpt-5.1",
          provider: "openai",
          turns: 1,
          approvals: 1,
          tokens,
          cost,
        },
      ],
    });
  });

  it("lists more sessions than go out in one piece, or are read together", async () => {
    const ids = Array.from({ length: 2100 }, (_, index) => idOf(index));
    const memory = createLogStore({ folder: "" });
    for (const id of ids) memory.create(id);
    const page = await jsonOfPage<SessionPage>(askPage(listSessions(memory)));
    expect(idsIn(page).sort()).toEqual(ids);
  });

  it("gives pages that neither repeat nor skip a session, also while others are added", async () => {
    const ids = Array.from({ length: 25 }, (_, index) => idOf(index));
    for (const id of ids) store.create(id);
    const seen: string[] = [];
    let cursor: string | null | undefined;
    for (let added = 100; cursor !== null; added += 1) {
      const page = await listed({ limit: "4", ...(cursor !== undefined && { cursor }) });
      seen.push(...idsIn(page));
      cursor = page.next_cursor;
      store.create(idOf(added));
    }
    expect(seen.toSorted()).toEqual(ids);
    expect((await listed({ limit: "1" })).total).toBeGreaterThan(25);
  });

  it("keeps to what was asked for", async () => {
    fill(store.create(idOf(1)), "an apple pie");
    fill(store.create(idOf(2)), "a pear");
    const other = store.create(idOf(3));
    tell(other, "session_info", { model: "claude", provider: "anthropic" });
    await other.end();
    const sorted = async (query: Record<string, string>) => idsIn(await listed(query)).sort();
    expect(await sorted({ state: "active" })).toEqual([idOf(1), idOf(2)]);
    expect(await sorted({ state: "ended" })).toEqual([idOf(3)]);
    expect(await sorted({ state: "archived" })).toEqual([]);
    expect(await sorted({ model: "claude" })).toEqual([idOf(3)]);
    expect(await sorted({ q: "Apple" })).toEqual([idOf(1)]);
    expect(await sorted({ q: '"apple pie"' })).toEqual([idOf(1)]);
    expect(await sorted({ q: '"pie apple"' })).toEqual([]);
    expect(await sorted({ since: "2020-01-01", until: "2020-02-01T00:00:00+02:00" })).toEqual([]);
    expect(await sorted({ since: "2020-01-01" })).toHaveLength(3);
    expect(idsIn(await listed({ sort: "oldest", limit: "1" }))).toEqual([idOf(1)]);
    expect(idsIn(await listed({ sort: "events" })).at(-1)).toBe(idOf(3));
    expect(idsIn(await listed({ sort: "cost" })).at(-1)).toBe(idOf(3));
  });

  it.each([
    ["limit=0", 'limit: expected a number from 1 to 1000, got "0"'],
    ["limit=1e2", 'limit: expected a number from 1 to 1000, got "1e2"'],
    ["limit=5&limit=6", "limit: expected once, got 2 times"],
    ["state=gone", 'state: expected active, ended or archived, got "gone"'],
    ["model=", 'model: expected a model\'s name, got ""'],
    [
      "since=yesterday",
      'since: expected an ISO 8601 date or time such as 2026-01-31 or 2026-01-31T12:00:00Z, got "yesterday"',
    ],
    ["sort=size", 'sort: expected one of newest, oldest, activity, events, cost, got "size"'],
    ["q=", 'q: expected words to search for, got ""'],
    ["q=***", 'q: expected words to search for, got "***"'],
    ["page=2", "page: unknown parameter"],
    ["cursor=abc", "limit: expected with cursor, got nothing"],
    ["limit=1&cursor=abc", 'cursor: expected the next_cursor of a page with sort=newest, got "abc"'],
  ])("refuses %s and says what it expected", async (query, message) => {
    store.create(ID);
    const asking = async () => textOfPage(await askPage(listSessions(store), { query }));
    await expect(asking()).rejects.toMatchObject({ code: "invalid_message", message });
  });

  it("refuses the cursor of another order", async () => {
    for (const number of [1, 2]) store.create(idOf(number));
    const { next_cursor } = await listed({ limit: "1" });
    await expect(listed({ limit: "1", sort: "events", cursor: next_cursor ?? "" })).rejects.toThrow(
      "sort=events",
    );
  });
});

describe("GET /sessions/{session_id}", () => {
  it("tells what the list tells of it, and each approval", async () => {
    fill(store.create(ID));
    const shown = await jsonOfPage<SessionListing>(askPage(showSession(store), { session_id: ID }));
    const { sessions } = await listed();
    expect(shown).toEqual({
      ...sessions[0],
      approval_requests: [
        {
          request_id: "a1",
          seq: 5,
          decided_seq: 6,
          requested_at: expect.any(String),
          decided_at: expect.any(String),
          tool: "shell",
          command: ["ls"],
          cwd: "/w",
          reason: "why",
          risk: "low",
          files: [],
          review: "YES",
          decided_by: "client",
          client: "c1",
          latency_ms: 12,
          scope: null,
          patch_edited: false,
        },
      ],
    });
  });

  it("knows no other session", async () => {
    store.create(ID);
    await expect(askPage(showSession(store), { session_id: idOf(11) })).rejects.toMatchObject({
      code: "unknown_session",
      message: expect.stringContaining(idOf(11)),
    });
  });
});

describe("POST /sessions", () => {
  it("answers 201 with the session, where it is, and what was wished for", async () => {
    const wishes: unknown[] = [];
    const sessions = {
      ...noSessions,
      create: async (options: unknown) => {
        wishes.push(options);
        return { id: ID, info: () => ({ session_id: ID, state: "idle" }) };
      },
    } as unknown as Sessions;
    const answer = await askPage(createSession(sessions), { method: "POST", body: '{"model":"m"}' });
    expect(answer).toEqual({
      status: 201,
      headers: { Location: `/sessions/${ID}` },
      body: `{"session_id":"${ID}","state":"idle"}`,
    });
    await askPage(createSession(sessions), { method: "POST", body: "" });
    expect(wishes).toEqual([{ model: "m" }, {}]);
  });

  it.each([
    ["{", "invalid_json"],
    ["[]", "invalid_message"],
    ['{"model":5}', "invalid_message"],
    ['{"policy":"x"}', "invalid_message"],
    ['{"approvalPolicy":"all"}', "invalid_message"],
  ])("refuses the body %s", async (body, code) => {
    await expect(askPage(createSession(noSessions), { method: "POST", body })).rejects.toMatchObject({
      code,
    });
  });
});

describe("DELETE /sessions/{session_id}", () => {
  const archive = (session_id: string) => askPage(archiveSession(store), { method: "DELETE", session_id });
  const hold = (session_id: string, held: boolean) => askPage(holdSession(store, held), { session_id });

  it("archives a session that has ended: it leaves the list, and can still be read, found and verified", async () => {
    const log = store.create(ID);
    fill(log);
    await log.end();
    expect(await archive(ID)).toEqual({ status: 204, body: "" });
    expect(await listed()).toEqual({ sessions: [] });
    expect(await listed({ state: "archived" })).toMatchObject({
      sessions: [{ session_id: ID, event_count: 9 }],
    });
    expect(await store.records.search("hello", 5)).toMatchObject({ events: [{ session_id: ID, seq: 1 }] });
    expect(await store.verify(ID)).toMatchObject({ ok: true, lines: 9 });
    expect((await archive(ID)).status).toBe(204);
    await expect(store.open(ID)).rejects.toMatchObject({ code: "log_unavailable" });
  });

  it("refuses while the session is active, and under legal hold", async () => {
    const log = store.create(ID);
    const refusal = async () => {
      const { status, body } = await archive(ID);
      return [status, JSON.parse(body as string).error.code];
    };
    expect(await refusal()).toEqual([409, "session_active"]);
    await log.end();
    await hold(ID, true);
    await hold(ID, true);
    expect(await refusal()).toEqual([409, "legal_hold"]);
    expect(await listed()).toMatchObject({ sessions: [{ legal_hold: true }] });
    await hold(ID, false);
    expect(await archive(ID)).toEqual({ status: 204, body: "" });
  });

  it("knows no other session", async () => {
    await expect(archive(ID)).rejects.toMatchObject({ code: "unknown_session" });
    await expect(hold(ID, true)).rejects.toMatchObject({ code: "unknown_session" });
  });
});
