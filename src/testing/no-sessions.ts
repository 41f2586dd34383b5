import { AgentError } from "../contract/error.ts";
import type { Sessions } from "../contract/session.ts";

/** For tests of what never opens a session. */
export const noSessions: Sessions = {
  open: () => Promise.reject(new Error("no session is opened here")),
  create: () => Promise.reject(new AgentError("rate_limited", "no session can be had")),
};
