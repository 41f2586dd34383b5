import { afterAll, beforeAll, expect, it } from "vitest";
import type { ModelRequest } from "../../contract/model.ts";
import { startReplay, type Replay } from "../../testing/replay.ts";
import type { ModelFamily } from "../model.suite.ts";
import { callsOf, runModel } from "./outcome.ts";

/** Two steps with a tool between, each request checked as the real API checks it. */
export function describeToolTurns(family: ModelFamily): void {
  let replay: Replay;
  beforeAll(async () => {
    replay = await startReplay();
    replay.set({ strict: true });
  });
  afterAll(() => replay.close());

  it.each(family.turns)("goes on after a tool's output: $name", async (turn) => {
    const make = (file: string) =>
      family.make({ baseUrl: replay.url, name: `${turn.model}@${file}`, idleTimeoutMs: 15_000 });
    const request: ModelRequest = {
      instructions: turn.instructions,
      tools: turn.tools,
      sessionId: "session-of-the-suite",
      items: [{ type: "message", role: "user", content: [{ type: "input_text", text: turn.user }] }],
    };
    const first = await runModel(make(turn.first), request);
    expect(first.error).toBeUndefined();
    expect(first.done?.stop).toBe("tool_calls");
    const outputs = callsOf(first.items).map(({ call_id, name }) => ({
      type: "function_call_output" as const,
      call_id,
      output: JSON.stringify({
        output: turn.outputs[name],
        metadata: { exit_code: 0, duration_seconds: 0.1 },
      }),
    }));
    const second = await runModel(make(turn.second), {
      ...request,
      items: [...request.items, ...first.items, ...outputs],
    });
    expect(second.error).toBeUndefined();
    expect(second.done?.stop).toBe("completed");
    turn.check(replay.requests().at(-1)?.body ?? {}, first.items);
  });
}
