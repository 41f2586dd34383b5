import { once } from "node:events";
import { describe, expect, it } from "vitest";
import type { AgentOutput, ApprovalAnswer, UserInput } from "../../contract/agent.ts";
import { AgentError } from "../../contract/error.ts";
import type { ResponseItem } from "../../contract/item.ts";
import type { LogLine } from "../../contract/log.ts";
import type { Review, ServerBody } from "../../contract/message.ts";
import type { Model, ModelRequest } from "../../contract/model.ts";
import { createScriptedModel, type Respond } from "../../models/scripted/model.ts";
import type { ScriptedResponse } from "../../models/scripted/script.ts";
import { InputQueue } from "../../sessions/input-queue.ts";
import { testLoop } from "../../testing/test-loop.ts";
import { createTestToolbox, testContext } from "../../testing/test-toolbox.ts";
import { Budget } from "./budget.ts";
import type { AgentLoop, LoopOptions } from "./loop.ts";

const say = (text: string, more: Partial<UserInput> = {}): UserInput => ({
  items: [{ type: "message", role: "user", content: [{ type: "input_text", text }] }],
  ...more,
});

const call = (name: string, args: object | string, callId = `call_${name}`) => ({
  call: { name, arguments: args as Record<string, unknown> | string, call_id: callId },
});

interface Setup extends Partial<LoopOptions> {
  script?: readonly ScriptedResponse[] | Respond;
  others?: Model[];
}

/** A loop on a script, with a record of what the model was asked and what the agent said. */
function setup({ script = [], others = [], ...options }: Setup) {
  const requests: ModelRequest[] = [];
  const seen = (request: ModelRequest) => requests.push({ ...request, items: [...request.items] });
  const model = options.model ?? createScriptedModel({ script, onRequest: seen });
  const toolbox = createTestToolbox();
  const selectModel = async (name: string) => {
    const found = others.find((other) => other.name === name);
    if (!found) throw new AgentError("unknown_model", `no model ${name}`);
    return found;
  };
  const loop = testLoop(model, { selectModel, toolbox, toolContext: writableContext(), ...options });
  return { loop, requests, toolbox, seen };
}

function writableContext() {
  const context = testContext();
  return { ...context, sandbox: { ...context.sandbox, mode: "workspace-write" as const } };
}

type OnOutput = (body: ServerBody, output: AgentOutput) => void;

/** Runs a turn to its end and returns what was said. */
async function turn(
  loop: AgentLoop,
  input: UserInput,
  onOutput: OnOutput = () => {},
  signal = never(),
  inbox = new InputQueue(),
) {
  const said: AgentOutput[] = [];
  inbox.push(input);
  const outputs = loop.run(inbox, signal);
  for (;;) {
    const next = await outputs.next();
    if (next.done) return { said, status: next.value };
    said.push(next.value);
    onOutput(next.value.body, next.value);
  }
}

const never = () => new AbortController().signal;

const answer = (review: Review, more: Partial<ApprovalAnswer> = {}): ApprovalAnswer => ({
  review,
  client: "c1",
  ...more,
});

const items = (said: AgentOutput[]) =>
  said.flatMap(({ body }) => (body.type === "response_item" ? [body.payload] : []));

const kinds = (said: AgentOutput[]) =>
  said.filter(({ body }) => body.type !== "response_delta").map(({ body }) => body.type);

const outputOf = (said: AgentOutput[], callId: string): string => {
  const output = items(said).find((item) => item.type === "function_call_output" && item.call_id === callId);
  if (output?.type !== "function_call_output") throw new Error(`no output of ${callId}`);
  return (JSON.parse(output.output) as { output: string }).output;
};

const texts = (list: readonly ResponseItem[]) =>
  list.flatMap((item) =>
    item.type === "message"
      ? item.content.map((part) => ("text" in part ? part.text : ""))
      : [`<${item.type}>`],
  );

/** Messages as a log has them. */
async function* asLog(bodies: ServerBody[]): AsyncGenerator<LogLine> {
  for (const [seq, body] of bodies.entries()) {
    yield {
      timestamp: "",
      event_type: "websocket_message_sent",
      direction: "outgoing",
      message_data: { id: `m${seq}`, ...body },
      seq,
    };
  }
}

const answerWith =
  (loop: AgentLoop, ...answers: ApprovalAnswer[]): OnOutput =>
  (body) => {
    if (body.type === "approval_request") loop.answer(answers.shift() ?? answer("YES"));
  };

describe("a turn of the agent loop", () => {
  it("takes the user's words in, streams the answer and ends", async () => {
    const { loop, requests } = setup({ script: [[{ text: "Hello there", deltas: 3 }]] });
    const { said, status } = await turn(loop, say("hi"));
    expect(status).toBe("completed");
    expect(texts(items(said))).toEqual(["hi", "Hello there"]);
    const deltas = said.flatMap(({ body }) => (body.type === "response_delta" ? [body.payload] : []));
    expect(deltas.map(({ delta }) => delta).join("")).toBe("Hello there");
    expect(new Set(deltas.map(({ itemId }) => itemId))).toEqual(new Set([items(said)[1]?.id]));
    expect(requests[0]?.instructions).toBe("be good");
    expect(kinds(said).at(-1)).toBe("status");
  });

  it("answers parallel calls one after the other, and asks the model again with their outputs in order", async () => {
    const { loop, requests, toolbox } = setup({
      script: [
        [call("look", { say: "one" }, "c_1"), call("look", { say: "two" }, "c_2")],
        [{ text: "done" }],
      ],
    });
    const { said, status } = await turn(loop, say("look twice"));
    expect(status).toBe("completed");
    expect(toolbox.runs.map((run) => run.say)).toEqual(["one", "two"]);
    expect(requests[1]?.items.map((item) => item.type)).toEqual([
      "message",
      "function_call",
      "function_call",
      "function_call_output",
      "function_call_output",
    ]);
    expect(outputOf(said, "c_2")).toBe("two");
  });

  it("gives a call whose id was used before an id of its own", async () => {
    const { loop, requests } = setup({
      script: [[call("look", {}, "call_0")], [call("look", {}, "call_0")], [{ text: "done" }]],
    });
    await turn(loop, say("look"));
    const ids =
      requests[2]?.items.flatMap((item) => (item.type === "function_call" ? [item.call_id] : [])) ?? [];
    expect(ids[0]).toBe("call_0");
    expect(new Set(ids).size).toBe(2);
    const outputs = requests[2]?.items.flatMap((item) =>
      item.type === "function_call_output" ? [item.call_id] : [],
    );
    expect(outputs).toEqual(ids);
  });

  it("never runs a call that was cut off, names no tool, or has no JSON object", async () => {
    const { loop, toolbox, requests } = setup({
      script: [
        [
          { call: { name: "look", arguments: '{"say":"x', call_id: "a", status: "incomplete" } },
          { stop: "max_output_tokens" },
        ],
        [call("look", '["no object"]', "b")],
        [{ text: "I see" }],
      ],
    });
    const { said, status } = await turn(loop, say("go"));
    expect(status).toBe("completed");
    expect(toolbox.runs).toEqual([]);
    expect(outputOf(said, "a")).toContain("cut off");
    expect(outputOf(said, "b")).toContain("no JSON object");
    expect(requests).toHaveLength(3);
  });

  it("ends with turn_limit when the model never stops calling", async () => {
    const { loop } = setup({ script: () => [call("look", {})], maxTurnSteps: 3 });
    await expect(turn(loop, say("loop"))).rejects.toMatchObject({ code: "turn_limit" });
  });

  it("tells the model of a tool that fails, and goes on", async () => {
    const { loop } = setup({ script: [[call("look", { fail: "no such file" })], [{ text: "sorry" }]] });
    const { said, status } = await turn(loop, say("go"));
    expect(outputOf(said, "call_look")).toBe("no such file");
    expect(status).toBe("completed");
  });

  it("asks again when the model pauses, or wrote a call that cannot be read", async () => {
    const { loop, requests } = setup({
      script: [[{ text: "wait" }, { stop: "pause" }], [{ stop: "tool_call_invalid" }], [{ text: "ok" }]],
    });
    const { status } = await turn(loop, say("go"));
    expect(status).toBe("completed");
    expect(texts(requests[2]?.items ?? []).at(-1)).toContain("could not be read");
  });

  it.each([
    ["content_filter", "content_filtered"],
    ["refusal", "content_filtered"],
    ["context_window", "context_window_exceeded"],
    ["max_output_tokens", "provider_bad_request"],
  ] as const)("fails when a response without text stops with %s", async (stop, code) => {
    const { loop } = setup({ script: [[{ stop }]] });
    await expect(turn(loop, say("go"))).rejects.toMatchObject({ code });
  });

  it("keeps finished items of a broken response and asks for the rest", async () => {
    const { loop, requests } = setup({
      script: [
        [{ text: "First part." }, { error: { code: "provider_stream_broken", retryable: true } }],
        [{ text: "Second part." }],
      ],
    });
    const { said, status } = await turn(loop, say("go"));
    expect(status).toBe("completed");
    expect(texts(requests[1]?.items ?? [])).toEqual([
      "go",
      "First part.",
      expect.stringContaining("broke off"),
    ]);
    expect(kinds(said)).toContain("status");
  });

  it("runs a finished call of a broken response once, and does not ask for it again", async () => {
    const { loop, requests, toolbox } = setup({
      script: [
        [call("look", { say: "x" }), { error: { code: "provider_stream_broken", retryable: true } }],
        [{ text: "done" }],
      ],
    });
    await turn(loop, say("go"));
    expect(toolbox.runs).toHaveLength(1);
    expect(requests[1]?.items.at(-1)?.type).toBe("function_call_output");
  });

  it("gives up after three broken responses in a row", async () => {
    const broken = [{ text: "x" }, { error: { code: "provider_stream_broken", retryable: true } }] as const;
    const { loop, requests } = setup({ script: [broken, broken, broken, [{ text: "never" }]] });
    await expect(turn(loop, say("go"))).rejects.toMatchObject({ code: "provider_stream_broken" });
    expect(requests).toHaveLength(3);
  });
});

describe("steering and continuing", () => {
  it("takes input that comes while the turn runs in before the next request, in order", async () => {
    const { loop, requests } = setup({ script: [[call("look", {})], [{ text: "ok" }]] });
    const inbox = new InputQueue();
    const steer: OnOutput = (body) => {
      if (body.type !== "status" || body.payload.kind !== "tool_started") return;
      inbox.push(say("also this", { previousResponseId: "whatever" }));
      inbox.push(say("and that"));
    };
    const { said } = await turn(loop, say("start"), steer, never(), inbox);
    expect(texts(requests[1]?.items ?? []).slice(-2)).toEqual(["also this", "and that"]);
    expect(texts(items(said))).toContain("and that");
  });

  it("goes on with another request when input came during the last one", async () => {
    const { loop, requests } = setup({ script: [[{ text: "ok" }], [{ text: "that too" }]] });
    const inbox = new InputQueue();
    let steered = false;
    const steer: OnOutput = (body) => {
      if (body.type === "response_delta" && !steered) inbox.push(say("also"));
      steered ||= body.type === "response_delta";
    };
    await turn(loop, say("start"), steer, never(), inbox);
    expect(requests).toHaveLength(2);
  });

  it("takes in the model of steering input, and keeps it", async () => {
    const second = createScriptedModel({ name: "second", script: [[{ text: "b" }], [{ text: "c" }]] });
    const { loop } = setup({ script: [[call("look", {})]], others: [second] });
    const inbox = new InputQueue();
    const steer: OnOutput = (body) => {
      if (body.type === "status" && body.payload.kind === "tool_started")
        inbox.push(say("x", { model: "second" }));
    };
    await turn(loop, say("start"), steer, never(), inbox);
    await turn(loop, say("next"));
    expect(loop.model).toBe("second");
  });

  it("continues from an earlier response, and the later items leave the context", async () => {
    const { loop, requests } = setup({ script: [[{ text: "one" }], [{ text: "two" }], [{ text: "three" }]] });
    const first = await turn(loop, say("a"));
    const finished = first.said.at(-1)?.body;
    if (finished?.type !== "status" || finished.payload.kind !== "response_finished")
      throw new Error("no response");
    await turn(loop, say("b"));
    await turn(loop, say("c", { previousResponseId: finished.payload.responseId }));
    expect(texts(requests[2]?.items ?? [])).toEqual(["a", "one", "c"]);
  });

  it("refuses a response that it does not know, and ignores one while the conversation is empty", async () => {
    const { loop, requests } = setup({ script: [[{ text: "one" }]] });
    await turn(loop, say("a", { previousResponseId: "resp_of_yesterday" }));
    expect(requests).toHaveLength(1);
    await expect(turn(loop, say("b", { previousResponseId: "nope" }))).rejects.toMatchObject({
      code: "unknown_response",
    });
  });

  it("changes the model with the input, and an unknown model changes nothing", async () => {
    const other = setup({});
    const second = createScriptedModel({
      name: "second",
      script: [[{ text: "from second" }]],
      onRequest: other.seen,
    });
    const { loop } = setup({ script: [[{ text: "from first" }]], others: [second] });
    await turn(loop, say("a"));
    await expect(turn(loop, say("b", { model: "third" }))).rejects.toMatchObject({ code: "unknown_model" });
    const { said } = await turn(loop, say("c", { model: "second" }));
    expect(said[0]?.body).toEqual({
      type: "status",
      payload: { kind: "model_changed", model: "second", provider: "scripted" },
    });
    expect(texts(other.requests[0]?.items ?? [])).toEqual(["a", "from first", "c"]);
    expect(loop.model).toBe("second");
  });

  it("starts from a restored conversation: no explanations, and open calls are answered as aborted", async () => {
    const { loop, requests } = setup({ script: [[{ text: "ok" }]] });
    const restored: ResponseItem[] = [
      { type: "message", id: "1", role: "user", content: [{ type: "input_text", text: "old" }] },
      {
        type: "message",
        id: "2",
        role: "assistant",
        aside: true,
        content: [{ type: "output_text", text: "explained" }],
      },
      { type: "function_call", id: "3", call_id: "c_9", name: "look", arguments: "{}" },
    ];
    await loop.restore(asLog(restored.map((payload) => ({ type: "response_item", payload }))));
    await turn(loop, say("new"));
    expect(requests[0]?.items.map((item) => item.type)).toEqual([
      "message",
      "function_call",
      "function_call_output",
      "message",
    ]);
  });
});

describe("approvals", () => {
  const asking = (more: Setup = {}) =>
    setup({ script: [[call("shell", { say: "rm x" })], [{ text: "after" }], [{ text: "again" }]], ...more });

  it("runs the call after YES, and says who decided", async () => {
    const { loop, toolbox } = asking();
    const { said, status } = await turn(loop, say("go"), answerWith(loop, answer("YES")));
    expect(status).toBe("completed");
    expect(toolbox.runs).toHaveLength(1);
    expect(kinds(said)).toEqual([
      "response_item",
      "response_item",
      "status",
      "approval_request",
      "approval_resolved",
      "status",
      "response_item",
      "response_item",
      "status",
    ]);
    const resolved = said.find(({ body }) => body.type === "approval_resolved");
    expect(resolved?.body.payload).toMatchObject({ review: "YES", decidedBy: "client", client: "c1" });
    expect(resolved?.audit?.approval?.latency_ms).toBeGreaterThanOrEqual(0);
  });

  it("ends the turn after NO, and answers what was left", async () => {
    const { loop, toolbox } = setup({ script: [[call("shell", {}, "a"), call("look", {}, "b")]] });
    const { said, status } = await turn(
      loop,
      say("go"),
      answerWith(loop, answer("NO", { denyMessage: "not today" })),
    );
    expect(status).toBe("cancelled");
    expect(toolbox.runs).toEqual([]);
    expect(outputOf(said, "a")).toContain("not today");
    expect(outputOf(said, "b")).toBe("aborted");
  });

  it("goes on after NO_CONTINUE, and the model reads why", async () => {
    const { loop, requests, toolbox } = asking();
    const { status } = await turn(
      loop,
      say("go"),
      answerWith(loop, answer("NO_CONTINUE", { denyMessage: "too risky" })),
    );
    expect(status).toBe("completed");
    expect(toolbox.runs).toEqual([]);
    expect(JSON.stringify(requests[1]?.items.at(-1))).toContain("too risky");
  });

  it("does not ask again for exactly the same after ALWAYS, and asks for anything else", async () => {
    const { loop, toolbox } = setup({
      script: [
        [call("shell", { say: "ls" }, "a")],
        [call("shell", { say: "ls" }, "b")],
        [call("shell", { say: "ls -a" }, "c")],
        [{ text: "done" }],
      ],
    });
    const { said } = await turn(loop, say("go"), answerWith(loop, answer("ALWAYS"), answer("NO_CONTINUE")));
    expect(kinds(said).filter((kind) => kind === "approval_request")).toHaveLength(2);
    expect(toolbox.runs.map((run) => run.say)).toEqual(["ls", "ls"]);
  });

  it("explains on EXPLAIN without running anything, and asks the same again", async () => {
    const { loop, toolbox, requests } = setup({
      script: [[call("shell", { say: "rm x" })], [{ text: "It deletes x." }], [{ text: "after" }]],
    });
    const { said, status } = await turn(loop, say("go"), answerWith(loop, answer("EXPLAIN"), answer("YES")));
    expect(status).toBe("completed");
    const asked = said.filter(({ body }) => body.type === "approval_request");
    expect(asked).toHaveLength(2);
    expect(asked[0]?.id).toBe(asked[1]?.id);
    expect(texts(items(said))).toContain("It deletes x.");
    expect(requests[1]?.tools).toEqual([]);
    expect(JSON.stringify(requests[2]?.items)).not.toContain("It deletes x.");
    expect(toolbox.runs).toHaveLength(1);
  });

  it("asks again after an explanation that failed", async () => {
    const { loop } = setup({
      script: [
        [call("shell", {})],
        [{ error: { code: "provider_overloaded", message: "busy" } }],
        [{ text: "after" }],
      ],
    });
    const { said, status } = await turn(loop, say("go"), answerWith(loop, answer("EXPLAIN"), answer("YES")));
    expect(status).toBe("completed");
    expect(said.find(({ body }) => body.type === "error")?.body.payload).toMatchObject({
      message: "No explanation: busy",
    });
  });

  it("applies the user's own patch, tells the model, and asks again when it does not fit", async () => {
    const { loop, toolbox, requests } = setup({
      script: [[call("apply_patch", { input: "model's patch" })], [{ text: "after" }]],
    });
    const answers = answerWith(
      loop,
      answer("YES", { patch: "does not fit" }),
      answer("YES", { patch: "user's patch" }),
    );
    const { said } = await turn(loop, say("go"), answers);
    expect(toolbox.runs).toEqual([{ name: "apply_patch", say: "", patch: "user's patch" }]);
    expect(said.find(({ body }) => body.type === "error")?.body.payload).toMatchObject({
      message: "The edited patch cannot be applied: hunk 1 does not fit",
    });
    expect(JSON.stringify(requests[1]?.items.at(-1))).toContain("user's patch");
    expect(said.find(({ audit }) => audit?.approval)?.audit?.approval?.patch_edited).toBe(true);
  });

  it("denies what nobody answers in time, and goes on", async () => {
    const { loop, toolbox } = asking({ approvalTimeoutMs: 1 });
    const { said, status } = await turn(loop, say("go"));
    expect(status).toBe("completed");
    expect(toolbox.runs).toEqual([]);
    expect(said.find(({ body }) => body.type === "approval_resolved")?.body.payload).toMatchObject({
      decidedBy: "timeout",
      review: "NO_CONTINUE",
    });
  });

  it("refuses answers to nothing and to another request, and the open one stays open", async () => {
    const { loop } = asking();
    expect(() => loop.answer(answer("YES"))).toThrow(AgentError);
    let refused = 0;
    const { status } = await turn(loop, say("go"), (body) => {
      if (body.type !== "approval_request") return;
      expect(() => loop.answer(answer("YES", { requestId: "another" }))).toThrow(/names another/);
      refused += 1;
      loop.answer(answer("YES"));
      expect(() => loop.answer(answer("NO"))).toThrow(/No approval request is open/);
    });
    expect(status).toBe("completed");
    expect(refused).toBe(1);
  });

  it.each([
    ["suggest", ["apply_patch"], 1],
    ["auto-edit", ["apply_patch"], 1],
    ["full-auto", [], 0],
  ] as const)(
    "lets no patch through a read-only sandbox under %s that nobody approved",
    async (approvalPolicy, asked, ran) => {
      const { loop, toolbox } = setup({
        approvalPolicy,
        toolContext: testContext(),
        script: [[call("apply_patch", { input: "p" })], [{ text: "done" }]],
      });
      const { said } = await turn(loop, say("go"), answerWith(loop));
      const tools = said.flatMap(({ body }) => (body.type === "approval_request" ? [body.payload.tool] : []));
      expect(tools).toEqual(asked);
      expect(toolbox.runs).toHaveLength(ran);
    },
  );

  it.each([
    ["suggest", ["apply_patch", "shell"]],
    ["auto-edit", ["shell"]],
    ["full-auto", []],
  ] as const)("asks under %s only for what the policy holds back", async (approvalPolicy, asked) => {
    const { loop } = setup({
      approvalPolicy,
      script: [
        [call("look", {}, "a"), call("apply_patch", { input: "p" }, "b"), call("shell", {}, "c")],
        [{ text: "done" }],
      ],
    });
    const { said } = await turn(loop, say("go"), answerWith(loop));
    const tools = said.flatMap(({ body }) => (body.type === "approval_request" ? [body.payload.tool] : []));
    expect(tools).toEqual(asked);
  });
});

describe("cancelling", () => {
  const abortOn = (matches: (body: ServerBody) => boolean) => {
    const abort = new AbortController();
    const onOutput: OnOutput = (body) => {
      if (matches(body)) abort.abort();
    };
    return { signal: abort.signal, onOutput };
  };

  it("keeps what was finished when the model is stopped, and the conversation goes on", async () => {
    const { loop, requests } = setup({
      script: [[{ text: "Finished." }, { hang: true }], [{ text: "ok" }]],
    });
    const { signal, onOutput } = abortOn(
      (body) =>
        body.type === "response_item" && body.payload.type === "message" && body.payload.role === "assistant",
    );
    const { status } = await turn(loop, say("go"), onOutput, signal);
    expect(status).toBe("cancelled");
    expect((await turn(loop, say("more"))).status).toBe("completed");
    expect(texts(requests[1]?.items ?? [])).toEqual(["go", "Finished.", "more"]);
  });

  it("turns unfinished text into an incomplete item", async () => {
    const { loop } = setup({ script: [[{ text: "one two three four", deltas: 4, delayMs: 1 }]] });
    const { signal, onOutput } = abortOn((body) => body.type === "response_delta");
    const { said, status } = await turn(loop, say("go"), onOutput, signal);
    expect(status).toBe("cancelled");
    const item = items(said).at(-1);
    expect(item).toMatchObject({ type: "message", role: "assistant", status: "incomplete" });
  });

  it("takes an open request back, and answers the calls as aborted", async () => {
    const { loop, toolbox } = setup({ script: [[call("shell", {}, "a"), call("shell", {}, "b")]] });
    const { signal, onOutput } = abortOn((body) => body.type === "approval_request");
    const { said, status } = await turn(loop, say("go"), onOutput, signal);
    expect(status).toBe("cancelled");
    expect(toolbox.runs).toEqual([]);
    expect(said.find(({ body }) => body.type === "approval_resolved")?.body.payload).toMatchObject({
      decidedBy: "cancel",
    });
    expect([outputOf(said, "a"), outputOf(said, "b")]).toEqual(["aborted", "aborted"]);
  });

  it("stops a running tool, keeps what it said, and answers the calls behind it", async () => {
    const { loop, toolbox } = setup({
      script: [[call("look", { say: "so far", hang: true }, "a"), call("look", {}, "b")], [{ text: "ok" }]],
    });
    const abort = new AbortController();
    void once(toolbox.started, "hanging").then(() => abort.abort());
    const { said, status } = await turn(loop, say("go"), undefined, abort.signal);
    expect(status).toBe("cancelled");
    expect(outputOf(said, "a")).toContain("so far");
    expect(outputOf(said, "b")).toBe("aborted");
    expect((await turn(loop, say("again"))).status).toBe("completed");
  });

  it("leaves input that came too late for the cancelled turn to the next one", async () => {
    const { loop } = setup({ script: [[call("look", { hang: true })]] });
    const abort = new AbortController();
    const inbox = new InputQueue();
    const late: OnOutput = (body) => {
      if (body.type !== "response_delta" || body.payload.kind !== "output") return;
      inbox.push(say("late"));
      abort.abort();
    };
    await turn(loop, say("go"), late, abort.signal, inbox);
    expect(inbox.take()).toEqual(say("late"));
  });
});

describe("context", () => {
  const long = (text: string) => text.repeat(2000);

  it("counts by the provider's last count and an estimate of what is new", async () => {
    const { loop } = setup({
      script: [[{ text: "hi" }, { usage: { input_tokens: 1000, output_tokens: 50 } }]],
    });
    expect(loop.contextInfo().tokenCount).toBeGreaterThan(0);
    await turn(loop, say("a"));
    expect(loop.contextInfo()).toMatchObject({
      tokenCount: 1050,
      transcriptLength: 2,
      maxTokens: 128_000,
      usagePercent: 0.8,
    });
  });

  it("compacts by itself at the threshold, keeps the newest words, and goes on", async () => {
    const info = { contextWindow: 10_000, maxOutputTokens: 1000 };
    const requests: ModelRequest[] = [];
    const { loop } = setup({
      model: createScriptedModel({
        info,
        onRequest: (request) => requests.push({ ...request, items: [...request.items] }),
        script: [
          [{ text: long("word ") }, { usage: { input_tokens: 9000, output_tokens: 500 } }],
          [{ text: "Objective: test." }],
          [{ text: "going on" }],
        ],
      }),
      context: { strategy: "threshold", threshold: 0.8 },
    });
    await turn(loop, say("the objective"));
    const { said } = await turn(loop, say("next"));
    expect(requests[1]?.tools).toEqual([]);
    const compacted = said.find(({ body }) => body.type === "context_compacted")?.body;
    expect(compacted?.payload).toMatchObject({ strategy: "threshold" });
    expect(texts(requests[2]?.items ?? [])).toEqual([
      "the objective",
      expect.stringContaining("Objective: test."),
      "next",
    ]);
  });

  it("compacts once when the provider says that the request is too long", async () => {
    const { loop, requests } = setup({
      script: [
        [{ text: long("word ") }],
        [{ error: { code: "context_window_exceeded" } }],
        [{ text: "Objective: test." }],
        [{ text: "fits now" }],
      ],
      context: { strategy: "dummy", threshold: 0.8 },
    });
    await turn(loop, say("a"));
    const { status } = await turn(loop, say("b"));
    expect(status).toBe("completed");
    expect(requests).toHaveLength(4);
  });

  it("fails when the request is too long and nothing can be left out", async () => {
    const { loop } = setup({ script: [[{ error: { code: "context_window_exceeded" } }]] });
    await expect(turn(loop, say("a"))).rejects.toMatchObject({ code: "context_window_exceeded" });
  });
});

describe("a model that stays down, and money", () => {
  const down = { error: { code: "provider_overloaded", message: "busy", retryable: true } } as const;

  it("goes on with the fallback model, and says why", async () => {
    const other = createScriptedModel({ name: "second", script: [[{ text: "from second" }]] });
    const { loop } = setup({ script: [[down]], others: [other], fallbackModel: "second" });
    const { said, status } = await turn(loop, say("go"));
    expect(status).toBe("completed");
    expect(texts(items(said))).toContain("from second");
    expect(said.map(({ body }) => body.payload)).toContainEqual({
      kind: "model_changed",
      model: "second",
      provider: "scripted",
      reason: "busy",
    });
  });

  it("fails with one error when the fallback is down too", async () => {
    const other = createScriptedModel({ name: "second", script: [[down]] });
    const { loop } = setup({ script: [[down]], others: [other], fallbackModel: "second" });
    await expect(turn(loop, say("go"))).rejects.toMatchObject({ code: "provider_overloaded" });
  });

  it("does not change the model for an error that another one would not mend", async () => {
    const other = createScriptedModel({ name: "second", script: [[{ text: "never" }]] });
    const bad = { error: { code: "provider_bad_request", message: "no" } } as const;
    const { loop } = setup({ script: [[bad]], others: [other], fallbackModel: "second" });
    await expect(turn(loop, say("go"))).rejects.toMatchObject({ code: "provider_bad_request" });
  });

  it("asks nothing more when the budget does not allow the next request", async () => {
    const { loop, requests } = setup({
      script: () => [call("look", {}), { usage: { input_tokens: 400, output_tokens: 100 } }],
      budget: new Budget("session", { tokens: 1200 }),
    });
    await expect(turn(loop, say("go"))).rejects.toMatchObject({ code: "budget_exceeded" });
    expect(requests).toHaveLength(2);
  });

  it("begins a conversation, and only that, with what the workspace's files say", async () => {
    const { loop, requests } = setup({
      script: [[{ text: "one" }], [{ text: "two" }]],
      workspaceInstructions: async () => "Use tabs.",
    });
    await turn(loop, say("a"));
    await turn(loop, say("b"));
    expect(texts(requests[1]?.items ?? [])).toEqual([expect.stringContaining("Use tabs."), "a", "one", "b"]);
  });

  it("keeps the conversation as it was when a compaction fails, and goes on", async () => {
    const { loop } = setup({
      model: createScriptedModel({
        info: { contextWindow: 10_000, maxOutputTokens: 1000 },
        script: [
          [{ text: "x".repeat(8000) }, { usage: { input_tokens: 9000, output_tokens: 500 } }],
          [{ error: { code: "provider_overloaded", message: "busy" } }],
          [{ text: "going on" }],
        ],
      }),
      context: { strategy: "threshold", threshold: 0.8 },
    });
    await turn(loop, say("a"));
    const { said, status } = await turn(loop, say("b"));
    expect(status).toBe("completed");
    expect(said.find(({ body }) => body.type === "error")?.body.payload).toMatchObject({
      message: "The context could not be compacted: busy",
    });
  });
});

describe("what went wrong once", () => {
  const usage = { usage: { input_tokens: 9000, output_tokens: 500 } };
  const long = { text: "word ".repeat(2000) };

  it("continues from the last response after a compaction that was asked for", async () => {
    const { loop } = setup({ script: [[long], [long], [{ text: "Objective." }], [{ text: "ok" }]] });
    await turn(loop, say("a"));
    await turn(loop, say("b"));
    for await (const _ of loop.compact(never()));
    const previousResponseId = loop.lastResponseId;
    expect((await turn(loop, say("c", { previousResponseId }))).status).toBe("completed");
  });

  it("says nothing of a compaction that was cancelled, and changes nothing", async () => {
    const { loop } = setup({ script: [[long], [long], [{ hang: true }]] });
    await turn(loop, say("a"));
    await turn(loop, say("b"));
    const before = loop.contextInfo();
    const abort = new AbortController();
    queueMicrotask(() => abort.abort());
    for await (const _ of loop.compact(abort.signal));
    expect(loop.contextInfo()).toEqual(before);
  });

  it("asks again for approval when the explanation broke off after a finished item", async () => {
    const broken = [
      { reasoning: "hm" },
      { error: { code: "provider_stream_broken", retryable: true } },
    ] as const;
    const { loop } = setup({ script: [[call("shell", {})], broken, [{ text: "after" }]] });
    const { status } = await turn(loop, say("go"), answerWith(loop, answer("EXPLAIN"), answer("YES")));
    expect(status).toBe("completed");
  });

  it("does not fall back to the model that it is on, under whatever name", async () => {
    const down = { error: { code: "provider_overloaded", message: "busy" } } as const;
    const { loop, requests } = setup({
      script: [[down]],
      selectModel: async () => createScriptedModel({}),
      fallbackModel: "scripted/scripted",
    });
    await expect(turn(loop, say("go"))).rejects.toMatchObject({ code: "provider_overloaded" });
    expect(requests).toHaveLength(1);
  });

  it("tries a compaction again in a later turn when one has failed", async () => {
    const tooLong = { error: { code: "context_window_exceeded" } } as const;
    const down = { error: { code: "provider_overloaded", message: "busy" } } as const;
    const { loop } = setup({
      script: [[long], [tooLong], [down], [tooLong], [{ text: "Objective." }], [{ text: "fits" }]],
    });
    await turn(loop, say("a"));
    await expect(turn(loop, say("b"))).rejects.toMatchObject({ code: "provider_overloaded" });
    expect((await turn(loop, say("c"))).status).toBe("completed");
  });

  it("does not wait for hours because a provider asks for it", async () => {
    const slow = { code: "provider_stream_broken", retryable: true, retryAfterMs: 7_200_000 } as const;
    const { loop } = setup({ script: [[{ text: "x" }, { error: slow }]] });
    await expect(turn(loop, say("go"))).rejects.toMatchObject({ code: "provider_stream_broken" });
  });

  it("runs no call of a response that was filtered", async () => {
    const { loop, toolbox } = setup({ script: [[call("look", {}), { stop: "content_filter" }]] });
    await expect(turn(loop, say("go"))).rejects.toMatchObject({ code: "content_filtered" });
    expect(toolbox.runs).toEqual([]);
  });

  it("tells two calls of one response apart that have the same id", async () => {
    const { loop, requests } = setup({
      script: [[call("look", {}, "call_0"), call("look", {}, "call_0")], [{ text: "ok" }]],
    });
    await turn(loop, say("go"));
    const ids = requests[1]?.items.flatMap((item) => (item.type === "function_call" ? [item.call_id] : []));
    expect(new Set(ids).size).toBe(2);
  });

  it("buys no explanation that the budget does not allow", async () => {
    const { loop, requests } = setup({
      script: [[call("shell", {}), { usage: { input_tokens: 90, output_tokens: 5 } }], [{ text: "never" }]],
      budget: new Budget("session", { tokens: 100 }),
    });
    const { said } = await turn(loop, say("go"), answerWith(loop, answer("EXPLAIN"), answer("NO")));
    expect(requests).toHaveLength(1);
    expect(said.find(({ body }) => body.type === "error")?.body.payload).toMatchObject({
      details: { code: "budget_exceeded" },
    });
  });

  it("does not buy a summary at every step when the first was none", async () => {
    let summaries = 0;
    const { loop } = setup({
      model: createScriptedModel({
        info: { contextWindow: 10_000, maxOutputTokens: 1000 },
        script: ({ tools, items: { length } }) => {
          if (tools.length === 0) {
            summaries += 1;
            return [{ text: "x".repeat(100_000) }];
          }
          return length < 20 ? [call("look", {}), usage] : [{ text: "done" }];
        },
      }),
      context: { strategy: "threshold", threshold: 0.8 },
    });
    await turn(loop, say("go"));
    expect(summaries).toBeLessThan(4);
  });

  it("keeps what the workspace says through a compaction", async () => {
    const { loop, requests } = setup({
      script: [[long], [long], [{ text: "Objective." }], [{ text: "ok" }]],
      workspaceInstructions: async () => "Use tabs.",
    });
    await turn(loop, say("a"));
    await turn(loop, say("b"));
    for await (const _ of loop.compact(never()));
    await turn(loop, say("c"));
    expect(texts(requests.at(-1)?.items ?? [])[0]).toContain("Use tabs.");
  });
});
