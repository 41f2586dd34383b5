import { z } from "zod";
import { instructionsFor } from "../agents/loop/prompt.ts";
import { Budget } from "../agents/loop/budget.ts";
import { AgentLoop } from "../agents/loop/loop.ts";
import { workspaceInstructions } from "../agents/loop/workspace-instructions.ts";
import { DeltaBatches } from "../audit/redact/delta-batch.ts";
import { RedactedLog } from "../audit/redact/redacted-log.ts";
import type { Config } from "../config/config.ts";
import type { LogStore, SessionLog } from "../contract/log.ts";
import type { Redactor } from "../contract/redact.ts";
import type { AsUser } from "../contract/tool.ts";
import type { Logger } from "pino";
import type { createSelectModel } from "../models/select.ts";
import type { Places } from "../places.ts";
import { countedLog } from "../observe/counted-log.ts";
import { LiveSessions } from "../sessions/sessions.ts";
import { createToolbox } from "../tools/toolbox.ts";
import { VERSION } from "../version.ts";
import { hiddenPaths, readOnlyPaths } from "./choose-places.ts";
import type { Measures } from "./measure.ts";
import { type CodexEngine, ofTheLoop } from "./codex-engine.ts";

/** The longest time that a model may ask for one command. */
const MAX_TOOL_TIMEOUT_MS = 600_000;

interface Parts {
  config: Config;
  logger: Logger;
  selectModel: ReturnType<typeof createSelectModel>;
  places: Places;
  asUser: AsUser | undefined;
  logs: LogStore;
  redactor: Redactor;
  codex: CodexEngine;
  measures: Measures;
}

export function createSessions({
  config,
  codex,
  logger,
  selectModel,
  places,
  asUser,
  logs,
  redactor,
  measures,
}: Parts): LiveSessions {
  const toolbox = createToolbox();
  const protectedPaths = [...hiddenPaths(config), ...readOnlyPaths(config)];
  const spent = new Budget("server", { costUsd: config.maxServerCostUsd, tokens: config.maxServerTokens });
  const record = (log: SessionLog) =>
    new DeltaBatches(
      new RedactedLog(
        countedLog(log, (bytes) => measures.meter.line(bytes)),
        redactor,
      ),
      config.auditDeltas,
    );
  return new LiveSessions({
    defaultModel: config.model,
    selectModel,
    createAgent: ({ sessionId, model, approvalPolicy, place }) => {
      const toolContext = {
        ...place,
        protectedPaths,
        ...(asUser !== undefined && { asUser }),
        timeoutMs: config.toolTimeoutMs,
        maxTimeoutMs: Math.max(MAX_TOOL_TIMEOUT_MS, config.toolTimeoutMs),
        maxOutputBytes: config.maxToolOutputBytes,
      };
      const budget = new Budget(
        "session",
        { costUsd: config.maxSessionCostUsd, tokens: config.maxSessionTokens },
        spent,
      );
      if (model.provider === "codex") {
        return codex.createAgent({ model, selectModel, toolbox, toolContext, approvalPolicy, budget });
      }
      return new AgentLoop({
        sessionId,
        model,
        selectModel: ofTheLoop(selectModel),
        toolbox,
        toolContext,
        instructions: instructionsFor(config.instructions, place.workspace),
        approvalPolicy,
        approvalTimeoutMs: config.approvalTimeoutMs,
        maxTurnSteps: config.maxTurnSteps,
        budget,
        fallbackModel: config.fallbackModel,
        workspaceInstructions: () => readInstructions(place.workspace, asUser),
        context: { strategy: config.contextStrategy, threshold: config.contextCompactionThreshold },
      });
    },
    openPlace: (asked) => places.open(asked),
    logs,
    createLog: (id) => record(logs.create(id)),
    openLog: async (id) => record(await logs.open(id)),
    redactor,
    approvalPolicy: config.approvalPolicy,
    facts: { server_version: VERSION },
    maxSessions: config.maxSessions,
    maxClientsPerSession: config.maxClientsPerSession,
    strict: config.auditDurability === "strict",
    detachMs: config.sessionDetachMs,
    observer: measures.observer,
    onFault: (error, sessionId) => logger.error({ err: error, session: sessionId }, "a fault of the server"),
  });
}

/** As who works in the folder: what that user cannot read, the model is not told either. */
async function readInstructions(workspace: string, asUser: AsUser | undefined): Promise<string | undefined> {
  if (asUser === undefined) return workspaceInstructions(workspace);
  return z
    .string()
    .optional()
    .parse(await asUser("workspace_instructions", workspace));
}
