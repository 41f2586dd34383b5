import { Budget } from "../agents/loop/budget.ts";
import { AgentLoop, type LoopOptions } from "../agents/loop/loop.ts";
import type { Model } from "../contract/model.ts";
import { createTestToolbox, testContext } from "./test-toolbox.ts";

/** An agent loop on a model, with tools that run no process. It never pauses, and never gives up by itself. */
export const testLoop = (model: Model, options: Partial<LoopOptions> = {}): AgentLoop =>
  new AgentLoop({
    sessionId: "s1",
    model,
    selectModel: async () => model,
    toolbox: createTestToolbox(),
    toolContext: testContext(),
    instructions: "be good",
    approvalPolicy: "suggest",
    approvalTimeoutMs: 60_000,
    maxTurnSteps: 100,
    budget: new Budget("session", {}),
    context: { strategy: "dummy", threshold: 0.8 },
    brokenPauseMs: 0,
    ...options,
  });
