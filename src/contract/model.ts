import type { Provider, ResponseItem, Usage } from "./item.ts";

/** What is known of a model: windows in tokens, prices in US dollars per million tokens. */
export interface ModelInfo {
  contextWindow: number;
  maxOutputTokens: number;
  /** Absent when nobody told us the price. */
  price?: { input: number; cachedInput: number; cacheWrite: number; output: number };
}

/** A function that the model may call; `parameters` is a JSON Schema of an object. */
export interface ToolSpec {
  name: string;
  description: string;
  parameters: Record<string, unknown>;
}

export interface ModelRequest {
  instructions: string;
  /** A valid conversation: every call has its output after it, and every output its call before it. */
  items: readonly ResponseItem[];
  tools: readonly ToolSpec[];
  /** Names the conversation for the provider's prompt cache. */
  sessionId: string;
  maxOutputTokens?: number;
}

/**
 * `tool_calls` also when the provider itself says only "stop". `pause`: the provider wants the same conversation
 * again, with what it has said so far. `tool_call_invalid`: the model wrote a call that its provider could not read.
 */
export type StopReason =
  | "completed"
  | "tool_calls"
  | "max_output_tokens"
  | "content_filter"
  | "refusal"
  | "pause"
  | "context_window"
  | "tool_call_invalid";

/** Tokens of one response, without a price. */
export type TokenUsage = Omit<Usage, "cost_usd">;

/** `index` tells the items of one response apart: an item's deltas come before it and carry its index. */
export type ModelEvent =
  | { type: "delta"; index: number; kind: "text" | "reasoning" | "arguments"; delta: string; callId?: string }
  | { type: "item"; index: number; item: ResponseItem }
  | { type: "retry"; inMs: number; reason: string; attempt: number }
  | { type: "done"; responseId: string; stop: StopReason; usage: TokenUsage; servedModel?: string };

/**
 * A model streams one response. The stream ends with `done`, or throws an AgentError; it never ends in silence, and
 * after the signal has fired it throws the signal's reason. Items carry no `id` (the loop gives them one) and do carry
 * `origin`. Finished items come in the order of the response.
 */
export interface Model {
  readonly provider: Provider;
  readonly name: string;
  readonly info: ModelInfo;
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelEvent>;
}

/** Finds the model of a name. Throws AgentError `unknown_model` or `missing_api_key`. */
export type SelectModel = (name: string) => Promise<Model>;
