import type { Logger } from "pino";
import type { AuditStore } from "../contract/log.ts";
import type { Server } from "../server/server.ts";
import type { LiveSessions } from "../sessions/sessions.ts";

interface Running {
  server: Server;
  sessions: LiveSessions;
  logs: AuditStore;
  logger: Logger;
  /** Undefined where nothing is archived. */
  stopArchiving: (() => Promise<void>) | undefined;
  /** Undefined where nothing is sent. */
  stopMeasures: (() => Promise<void>) | undefined;
  deadlineMs: number;
}

/** Of a shell for what a SIGINT has ended. */
const INTERRUPTED = 130;
/** Whoever presses the keys once may send two signals: npm hands on what the terminal has sent already. */
const TWICE_MS = 300;

/**
 * SIGTERM, SIGINT and SIGHUP: cancels what runs, ends the logs, closes the clients, and exits 0; at the deadline all the
 * same. A second SIGINT exits at once, with 130. SIGUSR1 and SIGUSR2 have the log say how it stands.
 */
export function stopOnSignal(running: Running): void {
  const { server, sessions, logs, logger, stopArchiving, stopMeasures, deadlineMs } = running;
  let stoppingSince: number | undefined;
  const stop = (signal: NodeJS.Signals) => {
    if (stoppingSince !== undefined) {
      if (signal !== "SIGINT" || performance.now() - stoppingSince < TWICE_MS) return;
      logger.warn(
        "stopped at once by a second SIGINT: what was running is ended in the logs at the next start",
      );
      process.exit(INTERRUPTED);
    }
    stoppingSince = performance.now();
    logger.info({ signal, sessions: sessions.size }, "stopping");
    const deadline = setTimeout(() => {
      logger.warn(`not everything had stopped after ${deadlineMs / 1000} s (SHUTDOWN_SECONDS)`);
      process.exit(0);
    }, deadlineMs);
    server.drain();
    void Promise.all([sessions.close("server_restart"), stopArchiving?.()])
      .then(() => server.close({ deadlineMs }))
      .then(() => Promise.all([logs.close(), stopMeasures?.()]))
      .catch((error: unknown) => logger.error({ err: error }, "a fault while stopping"))
      .finally(() => {
        clearTimeout(deadline);
        process.exit(0);
      });
  };
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, stop);
  const tell = (signal: NodeJS.Signals) =>
    logger.info(
      {
        signal,
        sessions: sessions.size,
        uptimeSeconds: Math.round(process.uptime()),
        memoryBytes: process.memoryUsage.rss(),
      },
      stoppingSince === undefined ? "running" : "stopping",
    );
  // By SIGUSR1 Node would open its debugger to the machine, and SIGUSR2 would end it.
  for (const signal of ["SIGUSR1", "SIGUSR2"] as const) process.on(signal, tell);
}
