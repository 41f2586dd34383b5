import type { Logger } from "pino";
import type { Config } from "../config/config.ts";
import type { AuditStore } from "../contract/log.ts";
import type { Observer } from "../contract/observe.ts";
import { availableModels } from "../models/select.ts";
import { Meter } from "../observe/meter.ts";
import { startTelemetry } from "../observe/telemetry.ts";
import { Traces } from "../observe/traces.ts";
import { observeBy } from "../observe/watch.ts";
import type { Server } from "../server/server.ts";
import type { LiveSessions } from "../sessions/sessions.ts";
import { VERSION } from "../version.ts";

export interface Measures {
  meter: Meter;
  observer: Observer;
  /** Sends what has not been sent yet. */
  stop: (() => Promise<void>) | undefined;
}

/** What operators measure: always by /metrics, and by OpenTelemetry where it is asked for. */
export async function startMeasures(config: Config, logger: Logger): Promise<Measures> {
  const meter = new Meter(availableModels(config).map(({ name }) => name));
  const stop = await startTelemetry(config.environment, (advice) => logger.warn(advice));
  const listeners = stop === undefined ? [meter] : [meter, new Traces(VERSION)];
  return { meter, observer: observeBy(listeners), stop };
}

export function watchServer(
  meter: Meter,
  { server, sessions, logs }: { server: Server; sessions: LiveSessions; logs: AuditStore },
): void {
  meter.watch(() => {
    const states = sessions.running().map((session) => session.info().state);
    return {
      sessions: {
        idle: states.filter((state) => state === "idle").length,
        running: states.filter((state) => state === "running").length,
      },
      clients: server.clients(),
      unsyncedBytes: logs.unsyncedBytes,
    };
  });
}
