import type { Usage } from "../contract/item.ts";
import type { SessionInfo } from "../contract/message.ts";
import type { SessionListing } from "../contract/record.ts";

export const SESSION_ID = "01a1fd523e3970a6b4d4352cf85ab610";
export const TIME = "2026-01-09T12:44:56.789Z";

export const USAGE: Usage = {
  input_tokens: 5120,
  cached_input_tokens: 4096,
  cache_write_input_tokens: 0,
  output_tokens: 310,
  reasoning_output_tokens: 128,
  cost_usd: 0.0049,
};

export const SESSION_INFO: SessionInfo = {
  session_id: SESSION_ID,
  model: "gpt-5.1",
  provider: "openai",
  workspace: "/home/you/project",
  approvalPolicy: "suggest",
  sandbox: "workspace-write",
  state: "idle",
  head_seq: 0,
  server_version: "0.1.0",
};

const { cost_usd, ...TOKENS } = USAGE;

export const SESSION_LISTING: SessionListing = {
  session_id: SESSION_ID,
  start_time: TIME,
  last_activity: TIME,
  event_count: 42,
  state: "ended",
  legal_hold: false,
  title: "What is in this folder?",
  model: "gpt-5.1",
  provider: "openai",
  turns: 1,
  approvals: 1,
  tokens: TOKENS,
  cost: cost_usd,
};
