import { AgentError } from "../contract/error.ts";
import type { Sessions } from "../contract/session.ts";

/** For tests of what never opens a session. */
export const noSessions: Sessions = {
  open: () => Promise.reject(new Error("no session is opened here")),
  fork: () => Promise.reject(new Error("no session is forked here")),
  running: () => [],
  create: () => Promise.reject(new AgentError("rate_limited", "no session can be had")),
};
