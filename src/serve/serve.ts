import { readFileSync } from "node:fs";
import type { Logger } from "pino";
import { keepArchiving } from "../audit/archive-old.ts";
import { createLogStore } from "../audit/log.ts";
import { unprotected } from "../audit/redact/redact.ts";
import type { Config } from "../config/config.ts";
import type { AuditStore } from "../contract/log.ts";
import type { Model } from "../contract/model.ts";
import type { Redactor } from "../contract/redact.ts";
import type { Place } from "../contract/sandbox.ts";
import { createLogger } from "../logger.ts";
import { availableModels, createSelectModel } from "../models/select.ts";
import type { CodexBridgeOptions } from "../server/codex-bridge.ts";
import { codexDoors } from "../server/codex-door.ts";
import { createServer, routeTable, type Server } from "../server/server.ts";
import type { Metrics } from "../pages/metrics.ts";
import type { LiveSessions } from "../sessions/sessions.ts";
import { VERSION } from "../version.ts";
import { choosePlaces } from "./choose-places.ts";
import { CodexEngine } from "./codex-engine.ts";
import { createSessions } from "./create-sessions.ts";
import { startMeasures, watchServer } from "./measure.ts";
import { stopOnSignal } from "./stop-on-signal.ts";

/** Puts the parts together, listens, and stops on a signal. */
export async function serve(config: Config, redactor: Redactor): Promise<void> {
  const logger = createLogger(config.logLevel, redactor);
  endOnFault(logger);
  warnOfPlainSecrets(config, logger);
  const selectModel = createSelectModel(config);
  const model = await selectModel(config.model);
  // The sandbox hides the folder of the logs: it must be there by then.
  const logs = await openLogs(config, logger, redactor);
  const { own, places, asUser } = await choosePlaces(config, logger);
  const codex = new CodexEngine(config, logger);
  if (model.provider === "codex") codex.check();
  const measures = await startMeasures(config, logger);
  const parts = { config, logger, selectModel, places, asUser, logs, redactor, codex, measures };
  const sessions = createSessions(parts);
  const bridge = codex.bridge({ own, logs, redactor });
  const server = createDoors({
    config,
    logger,
    logs,
    sessions,
    own,
    provider: model.provider,
    bridge,
    metrics: measures.meter.registry,
  });
  watchServer(measures.meter, { server, sessions, logs });
  const { host, port } = await server.listen();
  const stopArchiving = keepRetention(config, logs, logger);
  const stopping = { stopArchiving, stopMeasures: measures.stop, deadlineMs: config.shutdownMs };
  stopOnSignal({ server, sessions, logs, logger, ...stopping });
  const scheme = readTls(config) === undefined ? "ws" : "wss";
  logger.info(
    {
      model: model.name,
      provider: model.provider,
      workspace: config.workspace,
      sandbox: own.sandbox.mode,
      approvalPolicy: config.approvalPolicy,
      sessions: config.sessionStorePath ?? "in memory",
    },
    `AgentLoop Server ${VERSION} listens on ${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}${config.basePath}/`,
  );
}

/** Node's own report would show secrets. */
function endOnFault(logger: Logger): void {
  process.on("uncaughtException", (error) => {
    logger.fatal({ err: error }, "a fault of the server");
    process.exit(1);
  });
}

function warnOfPlainSecrets(config: Config, logger: Logger): void {
  for (const name of unprotected(config.secrets)) {
    logger.warn(`${name}: its value is too short or too common a word to be kept out of logs and frames`);
  }
}

/** The logs, after what a crash had left open is ended. */
async function openLogs(config: Config, logger: Logger, redactor: Redactor): Promise<AuditStore> {
  if (config.sessionStorePath === undefined) {
    logger.warn("SESSION_STORE_PATH is empty: the session logs live in memory and end with the server");
  }
  const logs = createLogStore({
    folder: config.sessionStorePath ?? "",
    durability: config.auditDurability,
    signingKey: config.auditSigningKey,
    witnessUrl: config.auditWitnessUrl,
    redactor,
    onFault: (error) => logger.error({ err: error }, "a fault of the audit log"),
  });
  const recovered = await logs.recover();
  if (recovered.length > 0) logger.warn({ sessions: recovered }, "ended the sessions that a crash had left");
  return logs;
}

interface Parts {
  config: Config;
  logger: Logger;
  logs: AuditStore;
  sessions: LiveSessions;
  own: Place;
  provider: Model["provider"];
  bridge: CodexBridgeOptions | undefined;
  metrics: Metrics;
}

/** The port with every door and page behind it. */
function createDoors({ config, logger, logs, sessions, own, provider, bridge, metrics }: Parts): Server {
  const models = availableModels(config);
  const { doors, pages } = routeTable(logs, sessions, {
    sseIdleMs: config.sseIdleMs,
    models,
    basePath: config.basePath,
    metrics,
  });
  const rpc = {
    records: logs.records,
    facts: {
      version: VERSION,
      workspace: own.workspace,
      model: config.model,
      provider,
      approvalPolicy: config.approvalPolicy,
      sandbox: own.sandbox.mode,
      network: config.sandboxNetwork === "on",
    },
    models,
    onFault: (error: unknown) => logger.error({ err: error }, "a fault of the server"),
  };
  return createServer({
    doors: [...doors, ...codexDoors(rpc, bridge)],
    pages,
    host: config.host,
    port: config.port,
    basePath: config.basePath,
    authToken: config.authToken,
    allowedOrigins: config.allowedOrigins,
    allowedHosts: config.allowedHosts,
    tls: readTls(config),
    limits: {
      clients: config.maxClients,
      bodyBytes: config.maxMessageBytes,
      messageBytes: config.maxMessageBytes,
      messagesPerSecond: config.maxMessagesPerSecond,
    },
    sessions,
    log: logger,
  });
}

function keepRetention({ retentionDays: days }: Config, logs: AuditStore, logger: Logger) {
  if (days === undefined) return undefined;
  return keepArchiving(logs, {
    days,
    onFault: (error) => logger.error({ err: error }, "a fault while archiving"),
  });
}

function readTls({ tls, tlsKeyPath, tlsCertPath }: Config) {
  if (tls === "false" || tlsKeyPath === undefined || tlsCertPath === undefined) return undefined;
  return { key: readFileSync(tlsKeyPath), cert: readFileSync(tlsCertPath) };
}
