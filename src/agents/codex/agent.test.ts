import { vi } from "vitest";
import { createScriptedModel } from "../../models/scripted/model.ts";
import { createTestCodexAgent } from "../../testing/codex-agent.ts";
import { startResponsesServer } from "../../testing/responses-server.ts";
import { agentSuite } from "../agent.suite.ts";

/** Each starts processes of 300 MB: a loaded machine takes its time. */
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

agentSuite("codex", async ({ script, workspace, policy, approvalTimeoutMs }) => {
  const provider = await startResponsesServer(createScriptedModel({ script }));
  const bed = await createTestCodexAgent({ workspace, providerUrl: provider.url, policy, approvalTimeoutMs });
  const close = async () => {
    await bed.close();
    await provider.close();
  };
  return { agent: bed.agent, requests: provider.requests, close };
});
