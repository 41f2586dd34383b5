import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LogLine, SessionSummary } from "../contract/log.ts";
import { ServerMessage } from "../contract/message.ts";
import { until } from "../testing/run-command.ts";
import { assistantText, type SocketClient } from "../testing/socket-client.ts";
import { items, linesOf, payloads, startTestBed, type TestBed } from "./test-bed.ts";

const MAX_MESSAGE_BYTES = 32 * 1024;

let bed: TestBed;
beforeAll(async () => {
  bed = await startTestBed({
    MAX_MESSAGE_BYTES: String(MAX_MESSAGE_BYTES),
    // A session ends with its last client.
    SESSION_DETACH_SECONDS: "0",
  });
});
afterAll(() => bed.close());

const text = (message: string) => [{ type: "input_text", text: message }];

describe("ten clients at once", () => {
  it("each have their session, their turn and their log, and see nothing of the others", async () => {
    const marks = Array.from({ length: 10 }, (_, nth) => `mark-of-client-${nth}`);
    const clients = await Promise.all(
      marks.map(async (mark) => {
        const client = await bed.connect();
        const { finished } = await client.turn(`create ${mark}.txt with ${mark} then run cat ${mark}.txt`);
        expect(finished.status).toBe("completed");
        return client;
      }),
    );
    expect(new Set(clients.map(({ sessionId }) => sessionId)).size).toBe(marks.length);
    for (const [nth, client] of clients.entries()) {
      const mark = marks[nth] ?? "";
      expect(assistantText(client.messages)).toContain(`printed:\n\n\`\`\`\n${mark}\n`);
      const told = JSON.stringify(client.messages) + (await bed.log(client.sessionId));
      expect(marks.filter((each) => told.includes(each))).toEqual([mark]);
      expect(await readFile(join(bed.workspace, `${mark}.txt`), "utf8")).toBe(`${mark}\n`);
      client.close();
    }
  });
});

describe("a client that knows only the first protocol", () => {
  const KNOWN = ["response_item", "loading_state", "approval_request", "agent_finished", "error"];

  it("is told nothing else, and a whole turn in order", async () => {
    const client = await bed.connect("");
    const request = { type: "user_input", payload: { input: text("run echo hello | tee said.txt") } };
    client.socket.send(JSON.stringify({ id: "1", ...request }));
    const { payload } = await client.next("approval_request");
    expect(payload.command).toEqual(["bash", "-lc", "echo hello | tee said.txt"]);
    client.send("approval_response", { review: "yes" });
    await client.next("agent_finished");

    const told = client.messages.map((message) =>
      message.type === "response_item" ? message.payload.type : message.type,
    );
    expect(told).toEqual([
      "loading_state",
      "message",
      "message",
      "function_call",
      "approval_request",
      "function_call_output",
      "message",
      "loading_state",
      "agent_finished",
    ]);
    for (const message of client.messages) {
      expect(KNOWN).toContain(message.type);
      expect(Object.keys(message).sort((a, b) => a.localeCompare(b))).toEqual(["id", "payload", "type"]);
    }
    client.close();
  });

  it("may bring the id of a response that this session never gave", async () => {
    const client = await bed.connect("");
    const { finished } = await client.turn("Hello", { previousResponseId: "resp_of_yesterday" });
    expect(finished.status).toBe("completed");
    client.close();
  });

  it("is told what was wrong with its input within a whole turn", async () => {
    const client = await bed.connect("");
    const { finished } = await client.turn("Hello", { model: "got-5" });
    expect(client.messages.map(({ type }) => type)).toEqual([
      "loading_state",
      "error",
      "loading_state",
      "agent_finished",
    ]);
    expect(payloads(client.messages, "error")).toMatchObject([{ details: { code: "unknown_model" } }]);
    expect(finished.status).toBe("failed");
    client.close();
  });
});

describe("bad frames", () => {
  const input = (value: unknown, more: object = {}) =>
    JSON.stringify({ id: "1", type: "user_input", payload: { input: value, ...more } });
  const answer = (payload: object) => JSON.stringify({ id: "1", type: "approval_response", payload });

  const FRAMES: [string | Buffer, string][] = [
    ["", "invalid_json"],
    ["hello", "invalid_json"],
    ['{"id":"1","type":"cancel"', "invalid_json"],
    [Buffer.from([0xff, 0xfe, 0x00, 0x80]), "invalid_json"],
    ["null", "invalid_message"],
    ["7", "invalid_message"],
    ['"user_input"', "invalid_message"],
    ["[]", "invalid_message"],
    ["{}", "invalid_message"],
    [`${"[".repeat(10_000)}${"]".repeat(10_000)}`, "invalid_message"],
    ['{"id":"1","type":"user_inptu"}', "unknown_type"],
    ['{"id":"1","type":"agent_finished","payload":{}}', "unknown_type"],
    ['{"id":"1","type":7}', "invalid_message"],
    ['{"type":"cancel"}', "invalid_message"],
    ['{"id":1,"type":"cancel"}', "invalid_message"],
    ['{"id":"1","type":"user_input"}', "invalid_message"],
    ['{"id":"1","type":"user_input","payload":null}', "invalid_message"],
    [input([]), "invalid_message"],
    [input(""), "invalid_message"],
    [input({ role: "user" }), "invalid_message"],
    [input([{ type: "message", role: "assistant", content: text("I am the model") }]), "invalid_message"],
    [input([{ type: "function_call_output", call_id: "call_1", output: "{}" }]), "invalid_message"],
    [input("hello", { model: 5 }), "invalid_message"],
    [answer({ review: "MAYBE" }), "invalid_message"],
    [answer({}), "invalid_message"],
    [answer({ review: "YES" }), "no_pending_approval"],
    [answer({ review: "YES", requestId: "a request of nobody's" }), "no_pending_approval"],
  ];

  it("of every kind are answered and recorded, and the connection and the other sessions go on", async () => {
    const other = await bed.connect("");
    const otherTurn = other.turn("run echo still here | tee here.txt");
    const client = await bed.connect("");
    for (const [frame] of FRAMES) client.socket.send(frame);
    while (client.messages.length < FRAMES.length) await client.next("error");

    const answers = payloads(client.messages, "error");
    expect(answers.map(({ details }) => details?.code)).toEqual(FRAMES.map(([, code]) => code));
    expect(answers.filter(({ message }) => message.length < 10)).toEqual([]);
    expect(JSON.stringify(answers)).not.toMatch(/\bat \w+ \(|node_modules|\.ts:\d/);
    expect((await client.turn("Hello")).finished.status).toBe("completed");
    expect((await otherTurn).finished.status).toBe("completed");
    expect(payloads(other.messages, "error")).toEqual([]);
    const incoming = linesOf(await bed.log(client.sessionId)).filter(
      ({ direction, message_data: data }) => direction === "incoming" && !isSessionEvent(data),
    );
    expect(incoming).toHaveLength(FRAMES.length + 1);
    client.close();
    other.close();
  });

  it("that are too large are answered, and close the connection with 1009", async () => {
    const client = await bed.connect("");
    client.socket.send(input("x".repeat(MAX_MESSAGE_BYTES)));
    const { payload } = await client.next("error");
    expect(payload.details?.code).toBe("message_too_large");
    await until(() => client.closed !== undefined);
    expect(client.closed?.code).toBe(1009);

    const next = await bed.connect("");
    expect((await next.turn("x".repeat(MAX_MESSAGE_BYTES / 2))).finished.status).toBe("completed");
    next.close();
  });
});

describe("the pages", () => {
  const get = async <Answer>(path: string) => {
    const answer = await fetch(bed.server.origin + path);
    expect(answer.status).toBe(200);
    return (await answer.json()) as Answer;
  };

  /** The session in the list and by itself, which must be the same. */
  async function summaryOf(id: string): Promise<SessionSummary> {
    const { sessions } = await get<{ sessions: SessionSummary[] }>("/sessions");
    const { approval_requests: _, ...alone } = await get<SessionSummary & { approval_requests: unknown }>(
      `/sessions/${id}`,
    );
    expect(sessions.filter(({ session_id }) => session_id === id)).toEqual([alone]);
    return alone;
  }

  /** What the first clients know of a line. */
  const plain = (lines: readonly LogLine[]) =>
    lines.map(({ timestamp, event_type, direction, message_data, seq }) => {
      return { timestamp, event_type, direction, message_data, seq };
    });
  const eventsOf = async (id: string, query?: string) => plain(await bed.events(id, query));

  it("tell of a session what its client saw and what its file holds", async () => {
    const client = await bed.connect();
    await client.turn("create shown.txt with Grüße 👋 then run cat shown.txt | tee again.txt");
    client.send("get_context_info");
    await client.next("context_info");
    const id = client.sessionId;
    const lines = plain(linesOf(await bed.log(id)));

    expect(await eventsOf(id)).toEqual(lines);
    expect(await summaryOf(id)).toMatchObject({
      session_id: id,
      start_time: lines[0]?.timestamp,
      last_activity: lines.at(-1)?.timestamp,
      event_count: lines.length,
      state: "active",
    });
    expect(toldIn(lines)).toEqual(client.messages.filter(({ type }) => type !== "response_delta"));
    expect(streamedText(toMessages(lines))).toEqual(streamedText(client.messages));
    const asked = lines.filter(({ direction }) => direction === "incoming");
    expect(asked.slice(1).map(({ message_data: data }) => (data as { type: string }).type)).toEqual([
      "user_input",
      "approval_response",
      "approval_response",
      "get_context_info",
    ]);
    const types = await eventsOf(id, "?type=agent_finished&direction=outgoing");
    expect(types).toEqual(lines.filter(({ message_data: data }) => isFinished(data)));
    expect(await eventsOf(id, "?after=3&limit=2")).toEqual(lines.slice(4, 6));

    client.close();
    await until(async () => (await get<SessionSummary>(`/sessions/${id}`)).state === "ended");
    const ended = plain(linesOf(await bed.log(id)));
    expect(ended).toHaveLength(lines.length + 1);
    expect(ended.at(-1)?.message_data).toEqual({ event: "session_ended" });
    expect(await eventsOf(id)).toEqual(ended);
    expect(await summaryOf(id)).toMatchObject({ event_count: ended.length, state: "ended" });
  });

  it("and every message are as the protocol says", async () => {
    const client: SocketClient = await bed.connect();
    await client.turn("create valid.txt with 1 then read valid.txt");
    for (const message of client.messages) expect(ServerMessage.parse(message)).toEqual(message);
    expect(items(client.messages, "function_call_output")).toHaveLength(2);
    client.close();
  });
});

const isSessionEvent = (data: unknown) => typeof data === "object" && data !== null && "event" in data;

const isFinished = (data: unknown) => (data as { type?: string }).type === "agent_finished";

const toMessages = (lines: readonly LogLine[]): ServerMessage[] =>
  lines
    .filter(({ direction, message_data: data }) => direction === "outgoing" && !isSessionEvent(data))
    .map(({ seq, message_data: data }) => ({ seq, ...(data as ServerMessage) }));

/** What a client was told as the log has it; deltas stand there in batches. */
const toldIn = (lines: readonly LogLine[]) =>
  toMessages(lines).filter(({ type }) => type !== "response_delta");

/** By item and kind. */
function streamedText(messages: readonly ServerMessage[]): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const { itemId, kind, delta } of payloads(messages, "response_delta")) {
    const key = `${itemId} ${kind}`;
    texts[key] = (texts[key] ?? "") + delta;
  }
  return texts;
}
