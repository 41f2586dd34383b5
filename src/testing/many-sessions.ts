import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkpointPath } from "../audit/files.ts";
import type { SessionId } from "../contract/log.ts";

const FIRST = Date.UTC(2026, 0, 1);

/** Ids as they are given: what was begun later sorts later, and ends otherwise. */
export const sessionNumber = (number: number): SessionId =>
  `${(0x0190f0f00000 + number).toString(16).padStart(12, "0")}7000800000${((number * 2_654_435_761) % 2 ** 40).toString(16).padStart(10, "0")}`;

/** Writes short sessions that have ended, the later the higher their number. Their chains are not sound. */
export function writeManySessions(folder: string, count: number): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (let number = 0; number < count; number += 1) {
    const lines = messagesOf(number).map((message, seq) =>
      lineOf(message, seq, FIRST + number * 60_000 + seq * 900),
    );
    writeFileSync(join(folder, `${sessionNumber(number)}.jsonl`), `${lines.join("\n")}\n`, { mode: 0o600 });
    // A server that starts ends every session that has none: a crash would have left it open.
    writeFileSync(checkpointPath(folder, sessionNumber(number)), "", { mode: 0o600 });
  }
}

function lineOf(message: object, seq: number, at: number): string {
  const incoming = seq < 2;
  return JSON.stringify({
    timestamp: new Date(at).toISOString(),
    event_type: incoming ? "websocket_message_received" : "websocket_message_sent",
    direction: incoming ? "incoming" : "outgoing",
    message_data: message,
    seq,
    salt: "0".repeat(32),
    data_hash: "0".repeat(64),
    prev_hash: "0".repeat(64),
    hash: "0".repeat(64),
  });
}

const TOPICS = ["the login", "the report", "a slow query", "the release notes", "an expired certificate"];
const MODELS = ["gpt-5.2-codex", "claude-opus-4-6", "gemini-3-pro"];

function messagesOf(number: number): object[] {
  const model = { model: MODELS[number % MODELS.length], provider: "openai" };
  const usage = {
    input_tokens: 900 + (number % 700) * 10,
    cached_input_tokens: 0,
    cache_write_input_tokens: 0,
    output_tokens: 80,
    reasoning_output_tokens: 0,
    cost_usd: (number % 90) / 100,
  };
  const input = `Look at ${TOPICS[number % TOPICS.length]} of customer ${number}, and say what is wrong`;
  return [
    { event: "session_started" },
    { id: "1", type: "user_input", payload: { input } },
    { id: "2", type: "session_info", payload: model },
    { id: "3", type: "loading_state", payload: { loading: true } },
    { id: "4", type: "status", payload: { kind: "response_finished", responseId: "r", ...model, usage } },
    ...(number % 3 === 0
      ? [{ id: "5", type: "approval_request", payload: { command: ["ls"], callId: "c" } }]
      : []),
    { id: "6", type: "loading_state", payload: { loading: false } },
    { id: "7", type: "agent_finished", payload: { responseId: "r", status: "completed" } },
    { event: "session_ended" },
  ];
}
