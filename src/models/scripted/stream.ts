import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { AgentError } from "../../contract/error.ts";
import type { Origin, ResponseItem } from "../../contract/item.ts";
import type { ModelEvent, ModelRequest, StopReason, TokenUsage } from "../../contract/model.ts";
import type { Pace, ScriptedResponse, ScriptedStep } from "./script.ts";

export interface Playing {
  request: ModelRequest;
  responseId: string;
  origin: Origin;
  /** For steps that have none of their own. */
  pace: Pace;
}

/** What the response has come to so far. */
interface Progress {
  index: number;
  outputCharacters: number;
  reasoningCharacters: number;
  calls: number;
  usage: Partial<TokenUsage>;
  stop?: StopReason;
}

/** Plays the steps of one response as a provider would stream them. */
export async function* play(
  steps: ScriptedResponse,
  playing: Playing,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent, void> {
  const progress: Progress = {
    index: 0,
    outputCharacters: 0,
    reasoningCharacters: 0,
    calls: 0,
    usage: {},
  };
  for (const step of steps) {
    if ("usage" in step) progress.usage = step.usage;
    else if ("stop" in step) progress.stop = step.stop;
    else if ("error" in step) throw scriptedError(step.error);
    else if ("wait" in step) await sleep(step.wait, undefined, { signal });
    else if ("hang" in step) await untilAborted(signal);
    else yield* playItem(step, playing, progress, signal);
  }
  yield {
    type: "done",
    responseId: playing.responseId,
    stop: progress.stop ?? (progress.calls > 0 ? "tool_calls" : "completed"),
    usage: { ...estimate(playing.request, progress), ...progress.usage },
    servedModel: playing.origin.model,
  };
}

type ItemStep = Extract<
  ScriptedStep,
  { text: string } | { reasoning: string } | { call: object } | { item: object }
>;

async function* playItem(
  step: ItemStep,
  playing: Playing,
  progress: Progress,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent, void> {
  const { index } = progress;
  const { item, ...delta } = itemOf(step, playing, progress);
  progress.index += 1;
  if (delta.kind !== undefined) {
    const pace = { ...playing.pace, ...("item" in step ? {} : step) };
    const callId = item.type === "function_call" ? { callId: item.call_id } : {};
    for (const piece of pieces(delta.written, pace.deltas)) {
      if (pace.delayMs) await sleep(pace.delayMs, undefined, { signal });
      yield { type: "delta", index, kind: delta.kind, delta: piece, ...callId };
    }
  }
  progress.outputCharacters += delta.written.length;
  if (item.type === "reasoning") progress.reasoningCharacters += delta.written.length;
  if (item.type === "function_call") progress.calls += 1;
  yield { type: "item", index, item };
}

interface Written {
  item: ResponseItem;
  /** Absent for an item that comes whole. */
  kind?: "text" | "reasoning" | "arguments";
  written: string;
}

function itemOf(step: ItemStep, { origin, responseId }: Playing, { index }: Progress): Written {
  if ("item" in step) return { item: step.item, written: JSON.stringify(step.item) };
  if ("text" in step) {
    const content = [{ type: "output_text" as const, text: step.text }];
    const phase = step.phase === undefined ? {} : { phase: step.phase };
    return {
      item: { type: "message", role: "assistant", content, ...phase, origin },
      kind: "text",
      written: step.text,
    };
  }
  if ("reasoning" in step) {
    const summary = [{ type: "summary_text" as const, text: step.reasoning }];
    return { item: { type: "reasoning", summary, origin }, kind: "reasoning", written: step.reasoning };
  }
  const { name, call_id = `call_${responseId}_${index}`, status = "completed" } = step.call;
  const written =
    typeof step.call.arguments === "string" ? step.call.arguments : JSON.stringify(step.call.arguments);
  return {
    item: { type: "function_call", call_id, name, arguments: written, status, origin },
    kind: "arguments",
    written,
  };
}

/** Word by word, or in so many pieces of equal length; no character is split. */
function pieces(text: string, count: number | undefined): string[] {
  if (count === undefined) return text.match(/\s*\S+\s*|\s+/g) ?? [];
  const characters = Array.from(text);
  const size = Math.max(1, Math.ceil(characters.length / count));
  const parts: string[] = [];
  for (let start = 0; start < characters.length; start += size) {
    parts.push(characters.slice(start, start + size).join(""));
  }
  return parts;
}

/** A rule of thumb that serves all providers: four characters a token. */
const tokens = (characters: number) => Math.ceil(characters / 4);

function estimate(request: ModelRequest, progress: Progress): TokenUsage {
  const sent = JSON.stringify([request.instructions, request.tools, request.items]);
  return {
    input_tokens: tokens(sent.length),
    cached_input_tokens: 0,
    cache_write_input_tokens: 0,
    output_tokens: tokens(progress.outputCharacters),
    reasoning_output_tokens: tokens(progress.reasoningCharacters),
  };
}

async function untilAborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, "abort");
  throw signal.reason;
}

function scriptedError(error: Extract<ScriptedStep, { error: object }>["error"]): AgentError {
  const { code, message = `The script says ${code}.`, retryable, retryAfterMs } = error;
  return new AgentError(code, message, {
    ...(retryable === undefined ? {} : { retryable }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
