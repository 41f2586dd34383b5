import { z } from "zod";

const CallDelta = z.object({
  index: z.number().nullish(),
  id: z.string().nullish(),
  function: z
    .object({
      name: z.string().nullish(),
      /** A string in pieces; some servers send the whole object. */
      arguments: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
    })
    .nullish(),
});
export type CallDelta = z.infer<typeof CallDelta>;

const Delta = z.object({
  content: z.string().nullish(),
  refusal: z.string().nullish(),
  /** Two names for the same, from servers that show a model's reasoning. */
  reasoning_content: z.string().nullish(),
  reasoning: z.string().nullish().catch(undefined),
  tool_calls: z.array(CallDelta).nullish(),
});
export type Delta = z.infer<typeof Delta>;

const Usage = z.object({
  prompt_tokens: z.number().nullish(),
  completion_tokens: z.number().nullish(),
  prompt_tokens_details: z
    .object({ cached_tokens: z.number().nullish(), cache_write_tokens: z.number().nullish() })
    .nullish(),
  completion_tokens_details: z.object({ reasoning_tokens: z.number().nullish() }).nullish(),
});
export type Usage = z.infer<typeof Usage>;

/** One event of a chat completion, read loosely. */
export const Chunk = z.object({
  id: z.string().nullish(),
  model: z.string().nullish(),
  choices: z.array(z.object({ delta: Delta.nullish(), finish_reason: z.string().nullish() })).nullish(),
  usage: Usage.nullish(),
  error: z.unknown().optional(),
});
export type Chunk = z.infer<typeof Chunk>;
