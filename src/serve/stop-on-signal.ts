import type { Logger } from "pino";
import type { AuditStore } from "../contract/log.ts";
import type { Server } from "../server/server.ts";
import type { LiveSessions } from "../sessions/sessions.ts";

interface Running {
  server: Server;
  sessions: LiveSessions;
  logs: AuditStore;
  logger: Logger;
  deadlineMs: number;
}

/** Cancels what runs, ends the logs, closes the clients, and exits 0; at the deadline all the same. */
export function stopOnSignal({ server, sessions, logs, logger, deadlineMs }: Running): void {
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
