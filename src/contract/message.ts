import { z } from "zod";
import { ErrorCode } from "./error.ts";
import { InputImage, InputText, Provider, ResponseItem, Usage } from "./item.ts";

/** A field that a client may leave out or send as null. */
const optional = <Schema extends z.ZodType>(schema: Schema) =>
  schema.nullish().transform((value) => value ?? undefined);

const InputPart = z.discriminatedUnion("type", [InputText, InputImage]);

const InputMessage = z
  .object({
    type: z.literal("message").nullish(),
    role: z.enum(["user", "system", "developer"]),
    content: z.union([z.string(), z.array(InputPart).min(1)]),
  })
  .meta({ id: "InputMessage", description: "What somebody says." })
  .transform((message) => ({
    type: "message" as const,
    role: message.role,
    content:
      typeof message.content === "string"
        ? [{ type: "input_text" as const, text: message.content }]
        : message.content,
  }));

/** A user's (or system) message as it enters a conversation. */
export type InputItem = z.infer<typeof InputMessage>;

const userMessage = (content: InputItem["content"]): InputItem => ({
  type: "message",
  role: "user",
  content,
});

/** Accepts ResponseInputItem messages, bare content parts (as in the seed's log), and a plain string. */
const UserInputItems = z
  .union([z.string().min(1), z.array(InputPart).min(1), z.array(InputMessage).min(1)], {
    error:
      "expected a text, a list of parts {type: input_text, text} or {type: input_image, image_url}, or a list of " +
      "messages {role: user|system|developer, content: a text or such parts}, none of them empty",
  })
  .transform((input): InputItem[] => {
    if (typeof input === "string") return [userMessage([{ type: "input_text", text: input }])];
    const parts: InputItem["content"] = [];
    const messages: InputItem[] = [];
    for (const entry of input) {
      if (entry.type === "message") messages.push(entry);
      else parts.push(entry);
    }
    return parts.length > 0 ? [userMessage(parts)] : messages;
  })
  .describe("A text, a list of its parts, or a list of messages.");

export const Review = z.enum(["YES", "NO", "NO_CONTINUE", "ALWAYS", "EXPLAIN"]);
export type Review = z.infer<typeof Review>;

const REVIEW_ALIASES: Record<string, string> = { "NO-EXIT": "NO", "NO-CONTINUE": "NO_CONTINUE" };

/** The words in any letter case, and its ancestors' `no-exit` and `no-continue`. */
export const ReviewWord = z
  .string()
  .transform((word) => REVIEW_ALIASES[word.toUpperCase()] ?? word.toUpperCase())
  .pipe(Review)
  .describe("YES, NO (and stop), NO_CONTINUE, ALWAYS or EXPLAIN, in any letter case.");

const ClientMessageId = z.string().describe("The client's own.");

const UserInputMessage = z
  .object({
    id: ClientMessageId,
    type: z.literal("user_input"),
    payload: z.object({
      input: UserInputItems,
      previousResponseId: optional(z.string()).describe(
        "The conversation goes on from this response: later items are left out of it.",
      ),
      model: optional(z.string().min(1)).describe("For this turn and those that follow."),
    }),
  })
  .meta({ id: "user_input", description: "Begins a turn. While one runs, the agent reads it in between." });

const ApprovalResponseMessage = z
  .object({
    id: ClientMessageId,
    type: z.literal("approval_response"),
    payload: z.object({
      review: ReviewWord,
      applyPatch: optional(z.object({ patch: z.string() })).describe(
        "With YES: the patch to apply in place of the one that was asked for.",
      ),
      customDenyMessage: optional(z.string()).describe("With NO and NO_CONTINUE: what the model is told."),
      requestId: optional(z.string()).describe("The `id` of the request; the open one when absent."),
    }),
  })
  .meta({ id: "approval_response", description: "Answers an `approval_request`." });

const withoutPayload = <Type extends string>(type: Type, description: string) =>
  z
    .object({ id: ClientMessageId, type: z.literal(type), payload: z.unknown().optional() })
    .meta({ id: type, description });

/** What a client may ask. */
export const ClientMessage = z.discriminatedUnion("type", [
  UserInputMessage,
  ApprovalResponseMessage,
  withoutPayload("cancel", "Stops the turn: `agent_finished` says `cancelled`."),
  withoutPayload("get_context_info", "Asks how full the context is. Answered by `context_info`."),
  withoutPayload("manual_compact", "Replaces older items by a summary. Answered by `context_compacted`."),
]);
export type ClientMessage = z.infer<typeof ClientMessage>;

export const ApprovalPolicy = z.enum(["suggest", "auto-edit", "full-auto"]);
export type ApprovalPolicy = z.infer<typeof ApprovalPolicy>;

export const SandboxMode = z.enum(["read-only", "workspace-write", "danger-full-access"]);
export type SandboxMode = z.infer<typeof SandboxMode>;

export const FileChange = z
  .object({
    path: z.string(),
    kind: z.enum(["add", "update", "delete", "move"]),
    move_path: z.string().optional(),
    diff: z.string().describe("A unified diff against the disk."),
    before_sha256: z.string().nullable().describe("null where there was no file."),
  })
  .meta({ id: "FileChange", description: "One file of a patch." });
export type FileChange = z.infer<typeof FileChange>;

export const Risk = z.enum(["low", "medium", "high"]);
export type Risk = z.infer<typeof Risk>;

export const ApprovalRequest = z.object({
  command: z.array(z.string()),
  applyPatch: z.object({ patch: z.string() }).optional(),
  callId: z.string(),
  tool: z.string(),
  cwd: z.string(),
  reason: z.string().describe("Why it asks, in words for a person."),
  risk: Risk,
  expiresAt: z.string().describe("ISO 8601: denied if nobody has answered by then."),
  files: z.array(FileChange).optional(),
});
export type ApprovalRequest = z.infer<typeof ApprovalRequest>;

const ApprovalResolved = z.object({
  requestId: z.string(),
  review: Review,
  decidedBy: z.enum(["client", "policy", "timeout", "cancel"]),
  client: z.string().optional().describe("The id of the client that decided."),
});

export const TurnStatus = z.enum(["completed", "cancelled", "failed"]);
export type TurnStatus = z.infer<typeof TurnStatus>;

export const ContextInfo = z.object({
  tokenCount: z.number(),
  usagePercent: z.number().describe("0 to 100."),
  transcriptLength: z.number().describe("Items of the conversation."),
  maxTokens: z.number(),
  strategy: z.string(),
});
export type ContextInfo = z.infer<typeof ContextInfo>;

const ContextCompacted = z.object({
  oldTokenCount: z.number(),
  newTokenCount: z.number(),
  reductionPercent: z.number(),
  strategy: z.string(),
  keptItems: z
    .array(z.string())
    .optional()
    .describe("The ids of the items that the conversation consists of from now on, in order."),
});

const Status = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("retrying"),
    inMs: z.number().describe("Milliseconds."),
    reason: z.string(),
    attempt: z.number(),
  }),
  z.object({
    kind: z.literal("tool_started"),
    callId: z.string(),
    name: z.string(),
    command: z.array(z.string()).optional(),
    cwd: z.string().optional(),
    files: z.array(FileChange).optional(),
  }),
  z.object({
    kind: z.literal("response_finished"),
    responseId: z.string(),
    provider: Provider,
    model: z.string(),
    usage: Usage,
    aside: z
      .boolean()
      .optional()
      .describe(
        "No response to continue from: it explained a call, summarised, or came to no good end. Of what broke off or " +
          "was cancelled, finished items are part of the conversation all the same; `responseId` is then empty.",
      ),
  }),
  z.object({
    kind: z.literal("rewound"),
    responseId: z
      .string()
      .describe("The conversation goes on from this response: later items are no part of it."),
  }),
  z.object({
    kind: z.literal("model_changed"),
    model: z.string(),
    provider: Provider,
    reason: z.string().optional().describe("Why, when nobody asked for it."),
  }),
  z.object({ kind: z.literal("named"), name: z.string() }),
  z.object({ kind: z.literal("archived"), archived: z.boolean() }),
  z.object({
    kind: z.literal("forked"),
    from: z
      .string()
      .describe("The conversation begins as a copy of this session's: what follows stands in its log too."),
  }),
]);

const ErrorPayload = z.object({
  message: z.string(),
  details: z.looseObject({ code: ErrorCode }).optional(),
  retryable: z.boolean().optional(),
});

const SessionInfo = z
  .object({
    session_id: z.string(),
    model: z.string(),
    provider: Provider,
    workspace: z.string(),
    approvalPolicy: ApprovalPolicy,
    sandbox: SandboxMode,
    state: z.enum(["idle", "running", "ended"]).describe("`running` while a turn runs."),
    head_seq: z.number().describe("The newest line of its log."),
    server_version: z.string(),
  })
  .meta({ id: "SessionInfo", description: "A session as it is now." });
export type SessionInfo = z.infer<typeof SessionInfo>;

const ResponseDelta = z.object({
  itemId: z.string(),
  kind: z.enum(["text", "reasoning", "arguments", "output"]),
  delta: z.string(),
  callId: z.string().optional().describe("Of the call whose arguments or output it is."),
});
export type ResponseDelta = z.infer<typeof ResponseDelta>;

const LogNumber = z.number().describe("The log's number, for clients that asked for `stream=true`.");

const serverMessage = <Type extends string, Payload extends z.ZodType>(
  type: Type,
  description: string,
  payload: Payload,
) =>
  z
    .object({ id: z.string(), type: z.literal(type), payload, seq: LogNumber.optional() })
    .meta({ id: type, description });

const LoadingState = z.object({ loading: z.boolean() });
const AgentFinished = z.object({ responseId: z.string(), status: TurnStatus, usage: Usage.optional() });

/** What a server tells. */
export const ServerMessage = z.discriminatedUnion("type", [
  serverMessage("response_item", "A finished item of the conversation.", ResponseItem),
  serverMessage("loading_state", "A turn begins, or ends.", LoadingState),
  serverMessage("approval_request", "A call waits for an answer. `id` is the request's id.", ApprovalRequest),
  serverMessage("approval_resolved", "A request has been answered, by whomever.", ApprovalResolved),
  serverMessage("agent_finished", "The last message of every turn, also after an error.", AgentFinished),
  serverMessage("context_info", "How full the context is.", ContextInfo),
  serverMessage("context_compacted", "Older items were replaced by a summary.", ContextCompacted),
  serverMessage("status", "What happens beside the conversation.", Status),
  serverMessage("error", "Something went wrong; a tool that fails is an output instead.", ErrorPayload),
  serverMessage("session_info", "The first message after attaching.", SessionInfo),
  serverMessage(
    "response_delta",
    "What is generated, as it comes; the finished item repeats it.",
    ResponseDelta,
  ),
]);
export type ServerMessage = z.infer<typeof ServerMessage>;

type WithoutEnvelope<Message> = Message extends { type: infer Type; payload: infer Payload }
  ? { type: Type; payload: Payload }
  : never;

/** A server message before the session gives it an id. */
export type ServerBody = WithoutEnvelope<ServerMessage>;
