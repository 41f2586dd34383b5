import { setTimeout as sleep } from "node:timers/promises";
import { AgentError } from "../contract/error.ts";
import type { Model, ModelEvent } from "../contract/model.ts";

export interface RetryOptions {
  /** Retries after the first try. */
  maxRetries?: number;
  /** The longest wait that a provider may ask for, in milliseconds; asked for more, we give up at once. */
  maxAskedDelayMs?: number;
  /** Rejects when the signal fires. */
  wait?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** From 0 to below 1. */
  random?: () => number;
}

const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;

/**
 * The same model, which tries again what may succeed later, and tells of each wait by a `retry` event before it. Only
 * while no item has been passed on: finished items stay, and what to do with them is for the caller to decide. Deltas
 * that came before a `retry` event are void, for their items never come.
 */
export function withRetries(model: Model, options: RetryOptions = {}): Model {
  return {
    provider: model.provider,
    name: model.name,
    info: model.info,
    stream: (request, signal, tell) =>
      streamWithRetries(() => model.stream(request, signal, tell), signal, options),
  };
}

async function* streamWithRetries(
  stream: () => AsyncIterable<ModelEvent>,
  signal: AbortSignal,
  options: RetryOptions,
): AsyncGenerator<ModelEvent, void> {
  const { maxRetries = 5, maxAskedDelayMs = 60_000, wait = waitFor, random = Math.random } = options;
  for (let attempt = 1; ; attempt += 1) {
    let passedItem = false;
    try {
      for await (const event of stream()) {
        passedItem ||= event.type === "item";
        yield event;
      }
      return;
    } catch (error) {
      signal.throwIfAborted();
      const mayRetry = error instanceof AgentError && error.retryable === true;
      if (!mayRetry || passedItem || attempt > maxRetries) throw error;
      if ((error.retryAfterMs ?? 0) > maxAskedDelayMs) throw error;
      const inMs = delayOf(attempt, error.retryAfterMs, random());
      yield { type: "retry", inMs, reason: error.message, attempt, code: error.code };
      await wait(inMs, signal);
    }
  }
}

/** Jitter keeps many sessions from coming back at the same moment; what was asked for is never undercut. */
function delayOf(attempt: number, askedMs: number | undefined, random: number): number {
  if (askedMs !== undefined) return Math.round(askedMs + random * Math.min(1000, askedMs / 10));
  const ceiling = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1));
  return Math.round(ceiling * (0.5 + random / 2));
}

async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
