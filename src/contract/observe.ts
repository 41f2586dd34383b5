import type { AuditFacts } from "./audit.ts";
import type { ServerBody, SessionInfo } from "./message.ts";

/** Is told of one running session, to measure it. No method throws, and none waits. */
export interface SessionObserver {
  /** A message that the session told, with the facts of its line. */
  told(body: ServerBody, audit?: AuditFacts): void;
  /** A piece of an answer. It comes often. */
  delta(): void;
  ended(): void;
}

/** Is told of every session that begins to run. */
export interface Observer {
  begin(info: SessionInfo): SessionObserver;
}
