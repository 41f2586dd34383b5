import { describe, expect, test } from "vitest";
import { type Arrived, CodexClient } from "../../testing/codex-client.ts";
import { checkAllMessages, createTestDoor } from "../../testing/codex-door.ts";

checkAllMessages();

const THREAD = "01a00000-0000-7000-8000-000000000000";
const input = [{ type: "text", text: "x" }];

describe("a frame that is not right is answered, and the connection stays", () => {
  test.each([
    ["this is not json", -32700, "not JSON"],
    ['{"foo":1}', -32600, "`method`"],
    ["[]", -32600, "`method`"],
    ["null", -32600, "`method`"],
    ['{"id":true,"method":"model/list"}', -32600, "id: expected"],
    ['{"id":1.5,"method":"model/list"}', -32600, "id: expected"],
    ['{"id":9007199254740993,"method":"model/list"}', -32600, "id: expected"],
  ])("%s", async (frame, code, said) => {
    const { ready } = createTestDoor();
    const client = await ready();
    client.send(frame);
    const { error } = await client.until(({ id }) => id === null);
    expect(error?.code).toBe(code);
    expect(error?.message).toContain(said);
    await client.call("model/list");
  });

  test.each([
    ["no/such", {}, "unknown method `no/such`, expected one of `initialize`"],
    ["toString", {}, "unknown method"],
    ["turn/start", undefined, "missing field `params`"],
    ["turn/start", { threadId: THREAD }, "missing field `input`"],
    ["turn/start", { threadId: "nope", input }, "invalid thread id"],
    ["turn/start", { threadId: THREAD, input }, `thread not found: ${THREAD}`],
    ["turn/start", { threadId: THREAD, input: [{ type: "input_text", text: "x" }] }, "text, image"],
    ["turn/start", { threadId: THREAD, input: [] }, "input"],
    ["turn/interrupt", { threadId: THREAD, turnId: "x" }, "thread not found"],
    ["thread/start", { cwd: 5 }, "cwd: "],
    ["thread/start", { approvalPolicy: "sometimes" }, "approvalPolicy: expected one of untrusted"],
    ["thread/start", { sandbox: "workspaceWrite" }, "sandbox: "],
    ["thread/resume", { threadId: THREAD }, "no rollout found"],
    ["thread/read", { threadId: THREAD }, "thread not loaded"],
    ["thread/archive", { threadId: THREAD }, "no rollout found"],
    ["initialize", { clientInfo: { name: "x", version: "1" } }, "Already initialized"],
    ["initialize", {}, "missing field `clientInfo`"],
  ])("%s %j", async (method, params, said) => {
    const { ready } = createTestDoor();
    const client = await ready();
    const { error } = await client.ask(method, params);
    expect(error?.code).toBe(-32600);
    expect(error?.message).toContain(said);
    await client.call("model/list");
  });

  test("what has no active turn is said so", async () => {
    const { inThread } = createTestDoor();
    const { client, threadId } = await inThread();
    const steer = await client.ask("turn/steer", { threadId, input, expectedTurnId: "x" });
    expect(steer.error?.message).toBe("no active turn to steer");
    const interrupt = await client.ask("turn/interrupt", { threadId, turnId: "x" });
    expect(interrupt.error?.message).toBe("no active turn to interrupt");
  });

  test("everything waits for initialize", async () => {
    const { open, sessions } = createTestDoor();
    const client = await CodexClient.connect(open, sessions);
    expect((await client.ask("thread/start", {})).error?.message).toBe("Not initialized");
    expect(sessions.size).toBe(0);
  });

  test("an input that is too large is refused by its length", async () => {
    const { inThread } = createTestDoor();
    const { client, threadId } = await inThread();
    const text = "x".repeat(1_048_577);
    const { error } = await client.ask("turn/start", { threadId, input: [{ type: "text", text }] });
    expect(error).toMatchObject({ code: -32602, data: { max_chars: 1_048_576, actual_chars: 1_048_577 } });
  });

  test("a client that asks for more than it waits for is told to come later", async () => {
    const { ready } = createTestDoor();
    const client = await ready();
    for (let index = 0; index < 300; index += 1) client.send({ id: index, method: "model/list", params: {} });
    await client.until(({ id }) => id === 255);
    const codes = client.arrived.flatMap(({ error }) => error?.code ?? []);
    expect(new Set(codes)).toEqual(new Set([-32001]));
    expect(codes).toHaveLength(44);
    await client.call("model/list");
  });

  test("a server that is full says that it is overloaded", async () => {
    const { ready } = createTestDoor({ options: { maxSessions: 0 } });
    const client = await ready();
    expect((await client.ask("thread/start", {})).error?.code).toBe(-32001);
  });

  test("a fault of the server is told without its details", async () => {
    const { ready, faults } = createTestDoor({
      options: { selectModel: () => Promise.reject(new Error("secret detail")) },
    });
    const client = await ready();
    const { error } = await client.ask("thread/start", {});
    expect(error?.code).toBe(-32603);
    expect(error?.message).not.toContain("secret");
    expect(faults).toEqual([new Error("secret detail")]);
  });

  test("the member jsonrpc may be there", async () => {
    const { ready } = createTestDoor();
    const client = await ready();
    client.send({ jsonrpc: "2.0", id: "mine", method: "model/list", params: {} });
    expect((await client.until(({ id }) => id === "mine")).result).toBeDefined();
  });
});

const SEED = Number(process.env["FUZZ_SEED"] ?? 20261121);

test(`three hundred broken frames are answered as they must be, and harm nothing (FUZZ_SEED=${SEED})`, async () => {
  const { inThread, faults } = createTestDoor({ script: [[{ text: "still here" }]] });
  const { client, threadId, say } = await inThread();
  for (const frame of brokenFrames(300, threadId)) {
    const before = client.arrived.length;
    client.send(frame);
    // One by one, so that no frame is refused for being one too many.
    await client.call("model/list");
    const answers = client.arrived.slice(before, -1).filter(({ method }) => method === undefined);
    expect(answers.map(told), frame).toEqual([expectedAnswer(frame, answers[0]?.error?.code)].flat());
  }
  expect(faults).toEqual([]);
  expect(client.ended).toBeUndefined();
  await say("hi");
  await client.until(
    ({ method, params }) => method === "turn/completed" && params?.["threadId"] === threadId,
  );
});

const told = ({ id, error }: Arrived) => ({ id, code: error?.code });

/** Nothing for what is no request; `refusal`: the code by which the answer says what is wrong with its parameters. */
function expectedAnswer(frame: string, refusal: number | undefined): ReturnType<typeof told> | [] {
  let message: { method?: unknown; id?: unknown } | null;
  try {
    message = JSON.parse(frame);
  } catch {
    return { id: null, code: -32700 };
  }
  const { method, id } = message ?? {};
  const isId = typeof id === "string" || Number.isSafeInteger(id);
  if (typeof method === "string" && id === undefined) return [];
  if (typeof method !== "string" && (isId || id === null)) return [];
  if (typeof method !== "string" || !isId) return { id: null, code: -32600 };
  return { id: id as string | number, code: refusal === -32602 || refusal === undefined ? refusal : -32600 };
}

/** Good frames with pieces of them lost, doubled or exchanged; the same ones from the same seed. */
function brokenFrames(count: number, threadId: string): string[] {
  const random = generator(SEED);
  const pick = <Value>(values: readonly Value[]): Value =>
    values[Math.floor(random() * values.length)] as Value;
  const good = [
    { method: "turn/steer", params: { threadId, input, expectedTurnId: "x" } },
    {
      method: "turn/start",
      params: { threadId: THREAD, input, cwd: null, sandboxPolicy: null, model: null },
    },
    { method: "thread/fork", params: { threadId: THREAD, lastTurnId: null, approvalPolicy: "never" } },
    { method: "thread/list", params: { cursor: "x", limit: 2, sortDirection: "asc" } },
    { method: "turn/interrupt", params: { threadId, turnId: "x" } },
    { method: "thread/items/list", params: { threadId, turnId: null } },
    { id: 0, result: { decision: "accept" } },
    { method: "initialized" },
  ];
  const values = [
    null,
    true,
    -1,
    1.5,
    1e300,
    "",
    "\0",
    "__proto__",
    [],
    {},
    [[]],
    { type: "text" },
    "x".repeat(5000),
  ];
  return Array.from({ length: count }, (_value, index) => {
    const frame: Record<string, unknown> = { ...pick(good) };
    if (frame["params"] !== undefined) frame["id"] = `broken-${index}`;
    const json = JSON.stringify(frame);
    const cut = Math.floor(random() * json.length);
    const field = pick(Object.keys(frame));
    const inner = frame["params"] as Record<string, unknown> | undefined;
    const damages = [
      () => json.slice(0, cut),
      () => json.slice(0, cut) + pick(["{", "}", '"', ",", "\u0000", "\ud800"]) + json.slice(cut),
      () => JSON.stringify({ ...frame, [field]: pick(values) }),
      () =>
        JSON.stringify(
          inner ? { ...frame, params: { ...inner, [pick(Object.keys(inner))]: pick(values) } } : [frame],
        ),
      () =>
        JSON.stringify({ ...frame, [pick(["", "__proto__", "result", "error", "jsonrpc"])]: pick(values) }),
    ];
    return pick(damages)();
  });
}

/** A small linear congruential generator: the same numbers from the same seed. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}
