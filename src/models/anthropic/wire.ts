import { z } from "zod";
import { parseEventData, streamBroken, type ModelRef } from "../errors.ts";

/** Counts are cumulative. What is null or absent has not changed. */
const Usage = z.object({
  input_tokens: z.number().nullish(),
  cache_creation_input_tokens: z.number().nullish(),
  cache_creation: z.object({ ephemeral_1h_input_tokens: z.number().nullish() }).nullish(),
  cache_read_input_tokens: z.number().nullish(),
  output_tokens: z.number().nullish(),
  output_tokens_details: z.object({ thinking_tokens: z.number().nullish() }).nullish(),
});
export type WireUsage = z.infer<typeof Usage>;

/** A block of a response, with all its fields: it may have to go back as it came. */
export const Block = z.looseObject({ type: z.string() });
export type Block = z.infer<typeof Block>;

const Delta = z.object({
  type: z.string(),
  text: z.string().optional(),
  thinking: z.string().optional(),
  signature: z.string().optional(),
  content: z.string().nullish(),
  partial_json: z.string().optional(),
});
export type Delta = z.infer<typeof Delta>;

const MessageStart = z.object({
  type: z.literal("message_start"),
  message: z.object({ id: z.string(), model: z.string().optional(), usage: Usage.nullish() }),
});
const MessageDelta = z.object({
  type: z.literal("message_delta"),
  delta: z.object({
    stop_reason: z.string().nullish(),
    stop_details: z.object({ explanation: z.string().nullish() }).nullish(),
  }),
  usage: Usage.nullish(),
});
const ErrorBody = z.object({ type: z.string(), message: z.string() });

/** The events that matter to us; others pass without harm. */
const StreamEvent = z.discriminatedUnion("type", [
  MessageStart,
  z.object({ type: z.literal("content_block_start"), index: z.number(), content_block: Block }),
  z.object({ type: z.literal("content_block_delta"), index: z.number(), delta: Delta }),
  z.object({ type: z.literal("content_block_stop"), index: z.number() }),
  MessageDelta,
  z.object({ type: z.literal("message_stop") }),
  z.object({ type: z.literal("error"), error: ErrorBody }),
]);
export type StreamEvent = z.infer<typeof StreamEvent>;
export type MessageStart = z.infer<typeof MessageStart>;
export type MessageDelta = z.infer<typeof MessageDelta>;

const KNOWN_TYPES: ReadonlySet<unknown> = new Set<StreamEvent["type"]>([
  "message_start",
  "content_block_start",
  "content_block_delta",
  "content_block_stop",
  "message_delta",
  "message_stop",
  "error",
]);

/** The event in one SSE event's data; undefined for `ping` and every type that is new to us. */
export function readEvent(model: ModelRef, data: string): StreamEvent | undefined {
  const json = parseEventData(model, data);
  const event = StreamEvent.safeParse(json);
  if (event.success) return event.data;
  const { type } = z.object({ type: z.unknown() }).safeParse(json).data ?? {};
  if (!KNOWN_TYPES.has(type)) return undefined;
  throw streamBroken(model, `its event ${String(type)} has another form than expected`, event.error);
}

/** What an answer with an error status holds. */
export const ErrorAnswer = z.object({ error: ErrorBody });
