import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { createRedactor } from "../audit/redact/redact.ts";
import { AgentError } from "../contract/error.ts";
import type { ResponseItem } from "../contract/item.ts";
import { ClientMessage } from "../contract/message.ts";
import type { Model } from "../contract/model.ts";
import type { Session } from "../contract/session.ts";
import type { ToolCall, Toolbox } from "../contract/tool.ts";
import { createScriptedModel } from "../models/scripted/model.ts";
import { createTestSessions, logLines, TestClient, type TestSessions } from "../testing/test-session.ts";
import { createTestToolbox } from "../testing/test-toolbox.ts";

const KEY = 'sk-proj-7Hq_2Lw9-Zb4Xc81nVt"with-a-quote';
const MARKER = "[redacted:OPENAI_API_KEY]";
const redactor = createRedactor([{ name: "OPENAI_API_KEY", value: KEY }]);

/** Every call prints the key character by character, and tells it in its facts. */
function createLeakyToolbox(): Toolbox & { ran: string[] } {
  const ran: string[] = [];
  const toolbox = createTestToolbox();
  const leaky = (name: string, json: string): ToolCall => ({
    name,
    assess: (context) => toolbox.parse(name, json).assess(context),
    async *run() {
      ran.push(json);
      for (const delta of `OPENAI_API_KEY=${KEY}\n`) yield { type: "output", delta };
      yield {
        type: "result",
        output: `OPENAI_API_KEY=${KEY}\n`,
        metadata: { exit_code: 0, duration_seconds: 0 },
        facts: { argv: ["echo", KEY] },
      };
    },
  });
  return { ran, specs: toolbox.specs, parse: leaky };
}

const send = (session: Session, from: TestClient, message: object) => {
  const json = JSON.stringify({ id: "m1", ...message });
  session.receive(ClientMessage.parse(JSON.parse(json)), json, from);
};

const input = (text: string) => ({ type: "user_input", payload: { input: text } });

async function start(setup: TestSessions) {
  const toolbox = createLeakyToolbox();
  const parts = createTestSessions({ ...setup, options: { redactor }, loop: { toolbox } });
  const session = await parts.sessions.create({});
  const client = new TestClient();
  session.attach(client);
  const written = async () => (await logLines(parts.logs, session.id)).map((line) => JSON.stringify(line));
  return { ...parts, toolbox, session, client, written };
}

/** As it stands in JSON, and in JSON within JSON. */
const SPELLED = [KEY, JSON.stringify(KEY).slice(1, -1), JSON.stringify(JSON.stringify(KEY)).slice(3, -3)];

const leaks = (texts: string[]) => texts.filter((text) => SPELLED.some((spelled) => text.includes(spelled)));

const framesOf = (client: TestClient) =>
  client.entries.flatMap(({ json, message }) => [json, JSON.stringify(message)]);

/** The deltas of each item joined, and where the last of them and the finished item stand. */
function streamsOf(client: TestClient) {
  const streams = new Map<string, { text: string; last: number; item?: ResponseItem; finished: number }>();
  for (const [at, message] of client.messages.entries()) {
    if (message.type === "response_delta") {
      const { itemId, delta } = message.payload;
      const text = (streams.get(itemId)?.text ?? "") + delta;
      streams.set(itemId, { text, last: at, finished: Infinity });
    } else if (message.type === "response_item") {
      const stream = streams.get(message.payload.id ?? "");
      if (stream) Object.assign(stream, { item: message.payload, finished: at });
    }
  }
  return [...streams.values()];
}

const textOf = (item: ResponseItem | undefined) => {
  if (item?.type === "message") return item.content.map((part) => ("text" in part ? part.text : "")).join("");
  if (item?.type === "reasoning") return item.summary.map(({ text }) => text).join("");
  if (item?.type === "function_call") return item.arguments;
  if (item?.type === "function_call_output") return (JSON.parse(item.output) as { output: string }).output;
  return undefined;
};

describe("a loaded key", () => {
  it("reaches no client and no log, whoever says it, in however many pieces", async () => {
    const { sessions, session, client, toolbox, written } = await start({
      script: [
        [
          { reasoning: `Shall I say ${KEY}?`, deltas: 23 },
          { text: `The key is ${KEY}, I think`, deltas: 31 },
          { call: { name: "shell", arguments: { say: `echo ${KEY}` } }, deltas: 17 },
        ],
        [{ error: { code: "provider_auth", message: `wrong key ${KEY}` } }],
      ],
    });
    send(session, client, input(`My key is ${KEY}.`));
    const request = await client.next("approval_request");
    expect(request.payload.command).toEqual(["shell", `echo ${MARKER}`]);
    session.refuse(`no JSON: ${KEY}`, new AgentError("invalid_json", `not JSON: ${KEY}`), client);
    session.refuse(`{"id":"x","type":"${KEY}"`, new AgentError("unknown_type", "?"), client);
    send(session, client, { type: "approval_response", payload: { review: "yes", customDenyMessage: KEY } });
    expect((await client.next("error")).payload.message).toBe(`not JSON: ${MARKER}`);
    await client.next("agent_finished");
    await sessions.close("session_ended");

    // The tool itself got what the model wrote.
    expect(toolbox.ran.map((json) => JSON.parse(json))).toEqual([{ say: `echo ${KEY}` }]);
    const lines = await written();
    expect(leaks(framesOf(client))).toEqual([]);
    expect(leaks(lines)).toEqual([]);
    expect(lines.filter((line) => line.includes(`My key is ${MARKER}.`))).toHaveLength(2);
    expect(lines.filter((line) => line.includes(`"echo","${MARKER}"`))).toHaveLength(1);
    expect(client.messages).toContainEqual(
      expect.objectContaining({
        type: "error",
        payload: expect.objectContaining({ message: `wrong key ${MARKER}` }),
      }),
    );
    const streams = streamsOf(client).filter(({ item }) => item);
    expect(streams).toHaveLength(4);
    for (const { text, last, item, finished } of streams) {
      expect(text).toContain(MARKER);
      expect(text).toBe(textOf(item));
      expect(last).toBeLessThan(finished);
    }
  });

  it("is counted in the line that lost it", async () => {
    const { session, client, logs } = await start({ script: [[{ text: `${KEY} and ${KEY}`, deltas: 9 }]] });
    send(session, client, input(KEY));
    await client.next("agent_finished");
    const counts = (await logLines(logs, session.id)).map(({ message_data: data, audit }) => {
      const { type } = data as { type?: string };
      return [type, audit?.redactions];
    });
    expect(counts.filter(([, redactions]) => redactions !== undefined)).toEqual([
      ["user_input", 1],
      ["response_item", 1],
      ["response_delta", 2],
      ["response_item", 2],
    ]);
  });

  it("stays in what the provider wants back, which comes through unchanged", async () => {
    const item: ResponseItem = {
      type: "reasoning",
      summary: [{ type: "summary_text", text: KEY }],
      encrypted_content: `gAAAA${KEY}`,
      origin: { provider: "scripted", model: "scripted", opaque: { signature: KEY } },
    };
    const { session, client, written } = await start({ script: [[{ item }, { text: "done" }]] });
    send(session, client, input("hi"));
    await client.next("agent_finished");
    const told = client.messages.filter((message) => message.type === "response_item");
    expect(told.map(({ payload }) => payload)).toContainEqual({
      ...item,
      id: expect.any(String),
      summary: [{ type: "summary_text", text: MARKER }],
    });
    const [line = ""] = leaks(await written());
    const { message_data: data } = JSON.parse(line) as { message_data: { payload: unknown } };
    expect(data.payload).toMatchObject({ encrypted_content: item.encrypted_content, origin: item.origin });
  });

  it("does not stand half in the log where a frame is cut", async () => {
    const { session, client, logs } = await start({});
    for (let begin = 4096 - KEY.length; begin <= 4096; begin += 1) {
      session.refuse("x".repeat(begin) + KEY, new AgentError("invalid_json", "no"), client);
    }
    session.refuse(`head ${KEY.slice(0, 12)}`, new AgentError("message_too_large", "too large"), client);
    session.refuse(`whole ${KEY.slice(0, 12)}`, new AgentError("invalid_json", "no"), client);
    const frames = (await logLines(logs, session.id)).flatMap(({ direction, message_data: data }) =>
      direction === "incoming" && typeof data === "string" ? [data] : [],
    );
    expect(frames.splice(-2)).toEqual(["head ", `whole ${KEY.slice(0, 12)}`]);
    expect(frames).toHaveLength(KEY.length + 1);
    for (const frame of frames) expect(frame.replace(MARKER, "")).toMatch(/^x+$/);
  });
});

/** Says the beginning of a key and then nothing, until it is aborted or `more` comes. */
function createStallingModel(more: Promise<never>): Model {
  const { info, provider, name } = createScriptedModel();
  return {
    info,
    provider,
    name,
    async *stream(_request, signal) {
      yield { type: "delta", index: 0, kind: "text", delta: "it begins sk-proj-" };
      await Promise.race([once(signal, "abort"), more]);
      throw signal.reason;
    },
  };
}

describe("the beginning of a key that never goes on", () => {
  it("is told before the item that it belongs to, when the turn is cancelled", async () => {
    const model = createStallingModel(new Promise(() => {}));
    const { session, client } = await start({ model });
    send(session, client, input("hi"));
    expect((await client.next("response_delta")).payload.delta).toBe("it begins ");
    send(session, client, { type: "cancel" });
    await client.next("agent_finished");
    const [stream] = streamsOf(client);
    expect(stream?.text).toBe("it begins sk-proj-");
    expect(textOf(stream?.item)).toBe(stream?.text);
    expect(stream?.last).toBeLessThan(stream?.finished ?? 0);
  });

  it("is told before the error that ends the turn", async () => {
    const more = Promise.withResolvers<never>();
    const { session, client } = await start({ model: createStallingModel(more.promise) });
    send(session, client, input("hi"));
    await client.next("response_delta");
    more.reject(new AgentError("provider_stream_broken", "it broke"));
    await client.next("agent_finished");
    const told = client.messages.map((message) =>
      message.type === "response_delta" ? message.payload.delta : message.type,
    );
    const words = told.filter((what) => what !== "status");
    expect(words.slice(-5)).toEqual(["it begins ", "sk-proj-", "error", "loading_state", "agent_finished"]);
  });
});

describe("what only looks like a secret", () => {
  const token = `ghp_${"aB3dE6gH9".repeat(4)}`;

  it("is told as it is, and does not stand in the log", async () => {
    const { session, client, written } = await start({
      script: [[{ text: `The token is ${token} here`, deltas: 40 }]],
    });
    send(session, client, input(`It is ${token}`));
    session.refuse(token, new AgentError("invalid_json", "no"), client);
    await client.next("agent_finished");
    const [stream] = streamsOf(client);
    expect(stream?.text).toBe(`The token is ${token} here`);
    const lines = await written();
    expect(lines.filter((line) => line.includes(token))).toEqual([]);
    const redacted = lines.filter((line) => line.includes("[redacted:github_token]"));
    expect(redacted.every((line) => line.includes('"redactions":1'))).toBe(true);
    expect(redacted.length).toBeGreaterThanOrEqual(5);
  });
});
