import type { ClientInfo } from "./client.ts";
import type { Provider, Usage } from "./item.ts";
import type { Review } from "./message.ts";
import type { StopReason } from "./model.ts";
import type { ToolFacts } from "./tool.ts";

/** Who and how, for the log line of a message. */
export interface AuditFacts {
  /** Who sent a message, or the only one who got it. */
  client?: ClientInfo;
  tool?: ToolFacts;
  response?: {
    provider: Provider;
    requested_model: string;
    served_model?: string;
    response_id: string;
    stop: StopReason;
    usage: Usage;
  };
  approval?: {
    request_id: string;
    review: Review;
    decided_by: "client" | "policy" | "timeout" | "cancel";
    client?: string;
    latency_ms: number;
    /** What ALWAYS covers from now on. */
    scope?: string;
    patch_edited?: boolean;
  };
  /** How many secrets were replaced in this line. */
  redactions?: number;
  /** Long strings and images that are kept beside the log; the line has `blob:sha256:<sha256>` in their place. */
  blobs?: { sha256: string; bytes: number }[];
}
