import { z } from "zod";

export const Provider = z.enum(["openai", "anthropic", "google", "scripted", "codex"]);
export type Provider = z.infer<typeof Provider>;

/**
 * Which model made an item, and what its provider wants back unchanged with it (a signature, a ciphertext, a whole
 * block). `opaque` is read only by the adapter of that provider, and ignored by all others.
 */
export const Origin = z
  .object({
    provider: Provider,
    model: z.string(),
    opaque: z.unknown().optional().describe("The provider's own."),
  })
  .meta({ id: "Origin", description: "Which model made an item." });
export type Origin = z.infer<typeof Origin>;

export const InputText = z
  .object({ type: z.literal("input_text"), text: z.string() })
  .meta({ id: "InputText", description: "A text that the model reads." });
export type InputText = z.infer<typeof InputText>;

export const InputImage = z
  .object({
    type: z.literal("input_image"),
    image_url: z.string().describe("An https URL or a `data:image/...;base64,` URL."),
    detail: z.enum(["auto", "low", "high"]).nullish(),
  })
  .meta({ id: "InputImage", description: "A picture that the model sees." });
export type InputImage = z.infer<typeof InputImage>;

const OutputText = z.object({ type: z.literal("output_text"), text: z.string() });
const Refusal = z.object({ type: z.literal("refusal"), refusal: z.string() });

export const ContentPart = z
  .discriminatedUnion("type", [InputText, InputImage, OutputText, Refusal])
  .meta({ id: "ContentPart", description: "A part of what somebody said." });
export type ContentPart = z.infer<typeof ContentPart>;

export const MessageItem = z
  .object({
    type: z.literal("message"),
    id: z.string().optional(),
    role: z.enum(["user", "assistant", "system", "developer"]),
    content: z.array(ContentPart),
    status: z.enum(["completed", "incomplete"]).optional(),
    phase: z.string().optional().describe("OpenAI's mark of commentary and final answers."),
    aside: z.boolean().optional().describe("Said beside the conversation: no later request carries it."),
    standing: z.boolean().optional().describe("It stays through every compaction."),
    origin: Origin.optional(),
  })
  .meta({ id: "MessageItem", description: "What somebody said." });
export type MessageItem = z.infer<typeof MessageItem>;

export const FunctionCallItem = z
  .object({
    type: z.literal("function_call"),
    id: z.string().optional(),
    call_id: z.string(),
    name: z.string(),
    arguments: z.string().describe("JSON, as the model wrote it."),
    status: z
      .enum(["completed", "incomplete"])
      .optional()
      .describe("`incomplete` when the arguments were cut off: such a call is never run."),
    origin: Origin.optional(),
  })
  .meta({ id: "FunctionCallItem", description: "The model calls a tool." });
export type FunctionCallItem = z.infer<typeof FunctionCallItem>;

export const FunctionCallOutputItem = z
  .object({
    type: z.literal("function_call_output"),
    id: z.string().optional(),
    call_id: z.string(),
    output: z
      .string()
      .describe('JSON: `{"output": "...", "metadata": {"exit_code": 0, "duration_seconds": 0.1}}`.'),
  })
  .meta({ id: "FunctionCallOutputItem", description: "What came of a call." });
export type FunctionCallOutputItem = z.infer<typeof FunctionCallOutputItem>;

export const ReasoningItem = z
  .object({
    type: z.literal("reasoning"),
    id: z.string().optional(),
    summary: z
      .array(z.object({ type: z.literal("summary_text"), text: z.string() }))
      .describe("What may be shown."),
    content: z.array(z.object({ type: z.literal("reasoning_text"), text: z.string() })).optional(),
    encrypted_content: z.string().nullish().describe("Goes back to the provider as it came."),
    origin: Origin.optional(),
  })
  .meta({ id: "ReasoningItem", description: "What the model thought." });
export type ReasoningItem = z.infer<typeof ReasoningItem>;

/** Something that only its provider understands (a block of a server-side tool): kept in order, sent back unchanged. */
export const ProviderItem = z
  .object({ type: z.literal("provider_item"), id: z.string().optional(), origin: Origin })
  .meta({ id: "ProviderItem", description: "Something that only its provider understands." });
export type ProviderItem = z.infer<typeof ProviderItem>;

/** One entry of the canonical conversation. */
export const ResponseItem = z
  .discriminatedUnion("type", [
    MessageItem,
    FunctionCallItem,
    FunctionCallOutputItem,
    ReasoningItem,
    ProviderItem,
  ])
  .meta({ id: "ResponseItem", description: "One entry of the conversation." });
export type ResponseItem = z.infer<typeof ResponseItem>;

/** Token counts of one or more responses. */
export const Usage = z
  .object({
    input_tokens: z.number().describe("With those that were read from the cache or written to it."),
    cached_input_tokens: z.number(),
    cache_write_input_tokens: z.number(),
    hour_cache_write_input_tokens: z
      .number()
      .optional()
      .describe(
        "Of those that were written to the cache, the ones that are kept for an hour, which some providers charge more for.",
      ),
    output_tokens: z.number().describe("With the reasoning."),
    reasoning_output_tokens: z.number(),
    cost_usd: z.number().nullable().describe("US dollars; null when the price of a model is not known."),
    estimated: z
      .literal(true)
      .optional()
      .describe(
        "Some of it is an estimate: a response broke off, or was cancelled, before its provider had counted it.",
      ),
  })
  .meta({ id: "Usage", description: "Token counts of one or more responses, and their price." });
export type Usage = z.infer<typeof Usage>;
