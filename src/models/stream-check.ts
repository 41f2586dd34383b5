import type { ModelEvent } from "../contract/model.ts";
import { streamBroken, type ModelRef } from "./errors.ts";

/**
 * The outermost layer of every adapter's stream: it ends with `done` or throws. An end in silence becomes
 * `provider_stream_broken`, and after the signal has fired its reason is thrown, whatever else went wrong.
 */
export async function* endWithDone(
  model: ModelRef,
  events: AsyncIterable<ModelEvent>,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent, void> {
  signal.throwIfAborted();
  try {
    for await (const event of events) {
      signal.throwIfAborted();
      yield event;
      if (event.type === "done") return;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
  signal.throwIfAborted();
  throw streamBroken(model, "it ended before the response was complete");
}
