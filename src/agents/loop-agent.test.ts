import type { ModelRequest } from "../contract/model.ts";
import { createScriptedModel } from "../models/scripted/model.ts";
import { createUnconfinedSandbox } from "../sandboxes/unconfined.ts";
import { createToolbox } from "../tools/toolbox.ts";
import { agentSuite } from "./agent.suite.ts";
import { Budget } from "./loop/budget.ts";
import { AgentLoop } from "./loop/loop.ts";

agentSuite("the loop", async ({ script, workspace, policy, approvalTimeoutMs }) => {
  const requests: ModelRequest[] = [];
  const onRequest = (request: ModelRequest) => requests.push({ ...request, items: [...request.items] });
  const model = createScriptedModel({ script, onRequest });
  const agent = new AgentLoop({
    sessionId: "s1",
    model,
    selectModel: async () => model,
    toolbox: createToolbox(),
    toolContext: {
      workspace,
      sandbox: { ...createUnconfinedSandbox({ environment: process.env }), mode: "workspace-write" },
      timeoutMs: 10_000,
      maxTimeoutMs: 10_000,
      maxOutputBytes: 32_768,
    },
    instructions: "",
    approvalPolicy: policy,
    approvalTimeoutMs,
    maxTurnSteps: 100,
    budget: new Budget("session", {}),
    context: { strategy: "dummy", threshold: 0.8 },
  });
  return { agent, requests, close: async () => undefined };
});
