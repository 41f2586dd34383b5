import { z } from "zod";
import type { ErrorCode } from "./error.ts";
import { type Provider, type ResponseItem, Usage } from "./item.ts";

/** What is known of a model: windows in tokens. */
export interface ModelInfo {
  contextWindow: number;
  maxOutputTokens: number;
  /** Absent when nobody told us the price. */
  price?: Price;
}

/** In US dollars per million tokens. `hourCacheWrite`: what is kept for an hour; as `cacheWrite` when absent. */
export interface Price {
  input: number;
  cachedInput: number;
  cacheWrite: number;
  hourCacheWrite?: number;
  output: number;
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
  /**
   * How long the provider's prompt cache should keep what is sent, where it lets us choose: `none` is for a question
   * that is asked once, `hour` for a request whose successor may wait for a person. Default: `minutes`.
   */
  cache?: "none" | "minutes" | "hour";
  maxOutputTokens?: number;
}

/**
 * `tool_calls` also when the provider itself says only "stop". `pause`: the provider wants the same conversation
 * again, with what it has said so far. `tool_call_invalid`: the model wrote a call that its provider could not read.
 */
export const StopReason = z.enum([
  "completed",
  "tool_calls",
  "max_output_tokens",
  "content_filter",
  "refusal",
  "pause",
  "context_window",
  "tool_call_invalid",
]);
export type StopReason = z.infer<typeof StopReason>;

/** Tokens of one response, without a price. */
export const TokenUsage = Usage.omit({ cost_usd: true, estimated: true }).meta({
  id: "TokenUsage",
  description: "Token counts, without a price.",
});
export type TokenUsage = z.infer<typeof TokenUsage>;

/**
 * `index` tells the items of one response apart: an item's deltas come before it and carry its index. `begun` tells
 * what a provider counts before it has finished: a response that is broken off is billed, too.
 */
export type ModelEvent =
  | { type: "delta"; index: number; kind: "text" | "reasoning" | "arguments"; delta: string; callId?: string }
  | { type: "item"; index: number; item: ResponseItem }
  | { type: "begun"; usage: TokenUsage }
  | { type: "retry"; inMs: number; reason: string; attempt: number; code: ErrorCode }
  | { type: "done"; responseId: string; stop: StopReason; usage: TokenUsage; servedModel?: string };

export type ModelDelta = Extract<ModelEvent, { type: "delta" }>;
export type TellDelta = (delta: ModelDelta) => void;

/**
 * A model streams one response. The stream ends with `done`, or throws an AgentError; it never ends in silence, and
 * after the signal has fired it throws the signal's reason. Items carry no `id` (the loop gives them one) and do carry
 * `origin`. Finished items come in the order of the response.
 *
 * With `tell` deltas may be handed to it rather than yielded, at once and in their place between what is yielded: a
 * function call costs a tenth of what a generator's step does. What it throws ends the stream.
 */
export interface Model {
  readonly provider: Provider;
  readonly name: string;
  readonly info: ModelInfo;
  stream(request: ModelRequest, signal: AbortSignal, tell?: TellDelta): AsyncIterable<ModelEvent>;
}

/** Finds the model of a name. Throws AgentError `unknown_model` or `missing_api_key`. */
export type SelectModel = (name: string) => Promise<Model>;
