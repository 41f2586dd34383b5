import { z } from "zod";

/** One piece of the arguments of a call: a value at a place, strings also in several pieces. */
const PartialArg = z.object({
  jsonPath: z.string(),
  stringValue: z.string().optional(),
  numberValue: z.number().optional(),
  boolValue: z.boolean().optional(),
  nullValue: z.unknown().optional(),
});
export type PartialArg = z.infer<typeof PartialArg>;

/** `willContinue`: the next part carries more of this call. Vertex AI alone sends calls in pieces. */
const FunctionCall = z.object({
  id: z.string().optional(),
  name: z.string().optional(),
  args: z.record(z.string(), z.unknown()).nullish(),
  partialArgs: z.array(PartialArg).nullish(),
  willContinue: z.boolean().nullish(),
});
export type FunctionCall = z.infer<typeof FunctionCall>;

const Part = z.looseObject({
  text: z.string().optional(),
  thought: z.boolean().optional(),
  thoughtSignature: z.string().optional(),
  functionCall: FunctionCall.optional(),
});
export type Part = z.infer<typeof Part>;

const UsageMetadata = z.object({
  promptTokenCount: z.number().optional(),
  toolUsePromptTokenCount: z.number().optional(),
  cachedContentTokenCount: z.number().optional(),
  candidatesTokenCount: z.number().optional(),
  thoughtsTokenCount: z.number().optional(),
});
export type UsageMetadata = z.infer<typeof UsageMetadata>;

/** `details` are told apart by their `@type`; only the fields that we use. */
const ErrorDetail = z.object({
  reason: z.string().optional(),
  retryDelay: z.string().optional(),
  violations: z.array(z.object({ quotaId: z.string().optional() })).optional(),
});

/** Google's word for an error, in an answer's body as in a stream. `status` is a name such as `UNAVAILABLE`. */
export const GoogleError = z.object({
  code: z.number().optional(),
  status: z.string().optional(),
  message: z.string().default("no reason given"),
  details: z.array(ErrorDetail.catch({})).optional(),
});
export type GoogleError = z.infer<typeof GoogleError>;

/** One event of the stream. Only one candidate is ever asked for. */
export const Chunk = z.object({
  error: GoogleError.optional(),
  candidates: z
    .array(
      z.object({
        content: z.object({ parts: z.array(Part).nullish() }).nullish(),
        finishReason: z.string().nullish(),
      }),
    )
    .nullish(),
  promptFeedback: z.object({ blockReason: z.string().nullish() }).nullish(),
  usageMetadata: UsageMetadata.nullish(),
  modelVersion: z.string().nullish(),
  responseId: z.string().nullish(),
});
export type Chunk = z.infer<typeof Chunk>;
