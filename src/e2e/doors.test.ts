import { once } from "node:events";
import { connect } from "node:net";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { selfSigned } from "../testing/certificate.ts";
import { EventClient } from "../testing/event-client.ts";
import { connectTo, FrameClient } from "../testing/frame-client.ts";
import { until } from "../testing/run-command.ts";
import { SocketClient } from "../testing/socket-client.ts";
import { items, linesOf, startTestBed, temporaryFolder, type TestBed } from "./test-bed.ts";

let bed: TestBed;
beforeAll(async () => {
  const big = { "big.txt": `${"x".repeat(99)}\n`.repeat(160_000) };
  bed = await startTestBed({ SESSION_DETACH_SECONDS: "0" }, big);
});
afterAll(() => bed.close());

const investigate = () => `${bed.server.origin}/api/stream/investigate`;

async function post(path: string, body: object): Promise<{ status: number; body: unknown }> {
  const response = await fetch(bed.server.origin + path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

const frame = (value: object) => JSON.stringify(value);

/** The log says that the session has ended. */
const ended = (id: string) =>
  until(async () =>
    JSON.stringify(linesOf(await bed.log(id)).at(-1)?.message_data).includes("session_ended"),
  );

describe("one session, by every door", () => {
  it("is begun by HTTP/2, watched by events with reconnects, approved by WebSocket and cancelled by HTTP/2", async () => {
    const driver = await FrameClient.open(bed.server.origin);
    const command = "echo one | tee one.txt then run sleep 600";
    driver.send(frame({ type: "user_message", sessionId: "all-doors", content: `run ${command}` }));
    const { details } = await driver.find({ message: "session initialised" });
    const id = String((details as Record<string, unknown>)["session_id"]);

    const url = `${investigate()}?connectionId=${id}`;
    const first = await EventClient.open(url, { headers: { "Last-Event-ID": "-1" } });
    const asked = await first.next("approval_required");
    first.leave();

    const approver = await SocketClient.connect(`${bed.server.url}ws/${id}?stream=true`);
    const request = await approver.next("approval_request");
    expect(request.payload.callId).toBe(asked.data["tool_call_id"]);
    approver.send("approval_response", { review: "YES", requestId: request.id });

    const again = await EventClient.open(url, { headers: { "Last-Event-ID": String(asked.id) } });
    await again.next("approval_resolved");
    const result = await again.next("tool_calling_result");
    expect(result.data["result"]).toMatchObject({ status: "success", return_code: 0, data: "one\n" });
    const second = await approver.next("approval_request");
    approver.send("approval_response", { review: "YES", requestId: second.id });
    await driver.find({ type: "command_prompt", commandId: second.id });
    await driver.find({ message: "tool started" });

    const other = await FrameClient.open(bed.server.origin);
    other.send(frame({ type: "cancel", sessionId: "all-doors" }));
    expect((await driver.find({ message: "turn finished" }))["details"]).toMatchObject({
      status: "cancelled",
    });
    expect((await again.next("ai_answer_end")).data).toMatchObject({ status: "cancelled" });
    expect((await approver.next("agent_finished")).payload.status).toBe("cancelled");

    // All that was seen by events, put together, is the whole in order.
    const seen = [...first.all, ...again.all].filter(({ event }) => event !== "connection_ack");
    const ids = seen.map((event) => Number(event.id));
    expect(ids).toEqual(ids.toSorted((one, two) => one - two));
    expect(seen.filter(({ event }) => event === "approval_required").length).toBe(2);

    for (const client of [driver, other]) client.session.destroy();
    again.leave();
    approver.close();
    await ended(id);
  });

  it("ends when the last client has left, whichever way it leaves", async () => {
    const ids: string[] = [];
    for (let count = 0; count < 10; count += 1) {
      const client = await FrameClient.open(bed.server.origin);
      client.send(frame({ type: "user_message", content: "run sleep 600" }));
      const { details } = await client.find({ message: "session initialised" });
      ids.push(String((details as Record<string, unknown>)["session_id"]));
      await client.find({ type: "command_prompt" });
      if (count % 2 === 0) client.leave();
      else client.session.socket.destroy();
      const events = await EventClient.open(investigate(), { body: { text: "run sleep 600" } });
      ids.push(String((await events.next("connection_ack")).data["session_id"]));
      await events.next("approval_required");
      events.leave();
    }
    await Promise.all(ids.map(ended));
  });
});

describe("many at once", () => {
  it("are two hundred streams with a turn each on one connection", async () => {
    const session = connectTo(bed.server.origin);
    const clients = await Promise.all(
      Array.from({ length: 200 }, () => FrameClient.open(bed.server.origin, { session })),
    );
    for (const [index, client] of clients.entries()) {
      client.send(frame({ type: "user_message", sessionId: `many-${index}`, content: `hello ${index}` }));
      client.stream.end();
    }
    const last = await Promise.all(clients.map((client) => client.ended));
    expect(last).toEqual(clients.map(() => '{"type":"terminate","reason":"finished"}'));
    for (const [index, client] of clients.entries()) {
      expect(client.all.filter((text) => text.includes(`hello ${index}`)).length).toBeGreaterThan(0);
    }
    session.destroy();
  });

  it("go on while some do not read and one drips, and memory is bounded", { timeout: 60_000 }, async () => {
    const driver = await bed.connect("");
    const before = await residentBytes();
    const sleepers = Array.from({ length: 20 }, () => openSleeper(driver.sessionId));
    const slow = connect(bed.server.port, "127.0.0.1");
    slow.on("error", () => undefined);
    const dripping = setInterval(() => slow.write("P"), 50);
    const said = () => items(driver.messages, "message").filter(({ role }) => role === "user");
    while (said().length < 20) await driver.next("response_item");

    // Each of them is told of 16 MB.
    driver.say("run cat big.txt");
    while (items(driver.messages, "function_call_output").length === 0) await driver.next("response_item");
    expect(await bed.log(driver.sessionId)).toContain('"bytes":16000000');
    expect((await residentBytes()) - before).toBeLessThan(200 * 1024 * 1024);
    const events = await EventClient.open(`${investigate()}?once=true`, { body: { text: "hello" } });
    await events.ended;

    clearInterval(dripping);
    slow.destroy();
    for (const sleeper of sleepers) sleeper.destroy();
    driver.close();
    await ended(driver.sessionId);
  });
});

/** What the server's process has in memory. */
async function residentBytes(): Promise<number> {
  const status = await readFile(`/proc/${bed.server.child.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** A client of a session that wants everything and reads nothing. */
function openSleeper(sessionId: string) {
  const session = connectTo(bed.server.origin, { settings: { initialWindowSize: 1024 } });
  const stream = session.request({ ":method": "POST", ":path": "/agent/stream" });
  stream.on("error", () => undefined).pause();
  const message = { type: "user_message", sessionId, content: "hello", configOverrides: { stream: true } };
  stream.write(`${frame(message)}\n`);
  return session;
}

describe("the events of an investigation", () => {
  it("end after one turn for a pipeline, and refuse what is no request for events", async () => {
    const alert = { source: "test", title: "disk full", subject: { host: "a" }, context: { start: "now" } };
    const events = await EventClient.open(`${investigate()}?once=true`, { body: { payload: alert } });
    await events.ended;
    expect(events.names().at(-1)).toBe("ai_answer_end");
    const refused = { status: 400, body: { error: { code: "invalid_message" } } };
    expect(await post("/api/stream/investigate", { text: "x" })).toMatchObject(refused);
    expect(await post("/api/stream/investigate/send", { connectionId: "nobody", text: "x" })).toMatchObject({
      status: 404,
    });
  });

  it("take what is sent, while the connection is there", async () => {
    const events = await EventClient.open(investigate(), { body: { connectionId: "mine" } });
    const send = (payload: object) => post("/api/stream/investigate/send", { connectionId: "mine", payload });
    expect(await send({ cancel: true })).toMatchObject({ status: 409 });
    expect(await send({ text: "run echo hi | tee hi.txt" })).toEqual({ status: 200, body: { ok: true } });
    const { data } = await events.next("approval_required");
    const approval = { tool_call_id: data["tool_call_id"], decision: "approve" };
    expect(await send({ approval: { ...approval, tool_call_id: "other" } })).toMatchObject({ status: 409 });
    expect(await send({ approval })).toMatchObject({ status: 200 });
    expect((await events.next("ai_answer_end")).data).toMatchObject({ status: "completed" });
    expect(await EventClient.open(investigate(), { body: { connectionId: "mine" } }).catch(String)).toMatch(
      /^Error: 409/,
    );
    events.leave();
    await until(async () => (await send({ text: "x" })).status === 404);
  });
});

describe("the messages door", () => {
  const say = (body: object) =>
    EventClient.open(`${bed.server.origin}/messages`, { body: { type: "user_message", ...body } });

  it("runs in a folder of the workspace, and in no other", async () => {
    await mkdir(join(bed.workspace, "project"));
    const inside = await say({ message: "run pwd", work_dir: join(bed.workspace, "project") });
    await inside.ended;
    expect(JSON.stringify(inside.all)).toContain(`"stdout":"${join(bed.workspace, "project")}`);
    for (const work_dir of ["/etc", "..", join(bed.workspace, "none")]) {
      await expect(say({ message: "run pwd", work_dir })).rejects.toThrow(/^400 .*WORK_ROOTS/);
    }
  });

  it("waits for an answer, and ends its session with its stream", async () => {
    const events = await say({ message: "run echo yes | tee yes.txt", id: "r-1" });
    const { data } = await events.next("session_configured");
    const id = String((data["msg"] as Record<string, unknown>)["session_id"]);
    await events.next("exec_approval_request");
    expect(await post("/messages", { type: "user_confirm", id })).toEqual({
      status: 200,
      body: { ok: true },
    });
    await events.ended;
    expect(events.names().slice(-1)).toEqual(["task_complete"]);
    expect((await post("/messages", { type: "user_confirm", id })).status).toBe(404);
    await ended(id);
  });

  it("cancels what runs when its client goes away", async () => {
    const events = await say({ message: "run sleep 600" });
    const { data } = await events.next("session_configured");
    const id = String((data["msg"] as Record<string, unknown>)["session_id"]);
    await events.next("exec_approval_request");
    await post("/messages", { type: "user_confirm", id });
    await events.next("exec_command_begin");
    events.leave();
    await ended(id);
    expect(await bed.log(id)).toContain('"status":"cancelled"');
  });
});

it("a client that sends more than is wanted by HTTP/2 reads the answer all the same", async () => {
  for (let count = 0; count < 5; count += 1) {
    const client = await FrameClient.open(bed.server.origin);
    client.send("x".repeat(8_000_000));
    await client.find({ type: "error", code: "FRAME_TOO_LARGE" });
    await client.find({ type: "terminate", reason: "message_too_large" });
    client.session.destroy();
  }
});

describe("with a key and a certificate", () => {
  it.each([
    [["TLS_KEY_PATH", "TLS_CERT_PATH"], {}],
    [["CODEX_API_TLS_KEY_PATH", "CODEX_API_TLS_CERT_PATH"], { CODEX_API_USE_TLS: "true" }],
  ])("in %j the whole port speaks TLS", { timeout: 60_000 }, async ([keyName = "", certName = ""], more) => {
    const folder = await temporaryFolder();
    const { key, cert } = selfSigned();
    const paths = { [keyName]: join(folder, "key.pem"), [certName]: join(folder, "cert.pem") };
    await writeFile(paths[keyName] ?? "", key);
    await writeFile(paths[certName] ?? "", cert);
    const secure = await startTestBed({ ...paths, ...more });
    expect(secure.server.url).toMatch(/^wss:/);
    const client = await FrameClient.open(secure.server.origin);
    client.send(frame({ type: "user_message", content: "hello" }));
    await client.find({ message: "turn finished" });
    client.session.destroy();
    const socket = new WebSocket(secure.server.url, { rejectUnauthorized: false });
    await once(socket, "open");
    socket.terminate();
    await secure.close();
  });
});
