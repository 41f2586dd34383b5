import { pino } from "pino";
import { type DeltaMode, DeltaBatches } from "../audit/redact/delta-batch.ts";
import { createLogStore } from "../audit/log.ts";
import type { LogLine } from "../contract/log.ts";
import type { ScriptedResponse } from "../models/scripted/script.ts";
import { createServer, routeTable, type ServerOptions } from "../server/server.ts";
import { createTestSessions, logLines } from "./test-session.ts";

/** A server with its doors and pages on a real port, whose sessions run a script, and whose logs live in memory. */
export interface LiveSite {
  port: number;
  url: string;
  /** The whole log of a session. */
  log(id: string): Promise<LogLine[]>;
  /** Ends everything, as on a signal. */
  stop(): Promise<void>;
}

interface Setup {
  script: (request: unknown, index: number) => ScriptedResponse;
  deltas?: DeltaMode;
  server?: Partial<ServerOptions>;
}

export async function startLiveSite({ script, deltas = "batch", server }: Setup): Promise<LiveSite> {
  const store = createLogStore({ folder: "" });
  const { sessions } = createTestSessions({
    script,
    logs: store,
    options: {
      createLog: (id) => new DeltaBatches(store.create(id), deltas),
      openLog: async (id) => new DeltaBatches(await store.open(id), deltas),
    },
  });
  const site = createServer({
    host: "127.0.0.1",
    port: 0,
    allowedOrigins: [],
    allowedHosts: [],
    sessions,
    ...routeTable(store, sessions),
    log: pino({ level: "silent" }),
    ...server,
  });
  const { port } = await site.listen();
  return {
    port,
    url: `ws://127.0.0.1:${port}`,
    log: (id) => logLines(store, id),
    stop: async () => {
      await sessions.close("server_restart");
      await site.close({ deadlineMs: 1000 });
    },
  };
}
