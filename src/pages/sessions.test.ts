import { describe, expect, it } from "vitest";
import { createLogStore } from "../audit/log.ts";
import type { LogStore, SessionLog } from "../contract/log.ts";
import type { Page } from "../contract/page.ts";
import { listSessions, showEvents, showSession } from "./sessions.ts";

const ID = "0190f0f0f0f07000800000000000000a";

async function get(page: Page, query: Record<string, string> = {}, session_id = ID): Promise<unknown> {
  const { status, body } = await page({
    method: "GET",
    path: "/",
    params: { session_id },
    query: new URLSearchParams(query),
    headers: {},
    body: "",
  });
  expect(status).toBe(200);
  let whole = "";
  if (typeof body === "string") whole = body;
  else for await (const piece of body) whole += piece;
  return JSON.parse(whole);
}

/** Lines 1 to 6 after `session_started`. */
function fill(log: SessionLog): void {
  for (const turn of [1, 2]) {
    log.append("incoming", `{"id":"${turn}","type":"user_input","payload":{"input":"hello"}}`);
    log.append("outgoing", `{"id":"${turn}","type":"loading_state","payload":{"loading":true}}`);
    log.append("outgoing", `{"id":"${turn}","type":"loading_state","payload":{"loading":false}}`);
  }
}

const storeWithSession = (): LogStore => {
  const logs = createLogStore({ folder: "" });
  fill(logs.create(ID));
  return logs;
};

describe("GET /sessions", () => {
  it("lists nothing in an empty store, as JSON", async () => {
    expect(await get(listSessions(createLogStore({ folder: "" })))).toEqual({ sessions: [] });
  });

  it("lists every session with its times, its number of lines and its state", async () => {
    const logs = storeWithSession();
    const time = expect.stringMatching(/^\d{4}-.*Z$/);
    expect(await get(listSessions(logs))).toEqual({
      sessions: [{ session_id: ID, start_time: time, last_activity: time, event_count: 7, state: "active" }],
    });
  });

  it("lists more sessions than go out in one piece", async () => {
    const logs = createLogStore({ folder: "" });
    const ids = Array.from({ length: 500 }, (_, index) => index.toString(16).padStart(32, "0"));
    for (const id of ids) logs.create(id);
    const { sessions } = (await get(listSessions(logs))) as { sessions: { session_id: string }[] };
    expect(sessions.map(({ session_id }) => session_id).sort()).toEqual(ids);
  });
});

describe("GET /sessions/{session_id}", () => {
  it("tells what the list tells of it", async () => {
    const logs = storeWithSession();
    const { sessions } = (await get(listSessions(logs))) as { sessions: unknown[] };
    expect(await get(showSession(logs))).toEqual(sessions[0]);
  });

  it("knows no other session", async () => {
    await expect(get(showSession(storeWithSession()), {}, "b".repeat(32))).rejects.toMatchObject({
      code: "unknown_session",
      message: expect.stringContaining("b".repeat(32)),
    });
  });
});

describe("GET /sessions/{session_id}/events", () => {
  const seqs = async (query: Record<string, string>) => {
    const { events, next_after } = (await get(showEvents(storeWithSession()), query)) as {
      events: { seq: number }[];
      next_after: number | null;
    };
    return { seqs: events.map(({ seq }) => seq), next_after };
  };

  it("tells the lines as they stand in the log", async () => {
    const { events } = (await get(showEvents(storeWithSession()), { limit: "2" })) as { events: unknown[] };
    expect(events).toMatchObject([
      { seq: 0, message_data: { event: "session_started" } },
      {
        seq: 1,
        event_type: "websocket_message_received",
        direction: "incoming",
        message_data: { id: "1", type: "user_input", payload: { input: "hello" } },
      },
    ]);
  });

  it.each([
    [{}, [0, 1, 2, 3, 4, 5, 6], null],
    [{ after: "-1" }, [0, 1, 2, 3, 4, 5, 6], null],
    [{ after: "4" }, [5, 6], null],
    [{ after: "6" }, [], null],
    [{ after: "99" }, [], null],
    [{ limit: "3" }, [0, 1, 2], 2],
    [{ limit: "3", after: "2" }, [3, 4, 5], 5],
    [{ limit: "3", after: "5" }, [6], null],
    [{ limit: "7" }, [0, 1, 2, 3, 4, 5, 6], null],
    [{ direction: "incoming" }, [0, 1, 4], null],
    [{ type: "user_input" }, [1, 4], null],
    [{ type: "user_input", limit: "1" }, [1], 1],
    [{ type: "session_started" }, [0], null],
    [{ type: "loading_state", direction: "outgoing", limit: "2", after: "2" }, [3, 5], 5],
    [{ type: "loading_state", direction: "incoming" }, [], null],
  ])("answers %j with the lines %j and next_after %j", async (query, expected, next_after) => {
    expect(await seqs(query)).toEqual({ seqs: expected, next_after });
  });

  it.each([
    [{ after: "x" }, 'after: expected a seq, or -1 for all, got "x"'],
    [{ after: "-2" }, 'after: expected a seq, or -1 for all, got "-2"'],
    [{ after: "" }, 'after: expected a seq, or -1 for all, got ""'],
    [{ limit: "0" }, 'limit: expected a number from 1 to 10000, got "0"'],
    [{ limit: "10001" }, 'limit: expected a number from 1 to 10000, got "10001"'],
    [{ limit: "1e3" }, 'limit: expected a number from 1 to 10000, got "1e3"'],
    [{ direction: "up" }, 'direction: expected incoming or outgoing, got "up"'],
  ])("refuses %j and says what it expected", async (query, message) => {
    await expect(get(showEvents(storeWithSession()), query)).rejects.toMatchObject({
      code: "invalid_message",
      message,
    });
  });

  it("knows no other session", async () => {
    await expect(get(showEvents(storeWithSession()), {}, "b".repeat(32))).rejects.toMatchObject({
      code: "unknown_session",
    });
  });
});
