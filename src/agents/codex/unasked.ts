import type { RequestId } from "./wire.ts";

/** What the engine is answered where no person is asked, so that nothing waits: always less than it asked for. */
export function unaskedAnswer(id: RequestId, method: string): object {
  const result = RESULTS[method];
  if (result) return { id, result };
  return { id, error: { code: -32601, message: `${method} is not supported by this server` } };
}

const RESULTS: Readonly<Record<string, object>> = {
  "item/commandExecution/requestApproval": { decision: "decline" },
  "item/fileChange/requestApproval": { decision: "decline" },
  "item/permissions/requestApproval": { permissions: {}, scope: "turn" },
  "item/tool/requestUserInput": { answers: {} },
  "mcpServer/elicitation/request": { action: "decline" },
  applyPatchApproval: { decision: "denied" },
  execCommandApproval: { decision: "denied" },
};
