import { Budget } from "../agents/loop/budget.ts";
import { AgentLoop, type LoopOptions } from "../agents/loop/loop.ts";
import { DeltaBatches } from "../audit/redact/delta-batch.ts";
import { createMemoryLogStore } from "../audit/memory.ts";
import { createRedactor } from "../audit/redact/redact.ts";
import { RedactedLog } from "../audit/redact/redacted-log.ts";
import type { LogLine, LogStore } from "../contract/log.ts";
import type { ServerMessage } from "../contract/message.ts";
import type { Model } from "../contract/model.ts";
import type { ClientInfo, EndReason, Entry, Subscriber } from "../contract/session.ts";
import { createScriptedModel, type Respond } from "../models/scripted/model.ts";
import type { ScriptedResponse } from "../models/scripted/script.ts";
import { LiveSessions, type SessionsOptions } from "../sessions/sessions.ts";
import { createTestToolbox, testContext } from "./test-toolbox.ts";

export interface TestSessions {
  script?: readonly ScriptedResponse[] | Respond;
  logs?: LogStore;
  model?: Model;
  options?: Partial<SessionsOptions>;
  loop?: Partial<LoopOptions>;
}

/** Sessions with the real loop on a script, with tools that run no process, and logs in memory. */
export function createTestSessions({
  script,
  logs = createMemoryLogStore(),
  model,
  options,
  loop,
}: TestSessions) {
  const faults: unknown[] = [];
  const redactor = options?.redactor ?? createRedactor([]);
  const toolbox = createTestToolbox();
  const selectModel = async () => model ?? createScriptedModel({ ...(script && { script }) });
  const sessions = new LiveSessions({
    defaultModel: "scripted",
    selectModel,
    createAgent: ({ sessionId, model: chosen, approvalPolicy, place }) =>
      new AgentLoop({
        sessionId,
        model: chosen,
        selectModel,
        toolbox,
        toolContext: testContext(place.workspace),
        instructions: "",
        approvalPolicy,
        approvalTimeoutMs: 60_000,
        maxTurnSteps: 100,
        budget: new Budget("session", {}),
        context: { strategy: "dummy", threshold: 0.8 },
        ...loop,
      }),
    logs,
    createLog: (id) => new DeltaBatches(new RedactedLog(logs.create(id), redactor)),
    openLog: async (id) => new DeltaBatches(new RedactedLog(await logs.open(id), redactor)),
    redactor,
    approvalPolicy: "suggest",
    openPlace: async ({ workspace = "/workspace", sandbox = "workspace-write" }) => ({
      workspace,
      sandbox: { ...testContext().sandbox, mode: sandbox },
    }),
    facts: { server_version: "0.0.0" },
    maxSessions: 10,
    maxClientsPerSession: 10,
    strict: false,
    detachMs: 60_000,
    onFault: (error) => faults.push(error),
    ...options,
  });
  return { sessions, logs, toolbox, faults };
}

/** A client that remembers what it was told, and can be asked for what is still to come. */
export class TestClient implements Subscriber {
  readonly info: ClientInfo;
  readonly entries: Entry[] = [];
  ended: EndReason | undefined;
  /** How far `next` has looked. */
  #seen = 0;
  #delivered = Promise.withResolvers<void>();

  constructor(id = "client-1") {
    this.info = { id, door: "test" };
  }

  get messages() {
    return this.entries.map((entry) => entry.message);
  }

  deliver(entry: Entry): void {
    this.entries.push(entry);
    this.#delivered.resolve();
    this.#delivered = Promise.withResolvers();
  }

  async drained(): Promise<void> {}

  end(reason: EndReason): void {
    this.ended = reason;
  }

  /** The first message of this type after the one that was asked for before. */
  async next<Type extends ServerMessage["type"]>(
    type: Type,
  ): Promise<Extract<ServerMessage, { type: Type }>> {
    for (;;) {
      const index = this.entries.findIndex((entry, at) => at >= this.#seen && entry.message.type === type);
      const found = this.entries[index];
      if (found) {
        this.#seen = index + 1;
        return found.message as Extract<ServerMessage, { type: Type }>;
      }
      await this.#delivered.promise;
    }
  }

  types(): string[] {
    return this.messages.map((message) => message.type);
  }
}

/** All lines of a session's log. */
export async function logLines(logs: LogStore, id: string): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for await (const line of logs.read(id, -1, Infinity)) lines.push(line);
  return lines;
}
