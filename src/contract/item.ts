import { z } from "zod";

export const Provider = z.enum(["openai", "anthropic", "google", "scripted", "codex"]);
export type Provider = z.infer<typeof Provider>;

/**
 * Which model made an item, and what its provider wants back unchanged with it (a signature, a ciphertext, a whole
 * block). `opaque` is read only by the adapter of that provider, and ignored by all others.
 */
export const Origin = z.object({
  provider: Provider,
  model: z.string(),
  opaque: z.unknown().optional(),
});
export type Origin = z.infer<typeof Origin>;

export const InputText = z.object({ type: z.literal("input_text"), text: z.string() });
export type InputText = z.infer<typeof InputText>;

/** `image_url`: an https URL or a `data:image/...;base64,` URL. */
export const InputImage = z.object({
  type: z.literal("input_image"),
  image_url: z.string(),
  detail: z.enum(["auto", "low", "high"]).nullish(),
});
export type InputImage = z.infer<typeof InputImage>;

const OutputText = z.object({ type: z.literal("output_text"), text: z.string() });
const Refusal = z.object({ type: z.literal("refusal"), refusal: z.string() });

export const ContentPart = z.discriminatedUnion("type", [InputText, InputImage, OutputText, Refusal]);
export type ContentPart = z.infer<typeof ContentPart>;

/**
 * `phase`: OpenAI's mark of commentary and final answers, sent back as it came. `aside`: said beside the conversation
 * (the explanation of a call), so no later request carries it. `standing`: it stays through every compaction.
 */
export const MessageItem = z.object({
  type: z.literal("message"),
  id: z.string().optional(),
  role: z.enum(["user", "assistant", "system", "developer"]),
  content: z.array(ContentPart),
  status: z.enum(["completed", "incomplete"]).optional(),
  phase: z.string().optional(),
  aside: z.boolean().optional(),
  standing: z.boolean().optional(),
  origin: Origin.optional(),
});
export type MessageItem = z.infer<typeof MessageItem>;

/** `status` is `incomplete` when the arguments were cut off: such a call is never run. */
export const FunctionCallItem = z.object({
  type: z.literal("function_call"),
  id: z.string().optional(),
  call_id: z.string(),
  name: z.string(),
  /** JSON, as the model wrote it. */
  arguments: z.string(),
  status: z.enum(["completed", "incomplete"]).optional(),
  origin: Origin.optional(),
});
export type FunctionCallItem = z.infer<typeof FunctionCallItem>;

/** `output` is a JSON string: `{"output": "...", "metadata": {"exit_code": 0, "duration_seconds": 0.1}}`. */
export const FunctionCallOutputItem = z.object({
  type: z.literal("function_call_output"),
  id: z.string().optional(),
  call_id: z.string(),
  output: z.string(),
});
export type FunctionCallOutputItem = z.infer<typeof FunctionCallOutputItem>;

/** `summary` is what may be shown; `encrypted_content` and `origin.opaque` go back to the provider as they came. */
export const ReasoningItem = z.object({
  type: z.literal("reasoning"),
  id: z.string().optional(),
  summary: z.array(z.object({ type: z.literal("summary_text"), text: z.string() })),
  content: z.array(z.object({ type: z.literal("reasoning_text"), text: z.string() })).optional(),
  encrypted_content: z.string().nullish(),
  origin: Origin.optional(),
});
export type ReasoningItem = z.infer<typeof ReasoningItem>;

/** Something that only its provider understands (a block of a server-side tool): kept in order, sent back unchanged. */
export const ProviderItem = z.object({
  type: z.literal("provider_item"),
  id: z.string().optional(),
  origin: Origin,
});
export type ProviderItem = z.infer<typeof ProviderItem>;

/** One entry of the canonical conversation. */
export const ResponseItem = z.discriminatedUnion("type", [
  MessageItem,
  FunctionCallItem,
  FunctionCallOutputItem,
  ReasoningItem,
  ProviderItem,
]);
export type ResponseItem = z.infer<typeof ResponseItem>;

/** Token counts of one or more responses. Input includes cached and cache-written tokens; output includes reasoning. */
export const Usage = z.object({
  input_tokens: z.number(),
  cached_input_tokens: z.number(),
  cache_write_input_tokens: z.number(),
  /** Of those that were written to the cache, the ones that are kept for an hour, which some providers charge more for. */
  hour_cache_write_input_tokens: z.number().optional(),
  output_tokens: z.number(),
  reasoning_output_tokens: z.number(),
  /** US dollars; null when the price of a model is not known. */
  cost_usd: z.number().nullable(),
  /** Some of it is an estimate: a response broke off, or was cancelled, before its provider had counted it. */
  estimated: z.literal(true).optional(),
});
export type Usage = z.infer<typeof Usage>;
