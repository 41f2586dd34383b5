import { z } from "zod";

/** What we read of the app-server's messages: only the fields that we use, and unknown ones let pass. */

const Id = z.union([z.string(), z.number()]);

export const Frame = z.object({
  id: Id.nullish(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string() }).optional(),
});

export type RequestId = z.infer<typeof Id>;

const ofTurn = { threadId: z.string(), turnId: z.string() };

const text = z.object({ text: z.string() });

/** An item of the model's own protocol, as the engine's history has it. */
export const RawItem = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("message"),
    id: z.string().nullish(),
    role: z.string(),
    content: z.array(
      z.looseObject({ type: z.string(), text: z.string().optional(), refusal: z.string().optional() }),
    ),
    phase: z.string().nullish(),
  }),
  z.object({
    type: z.literal("reasoning"),
    id: z.string().nullish(),
    summary: z.array(text),
    content: z.array(text).nullish(),
    encrypted_content: z.string().nullish(),
  }),
  z.object({
    type: z.literal("function_call"),
    id: z.string().nullish(),
    name: z.string(),
    namespace: z.string().nullish(),
    arguments: z.string(),
    call_id: z.string(),
  }),
  z.object({
    type: z.literal("custom_tool_call"),
    id: z.string().nullish(),
    name: z.string(),
    input: z.string(),
    call_id: z.string(),
  }),
  z.object({ type: z.literal("function_call_output"), call_id: z.string(), output: z.unknown() }),
  z.object({ type: z.literal("custom_tool_call_output"), call_id: z.string(), output: z.unknown() }),
]);
export type RawItem = z.infer<typeof RawItem>;
export type RawCall = Extract<RawItem, { type: "function_call" | "custom_tool_call" }>;

const Tokens = z.object({
  inputTokens: z.number(),
  cachedInputTokens: z.number().default(0),
  cacheWriteInputTokens: z.number().default(0),
  outputTokens: z.number(),
  reasoningOutputTokens: z.number().default(0),
  totalTokens: z.number(),
});
export type Tokens = z.infer<typeof Tokens>;

/** One file of a patch. `diff`: a unified diff without its header for `update`, else the file's text. */
const Change = z.object({
  path: z.string(),
  diff: z.string(),
  kind: z.discriminatedUnion("type", [
    z.object({ type: z.literal("add") }),
    z.object({ type: z.literal("delete") }),
    z.object({ type: z.literal("update"), move_path: z.string().nullish() }),
  ]),
});
export type Change = z.infer<typeof Change>;

/** What the engine does, as it shows it to people. */
const Item = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("commandExecution"),
    id: z.string(),
    command: z.string(),
    cwd: z.string(),
    status: z.string(),
    aggregatedOutput: z.string().nullish(),
    exitCode: z.number().nullish(),
    durationMs: z.number().nullish(),
  }),
  z.object({ type: z.literal("fileChange"), id: z.string(), changes: z.array(Change), status: z.string() }),
  z.object({ type: z.literal("agentMessage"), id: z.string() }),
  z.object({ type: z.literal("reasoning"), id: z.string() }),
  z.object({ type: z.literal("contextCompaction"), id: z.string() }),
]);
export type EngineItem = z.infer<typeof Item>;

export const TurnError = z.object({
  message: z.string(),
  codexErrorInfo: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
  additionalDetails: z.string().nullish(),
});
export type TurnError = z.infer<typeof TurnError>;

const Turn = z.object({ id: z.string(), status: z.string(), error: TurnError.nullish() });

const told = <Method extends string, Params extends z.ZodType>(method: Method, params: Params) =>
  z.object({ method: z.literal(method), params });

const delta = z.object({ ...ofTurn, itemId: z.string(), delta: z.string() });

/** Notifications of a turn. */
export const Told = z.discriminatedUnion("method", [
  told("rawResponseItem/completed", z.object({ ...ofTurn, item: z.unknown() })),
  told("rawResponse/completed", z.object({ ...ofTurn, responseId: z.string(), usage: Tokens.nullish() })),
  told("item/started", z.object({ ...ofTurn, item: z.unknown() })),
  told("item/completed", z.object({ ...ofTurn, item: z.unknown() })),
  told("item/agentMessage/delta", delta),
  told("item/reasoning/summaryTextDelta", delta),
  told("item/commandExecution/outputDelta", delta),
  told(
    "thread/tokenUsage/updated",
    z.object({
      ...ofTurn,
      tokenUsage: z.object({ last: Tokens, modelContextWindow: z.number().nullish() }),
    }),
  ),
  told("model/rerouted", z.object({ ...ofTurn, toModel: z.string(), reason: z.unknown() })),
  told("error", z.object({ ...ofTurn, error: TurnError, willRetry: z.boolean() })),
  told("turn/started", z.object({ threadId: z.string(), turn: Turn })),
  told("turn/completed", z.object({ threadId: z.string(), turn: Turn })),
]);
export type Told = z.infer<typeof Told>;

export const readItem = (item: unknown): EngineItem | undefined => Item.safeParse(item).data;
export const readRawItem = (item: unknown): RawItem | undefined => RawItem.safeParse(item).data;

const asked = { threadId: z.string(), turnId: z.string(), itemId: z.string() };

/** Requests of the engine that are put to people; all others are refused. */
export const Asked = z.discriminatedUnion("method", [
  told(
    "item/commandExecution/requestApproval",
    z.object({
      ...asked,
      kind: z.string().default("command"),
      cwd: z.string().nullish(),
      command: z.string().nullish(),
      additionalPermissions: z.unknown().optional(),
      networkApprovalContext: z.unknown().optional(),
    }),
  ),
  told("item/fileChange/requestApproval", z.object({ ...asked, grantRoot: z.string().nullish() })),
]);
export type Asked = z.infer<typeof Asked>;

export const ThreadStarted = z.object({
  thread: z.object({ id: z.string() }),
  model: z.string(),
  approvalPolicy: z.unknown(),
  sandbox: z.object({ type: z.string() }),
  activePermissionProfile: z.object({ id: z.string() }).nullish(),
});

export const TurnStarted = z.object({ turn: z.object({ id: z.string() }) });
