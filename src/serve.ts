import { readFileSync, realpathSync } from "node:fs";
import { extname, join } from "node:path";
import type { Logger } from "pino";
import { z } from "zod";
import { instructionsFor } from "./agents/loop/prompt.ts";
import { Budget } from "./agents/loop/budget.ts";
import { AgentLoop } from "./agents/loop/loop.ts";
import { workspaceInstructions } from "./agents/loop/workspace-instructions.ts";
import { keepArchiving } from "./audit/archive-old.ts";
import { DeltaBatches } from "./audit/delta-batch.ts";
import { createLogStore } from "./audit/log.ts";
import { unprotected } from "./audit/redact.ts";
import { RedactedLog } from "./audit/redacted-log.ts";
import type { Config } from "./config/config.ts";
import type { AuditStore, LogStore, SessionLog } from "./contract/log.ts";
import type { Redactor } from "./contract/redact.ts";
import type { SandboxMode } from "./contract/message.ts";
import type { Place } from "./contract/sandbox.ts";
import type { AsUser } from "./contract/tool.ts";
import { createLogger } from "./logger.ts";
import { availableModels, createSelectModel } from "./models/select.ts";
import { Places } from "./places.ts";
import { createAsUser } from "./sandboxes/as-user.ts";
import { pickSandbox } from "./sandboxes/pick.ts";
import { secretPlaces } from "./sandboxes/secret-places.ts";
import { codexDoors } from "./server/codex-door.ts";
import { createServer, routeTable, type Server } from "./server/server.ts";
import { LiveSessions } from "./sessions/sessions.ts";
import { createToolbox } from "./tools/toolbox.ts";
import { VERSION } from "./version.ts";

/** The longest time that a model may ask for one command. */
const MAX_TOOL_TIMEOUT_MS = 600_000;

/** Built beside this file, with the same kind of name. */
const USER_WORKER = join(import.meta.dirname, `user-worker${extname(import.meta.filename)}`);

/** Puts the parts together, listens, and stops on a signal. */
export async function serve(config: Config, redactor: Redactor): Promise<void> {
  const logger = createLogger(config.logLevel, redactor);
  // Node's own report would show secrets.
  process.on("uncaughtException", (error) => {
    logger.fatal({ err: error }, "a fault of the server");
    process.exit(1);
  });
  for (const name of unprotected(config.secrets)) {
    logger.warn(`${name}: its value is too short or too common a word to be kept out of logs and frames`);
  }
  const selectModel = createSelectModel(config);
  const model = await selectModel(config.model);
  // The sandbox hides the folder of the logs: it must be there by then.
  const logs = createLogStore({
    folder: config.sessionStorePath ?? "",
    durability: config.auditDurability,
    signingKey: config.auditSigningKey,
    witnessUrl: config.auditWitnessUrl,
    onFault: (error) => logger.error({ err: error }, "a fault of the audit log"),
  });
  const recovered = await logs.recover();
  if (recovered.length > 0) logger.warn({ sessions: recovered }, "ended the sessions that a crash had left");
  const { own, places, asUser } = await choosePlaces(config, logger);
  if (config.sessionStorePath === undefined) {
    logger.warn("SESSION_STORE_PATH is empty: the session logs live in memory and end with the server");
  }
  const sessions = createSessions({ config, logger, selectModel, places, asUser, logs, redactor });
  const { doors, pages } = routeTable(logs, sessions, { sseIdleMs: config.sseIdleMs });
  const facts = {
    version: VERSION,
    workspace: own.workspace,
    model: config.model,
    provider: model.provider,
    approvalPolicy: config.approvalPolicy,
    sandbox: own.sandbox.mode,
    network: config.sandboxNetwork === "on",
  };
  const tls = readTls(config);
  const server = createServer({
    doors: [
      ...doors,
      ...codexDoors({
        logs,
        facts,
        models: availableModels(config),
        onFault: (error) => logger.error({ err: error }, "a fault of the server"),
      }),
    ],
    pages,
    host: config.host,
    port: config.port,
    authToken: config.authToken,
    allowedOrigins: config.allowedOrigins,
    allowedHosts: config.allowedHosts,
    tls,
    limits: {
      clients: config.maxClients,
      bodyBytes: config.maxMessageBytes,
      messageBytes: config.maxMessageBytes,
      messagesPerSecond: config.maxMessagesPerSecond,
    },
    sessions,
    log: logger,
  });
  const { host, port } = await server.listen();
  stopOnSignal({ server, sessions, logs, logger, deadlineMs: config.shutdownMs });
  if (config.retentionDays !== undefined) {
    keepArchiving(logs.records, {
      days: config.retentionDays,
      onFault: (error) => logger.error({ err: error }, "a fault while archiving"),
    });
  }
  logger.info(
    {
      model: model.name,
      provider: model.provider,
      workspace: config.workspace,
      sandbox: own.sandbox.mode,
      approvalPolicy: config.approvalPolicy,
      sessions: config.sessionStorePath ?? "in memory",
    },
    `AgentLoop Server ${VERSION} listens on ${tls ? "wss" : "ws"}://${host.includes(":") ? `[${host}]` : host}:${port}/`,
  );
}

/** The server's own folder and sandbox, and those that sessions may ask for. Warnings about the own one are said. */
async function choosePlaces(
  config: Config,
  logger: Logger,
): Promise<{ own: Place; places: Places; asUser: AsUser | undefined }> {
  const pick = (mode: SandboxMode, workspace: string) =>
    pickSandbox({
      mode,
      workspace,
      hiddenPaths: hiddenPaths(config),
      network: config.sandboxNetwork === "on",
      user: config.sandboxUser,
      environment: config.environment,
    });
  const { sandbox, identity, warnings } = await pick(config.sandbox, config.workspace);
  for (const warning of warnings) logger.warn(warning);
  const own = { workspace: realpathSync(config.workspace), sandbox };
  const createSandbox = async (mode: SandboxMode, workspace: string) => (await pick(mode, workspace)).sandbox;
  return {
    own,
    places: new Places({ own, roots: config.workRoots, createSandbox }),
    asUser: identity && createAsUser(identity, USER_WORKER),
  };
}

/** What no command may read and no patch may touch. */
const hiddenPaths = ({ envFile, sessionStorePath, googleCredentialsPath, tlsKeyPath }: Config): string[] => [
  ...[envFile, sessionStorePath, googleCredentialsPath, tlsKeyPath].filter((path) => path !== undefined),
  ...secretPlaces(),
];

function readTls({ tls, tlsKeyPath, tlsCertPath }: Config) {
  if (tls === "false" || tlsKeyPath === undefined || tlsCertPath === undefined) return undefined;
  return { key: readFileSync(tlsKeyPath), cert: readFileSync(tlsCertPath) };
}

interface Parts {
  config: Config;
  logger: Logger;
  selectModel: ReturnType<typeof createSelectModel>;
  places: Places;
  asUser: AsUser | undefined;
  logs: LogStore;
  redactor: Redactor;
}

function createSessions({
  config,
  logger,
  selectModel,
  places,
  asUser,
  logs,
  redactor,
}: Parts): LiveSessions {
  const toolbox = createToolbox();
  const spent = new Budget("server", { costUsd: config.maxServerCostUsd, tokens: config.maxServerTokens });
  const record = (log: SessionLog) => new DeltaBatches(new RedactedLog(log, redactor), config.auditDeltas);
  return new LiveSessions({
    defaultModel: config.model,
    selectModel,
    createAgent: ({ sessionId, model, approvalPolicy, place }) =>
      new AgentLoop({
        sessionId,
        model,
        selectModel,
        toolbox,
        toolContext: {
          ...place,
          protectedPaths: hiddenPaths(config),
          ...(asUser !== undefined && { asUser }),
          timeoutMs: config.toolTimeoutMs,
          maxTimeoutMs: Math.max(MAX_TOOL_TIMEOUT_MS, config.toolTimeoutMs),
          maxOutputBytes: config.maxToolOutputBytes,
        },
        instructions: instructionsFor(config.instructions, place.workspace),
        approvalPolicy,
        approvalTimeoutMs: config.approvalTimeoutMs,
        maxTurnSteps: config.maxTurnSteps,
        budget: new Budget(
          "session",
          { costUsd: config.maxSessionCostUsd, tokens: config.maxSessionTokens },
          spent,
        ),
        fallbackModel: config.fallbackModel,
        workspaceInstructions: () => readInstructions(place.workspace, asUser),
        context: { strategy: config.contextStrategy, threshold: config.contextCompactionThreshold },
      }),
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

interface Running {
  server: Server;
  sessions: LiveSessions;
  logs: AuditStore;
  logger: Logger;
  deadlineMs: number;
}

/** Cancels what runs, ends the logs, closes the clients, and exits 0; at the deadline all the same. */
function stopOnSignal({ server, sessions, logs, logger, deadlineMs }: Running): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal, sessions: sessions.size }, "stopping");
    const deadline = setTimeout(() => {
      logger.warn(`not everything had stopped after ${deadlineMs / 1000} s (SHUTDOWN_SECONDS)`);
      process.exit(0);
    }, deadlineMs);
    server.drain();
    void sessions
      .close("server_restart")
      .then(() => server.close({ deadlineMs }))
      .then(() => logs.close())
      .catch((error: unknown) => logger.error({ err: error }, "a fault while stopping"))
      .finally(() => {
        clearTimeout(deadline);
        process.exit(0);
      });
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}
