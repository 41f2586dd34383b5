import type { ErrorCode } from "../../contract/error.ts";

/** What a person can do about an error; nothing where its message says it all. */
export const adviceFor = (code: string | undefined): string | undefined =>
  code === undefined ? undefined : ADVICE[code as ErrorCode];

const ADVICE: Partial<Record<ErrorCode, string>> = {
  missing_api_key: "Choose another model below, or give the server the key and start it again.",
  unknown_model: "Choose another model below, and send the message again.",
  provider_auth:
    "The provider does not take the server's key. Choose another model, or look at the server's settings.",
  provider_rate_limited: "Wait a little and say “go on”, or choose another model.",
  provider_overloaded: "Wait a little and say “go on”, or choose another model.",
  provider_unreachable: "Is the server connected to the internet? Say “go on” to try again.",
  provider_stream_broken: "Say “go on” to let it continue.",
  provider_bad_request: "Another model may take it, or the message said in another way.",
  context_window_exceeded: "Compact the conversation (below, at the context meter), or begin a new session.",
  content_filtered: "The provider does not answer this. Say it in another way, or choose another model.",
  budget_exceeded: "The limit is set by the server. A new session begins with its own.",
  turn_limit: "Say “go on” to continue.",
  rate_limited: "Wait a moment and send it again.",
  message_too_large: "Send less at once: put long text into a file of the workspace.",
  log_unavailable: "The server cannot write its record, so it takes no work. Its disk may be full.",
  internal: "The fault is the server's. Say “go on”, or begin a new session.",
};
