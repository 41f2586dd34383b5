import type { AuditFacts, ToolFacts } from "../contract/audit.ts";
import type { ErrorCode } from "../contract/error.ts";
import type { Provider, Usage } from "../contract/item.ts";
import type { SessionId } from "../contract/log.ts";
import type { Review, TurnStatus } from "../contract/message.ts";

/** Times are those of `performance.now()`, durations milliseconds. */
export type Happening =
  | { type: "session_began" }
  | { type: "session_ended" }
  | { type: "turn_began"; at: number }
  | { type: "turn_ended"; status: TurnStatus; began: number; at: number }
  | { type: "first_delta"; durationMs: number }
  | {
      type: "response";
      began: number;
      at: number;
      responseId: string;
      usage: Usage;
      facts: AuditFacts["response"];
    }
  | { type: "tool"; name: string; callId: string; began: number; at: number; facts: ToolFacts | undefined }
  | { type: "approval_asked"; at: number }
  | { type: "approval_decided"; review: Review; decidedBy: string; durationMs: number }
  | { type: "error"; code: ErrorCode }
  | { type: "retry" }
  | { type: "compaction" }
  | { type: "deltas"; count: number };

/** The session as it is when something happens. */
export interface Watched {
  readonly id: SessionId;
  readonly provider: Provider;
  readonly model: string;
}

/** Makes something of what happens in all sessions. It does not throw. */
export interface Listener {
  happened(what: Happening, session: Watched): void;
}
