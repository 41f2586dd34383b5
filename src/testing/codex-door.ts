import { createCodexRpc } from "../protocols/codex-rpc/codex-rpc.ts";
import { createTestSessions, type TestSessions } from "./test-session.ts";

/** The Codex door on sessions of a test. */
export function createTestDoor(setup: TestSessions = {}) {
  const parts = createTestSessions(setup);
  return { ...parts, open: openDoor(parts.logs) };
}

export const openDoor = (logs: ReturnType<typeof createTestSessions>["logs"]) =>
  createCodexRpc({
    logs,
    facts: {
      version: "0.0.0",
      workspace: "/workspace",
      model: "scripted",
      provider: "scripted",
      approvalPolicy: "suggest",
      sandbox: "workspace-write",
      network: false,
    },
    models: [{ name: "scripted", provider: "scripted", contextWindow: 128_000 }],
  });
