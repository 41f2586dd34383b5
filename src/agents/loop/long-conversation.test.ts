import { describe, expect, it } from "vitest";
import type { AgentOutput, AuditFacts } from "../../contract/agent.ts";
import type { LogLine } from "../../contract/log.ts";
import type { ModelRequest } from "../../contract/model.ts";
import { createScriptedModel, type Respond } from "../../models/scripted/model.ts";
import type { ScriptedResponse } from "../../models/scripted/script.ts";
import { InputQueue } from "../../sessions/input-queue.ts";
import { testLoop } from "../../testing/test-loop.ts";
import { Budget } from "./budget.ts";
import type { AgentLoop, LoopOptions } from "./loop.ts";

const never = new AbortController().signal;

function start(
  script: readonly ScriptedResponse[] | Respond,
  options: Partial<LoopOptions> = {},
  window = 10_000,
) {
  const requests: ModelRequest[] = [];
  const model = createScriptedModel({
    script,
    info: { contextWindow: window, maxOutputTokens: 1000 },
    onRequest: (request) => requests.push({ ...request, items: [...request.items] }),
  });
  const loop = testLoop(model, { context: { strategy: "threshold", threshold: 0.8 }, ...options });
  return { loop, requests };
}

async function turn(loop: AgentLoop, text: string): Promise<AgentOutput[]> {
  const inbox = new InputQueue();
  inbox.push({ items: [{ type: "message", role: "user", content: [{ type: "input_text", text }] }] });
  const said: AgentOutput[] = [];
  for await (const output of loop.run(inbox, never)) said.push(output);
  return said;
}

async function* logOf(said: readonly AgentOutput[], audit: AuditFacts = {}): AsyncGenerator<LogLine> {
  for (const [seq, { body }] of said.entries()) {
    const message_data = { id: `m${seq}`, ...body };
    const line = { timestamp: "", event_type: "websocket_message_sent", direction: "outgoing" } as const;
    yield { ...line, message_data, audit, seq };
  }
}

const textOf = (request: ModelRequest | undefined) => JSON.stringify(request?.items);

describe("a long conversation", () => {
  it("is as long after a restart as its provider counted it before", async () => {
    const before = start([[{ text: "hi" }, { usage: { input_tokens: 5000, output_tokens: 50 } }]]);
    const said = await turn(before.loop, "a");
    const after = start([]);
    await after.loop.restore(logOf(said));
    expect(after.loop.contextInfo()).toEqual(before.loop.contextInfo());
    expect(after.loop.contextInfo().tokenCount).toBe(5050);
  });

  it("is as long in a fork as its provider counted it before, and the fork has paid for none of it", async () => {
    const before = start([[{ text: "hi" }, { usage: { input_tokens: 5000, output_tokens: 50 } }]]);
    const said = await turn(before.loop, "a");
    const budget = new Budget("session", { tokens: 6000 });
    const after = start([], { budget });
    await after.loop.restore(logOf(said, { copied: true }));
    expect(after.loop.contextInfo()).toEqual(before.loop.contextInfo());
    const model = createScriptedModel({});
    expect(() => budget.hold({ model, inputTokens: 5900, aside: true })).not.toThrow();
  });

  it("is compacted by a model with a smaller window than it fills", async () => {
    const long = start([[{ text: "word ".repeat(20_000) }]], {}, 200_000);
    const said = await turn(long.loop, "the objective");
    const { loop, requests } = start([[{ text: "Objective." }], [{ text: "going on" }]]);
    await loop.restore(logOf(said));
    await turn(loop, "next");
    expect(textOf(requests[0]).length).toBeLessThan(10_000 * 4);
    expect(textOf(requests[1])).toContain("Objective.");
  });

  it("asks for a summary of less where the provider finds the material too long", async () => {
    const tooLong = [{ error: { code: "context_window_exceeded" } }] as const;
    const full = { usage: { input_tokens: 9000, output_tokens: 500 } };
    const { loop, requests } = start([
      [{ text: "word ".repeat(5000) }, full],
      tooLong,
      [{ text: "Objective." }],
      [{ text: "going on" }],
    ]);
    await turn(loop, "the objective");
    const said = await turn(loop, "next");
    expect(said.some(({ body }) => body.type === "error")).toBe(false);
    const sizes = requests.slice(1, 3).map((request) => textOf(request).length);
    expect(sizes[1]).toBeLessThan((sizes[0] ?? 0) * 0.6);
  });

  it.each([
    ["suggest", "hour"],
    ["auto-edit", "hour"],
    ["full-auto", "minutes"],
  ] as const)("is kept in the cache under %s for an %s", async (approvalPolicy, cache) => {
    const { loop, requests } = start([[{ text: "hi" }]], { approvalPolicy });
    await turn(loop, "a");
    expect(requests[0]?.cache).toBe(cache);
  });

  it("keeps no question in the cache that is asked once", async () => {
    const { loop, requests } = start([
      [{ text: "word ".repeat(2000) }],
      [{ text: "b" }],
      [{ text: "Objective." }],
    ]);
    await turn(loop, "a");
    await turn(loop, "b");
    for await (const _ of loop.compact(never));
    expect(requests.map(({ cache }) => cache)).toEqual(["hour", "hour", "none"]);
  });
});
