import type { LogLine, SessionListing } from "../../contract/log.ts";
import { messageOf, typeOf } from "./message.ts";

/** The Open Cybersecurity Schema Framework: API Activity, of the category Application Activity. */
const SCHEMA_VERSION = "1.6.0";
const API_ACTIVITY = {
  category_uid: 6,
  category_name: "Application Activity",
  class_uid: 6003,
  class_name: "API Activity",
};
/** What happens in a session is none of create, read, update and delete. */
const OTHER = 99;
const INFORMATIONAL = { severity_id: 1, severity: "Informational" };
const SUCCESS = { status_id: 1, status: "Success" };
const FAILURE = { status_id: 2, status: "Failure" };
const SERVICE = "agentloop-server";

/**
 * One event a line of the log, as JSON lines. What the schema has no field for stands under its own name in `unmapped`;
 * the message as it was stands in `raw_data`.
 */
export async function* ocsfOf(
  session: SessionListing,
  lines: AsyncIterable<LogLine>,
): AsyncGenerator<string> {
  for await (const line of lines) yield `${JSON.stringify(eventOf(session, line))}\n`;
}

function eventOf({ session_id }: SessionListing, line: LogLine): Record<string, unknown> {
  const { timestamp, direction, seq, audit } = line;
  const type = typeOf(line) || "unknown";
  const { client, tool, approval, response, redactions } = audit ?? {};
  return {
    ...API_ACTIVITY,
    activity_id: OTHER,
    activity_name: type,
    type_uid: API_ACTIVITY.class_uid * 100 + OTHER,
    type_name: "API Activity: Other",
    ...INFORMATIONAL,
    ...statusOf(line),
    time: Date.parse(timestamp),
    metadata: {
      version: SCHEMA_VERSION,
      product: { name: "AgentLoop Server", vendor_name: "AgentLoop Server" },
      log_name: `${session_id}.jsonl`,
      original_time: timestamp,
      sequence: seq,
      uid: `${session_id}:${seq}`,
      correlation_uid: session_id,
      event_code: type,
    },
    actor: {
      session: { uid: session_id },
      ...(client ? { app_uid: client.id, app_name: client.door } : { app_name: SERVICE }),
    },
    api: { operation: type, service: { name: SERVICE }, ...requestOf(line) },
    // Who sent the message: a client, or the server itself.
    src_endpoint: direction === "incoming" && client ? endpointOf(client) : { svc_name: SERVICE },
    ...(direction === "outgoing" && client && { dst_endpoint: endpointOf(client) }),
    ...(tool?.duration_ms !== undefined && { duration: Math.round(tool.duration_ms) }),
    ...(tool?.files && {
      resources: tool.files.map(({ path }) => ({ type: "file", name: path })),
    }),
    unmapped: { direction, tool, approval, response, redactions },
    raw_data: JSON.stringify(line.message_data) ?? "",
  };
}

const endpointOf = ({ id, peer }: { id: string; peer?: string }) => ({
  uid: id,
  ...(peer !== undefined && { ip: peer }),
});

function requestOf(line: LogLine): Record<string, unknown> {
  const known = messageOf(line);
  if (known === undefined) return {};
  if (known.message.type !== "error") return { request: { uid: known.message.id } };
  const { message, details } = known.message.payload;
  return { request: { uid: known.message.id }, response: { error: details?.code, error_message: message } };
}

/** Only where the line says how something ended. */
function statusOf(line: LogLine): Record<string, unknown> {
  const message = messageOf(line)?.message;
  const exitCode = line.audit?.tool?.exit_code;
  if (message?.type === "error") return { ...FAILURE, status_detail: message.payload.message };
  if (message?.type === "agent_finished") {
    const { status } = message.payload;
    return { ...(status === "completed" ? SUCCESS : FAILURE), status_detail: status };
  }
  if (exitCode === undefined) return {};
  return {
    ...(exitCode === 0 ? SUCCESS : FAILURE),
    ...(exitCode !== null && { status_code: String(exitCode) }),
  };
}
