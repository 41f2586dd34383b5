import { afterEach, expect } from "vitest";
import { createMemoryLogStore } from "../audit/memory.ts";
import type { AuditStore } from "../contract/log.ts";
import { createCodexRpc, type ServerFacts } from "../protocols/codex-rpc/codex-rpc.ts";
import { CodexClient } from "./codex-client.ts";
import { CODEX_PROTOCOL_DIR, CodexSchema } from "./codex-schema.ts";
import { createTestSessions, type TestSessions } from "./test-session.ts";

/** The Codex door on sessions of a test. */
export function createTestDoor({
  logs = createMemoryLogStore(),
  ...setup
}: TestSessions & { logs?: AuditStore } = {}) {
  const parts = createTestSessions({ ...setup, logs });
  const open = openDoor(logs, (error) => parts.faults.push(error));
  const ready = async (id?: string) => {
    const client = await CodexClient.ready(open, parts.sessions, id);
    clients.push(client);
    return client;
  };
  /** A client in a new thread. */
  const inThread = async (options: object = {}) => {
    const client = await ready();
    const { threadId } = await client.call("thread/start", options);
    const say = (text: string) => client.call("turn/start", { threadId, input: [{ type: "text", text }] });
    return { client, threadId: String(threadId), say };
  };
  return { ...parts, logs, open, ready, inThread };
}

const FACTS: ServerFacts = {
  version: "0.0.0",
  workspace: "/workspace",
  model: "scripted",
  provider: "scripted",
  approvalPolicy: "suggest",
  sandbox: "workspace-write",
  network: false,
};

export const openDoor = ({ records }: AuditStore, onFault: (error: unknown) => void) =>
  createCodexRpc({
    records,
    onFault,
    facts: FACTS,
    models: [{ name: "scripted", provider: "scripted", contextWindow: 128_000 }],
  });

const clients: CodexClient[] = [];

/** After each test: everything that its clients were told is as the Codex app-server's schema has it, where that is there. */
export function checkAllMessages(): void {
  const schema = CODEX_PROTOCOL_DIR === undefined ? undefined : new CodexSchema(CODEX_PROTOCOL_DIR);
  afterEach(() => {
    for (const { arrived, asked } of clients.splice(0)) {
      const problems = arrived.flatMap((message) => schema?.problem(message, (id) => asked.get(id)) ?? []);
      expect(problems).toEqual([]);
    }
  });
}
