import { z } from "zod";

/** Events of the Responses API, read loosely: the fields that we use, of all events together. */
export const StreamEvent = z.object({
  type: z.string(),
  output_index: z.number().optional(),
  summary_index: z.number().optional(),
  delta: z.string().optional(),
  item: z.unknown().optional(),
  response: z.unknown().optional(),
  /** Of `error`, nested or flat. */
  error: z.unknown().optional(),
  message: z.unknown().optional(),
  code: z.unknown().optional(),
});
export type StreamEvent = z.infer<typeof StreamEvent>;

const OutputMessage = z.object({
  type: z.literal("message"),
  status: z.string().nullish(),
  phase: z.string().nullish(),
  content: z.array(
    z.union([
      z.object({ type: z.literal("output_text"), text: z.string() }),
      z.object({ type: z.literal("refusal"), refusal: z.string() }),
      z.object({ type: z.string() }).transform(() => null),
    ]),
  ),
});

const Reasoning = z.object({
  type: z.literal("reasoning"),
  summary: z.array(z.object({ type: z.literal("summary_text"), text: z.string() })).default([]),
  content: z.array(z.object({ type: z.literal("reasoning_text"), text: z.string() })).nullish(),
  encrypted_content: z.string().nullish(),
});

const FunctionCall = z.object({
  type: z.literal("function_call"),
  status: z.string().nullish(),
  call_id: z.string(),
  name: z.string(),
  arguments: z.string(),
});

/** A finished item. Of a type that we do not know only the type is read. */
export const OutputItem = z.union([
  OutputMessage,
  Reasoning,
  FunctionCall,
  z.looseObject({ type: z.string() }).transform((item) => ({ type: "other" as const, item })),
]);
export type OutputItem = z.infer<typeof OutputItem>;

/** What an item that has just begun says of itself. */
export const ItemHead = z.object({
  type: z.string(),
  call_id: z.string().optional(),
  name: z.string().optional(),
});

const Usage = z.object({
  input_tokens: z.number().default(0),
  output_tokens: z.number().default(0),
  input_tokens_details: z
    .object({ cached_tokens: z.number().nullish(), cache_write_tokens: z.number().nullish() })
    .nullish(),
  output_tokens_details: z.object({ reasoning_tokens: z.number().nullish() }).nullish(),
});

export const ResponseHead = z.object({
  id: z.string().default(""),
  model: z.string().nullish(),
  error: z.unknown().optional(),
  incomplete_details: z.object({ reason: z.string().nullish() }).nullish(),
  usage: Usage.nullish(),
});
export type ResponseHead = z.infer<typeof ResponseHead>;
