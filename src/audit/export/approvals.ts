import type { ApprovalRecord, LogLine } from "../../contract/log.ts";
import type { ServerMessage } from "../../contract/message.ts";
import { messageOf } from "./message.ts";

type Message<Type extends ServerMessage["type"]> = Extract<ServerMessage, { type: Type }>;

/** Every request for approval with what became of it, in the order in which they were made. */
export async function readApprovals(lines: AsyncIterable<LogLine>): Promise<ApprovalRecord[]> {
  const records = new Map<string, ApprovalRecord>();
  for await (const line of lines) {
    const known = messageOf(line);
    if (known?.from !== "server") continue;
    const { message } = known;
    // After an explanation the same request is made again: it is still the one that was made first.
    if (message.type === "approval_request" && !records.has(message.id)) {
      records.set(message.id, opened(line, message));
    } else if (message.type === "approval_resolved") {
      const record = records.get(message.payload.requestId);
      if (record && message.payload.review !== "EXPLAIN") decide(record, line, message);
    }
  }
  return [...records.values()];
}

function opened({ seq, timestamp }: LogLine, { id, payload }: Message<"approval_request">): ApprovalRecord {
  const { tool, command, cwd, reason, risk, files = [] } = payload;
  return {
    request_id: id,
    seq,
    decided_seq: null,
    requested_at: timestamp,
    decided_at: null,
    tool,
    command,
    cwd,
    reason,
    risk,
    files: files.map(({ path, move_path }) => (move_path === undefined ? path : `${path} -> ${move_path}`)),
    review: null,
    decided_by: null,
    client: null,
    latency_ms: null,
    scope: null,
    patch_edited: false,
  };
}

function decide(
  record: ApprovalRecord,
  { seq, timestamp, audit }: LogLine,
  { payload }: Message<"approval_resolved">,
): void {
  record.decided_seq = seq;
  record.decided_at = timestamp;
  record.review = payload.review;
  record.decided_by = payload.decidedBy;
  record.client = payload.client ?? null;
  record.latency_ms = audit?.approval?.latency_ms ?? null;
  record.scope = audit?.approval?.scope ?? null;
  record.patch_edited = audit?.approval?.patch_edited ?? false;
}
