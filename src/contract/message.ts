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
  });

export const Review = z.enum(["YES", "NO", "NO_CONTINUE", "ALWAYS", "EXPLAIN"]);
export type Review = z.infer<typeof Review>;

const REVIEW_ALIASES: Record<string, string> = { "NO-EXIT": "NO", "NO-CONTINUE": "NO_CONTINUE" };

/** The seed's words in any letter case, and its ancestors' `no-exit` and `no-continue`. */
export const ReviewWord = z
  .string()
  .transform((word) => REVIEW_ALIASES[word.toUpperCase()] ?? word.toUpperCase())
  .pipe(Review);

const UserInputMessage = z.object({
  id: z.string(),
  type: z.literal("user_input"),
  payload: z.object({
    input: UserInputItems,
    previousResponseId: optional(z.string()),
    model: optional(z.string().min(1)),
  }),
});

const ApprovalResponseMessage = z.object({
  id: z.string(),
  type: z.literal("approval_response"),
  payload: z.object({
    review: ReviewWord,
    applyPatch: optional(z.object({ patch: z.string() })),
    customDenyMessage: optional(z.string()),
    requestId: optional(z.string()),
  }),
});

const withoutPayload = <Type extends string>(type: Type) =>
  z.object({ id: z.string(), type: z.literal(type), payload: z.unknown().optional() });

/** What a client may ask. */
export const ClientMessage = z.discriminatedUnion("type", [
  UserInputMessage,
  ApprovalResponseMessage,
  withoutPayload("cancel"),
  withoutPayload("get_context_info"),
  withoutPayload("manual_compact"),
]);
export type ClientMessage = z.infer<typeof ClientMessage>;

export const ApprovalPolicy = z.enum(["suggest", "auto-edit", "full-auto"]);
export type ApprovalPolicy = z.infer<typeof ApprovalPolicy>;

export const SandboxMode = z.enum(["read-only", "workspace-write", "danger-full-access"]);
export type SandboxMode = z.infer<typeof SandboxMode>;

/** One file of a patch: `diff` is a unified diff against the disk, `before_sha256` null where there was no file. */
export const FileChange = z.object({
  path: z.string(),
  kind: z.enum(["add", "update", "delete", "move"]),
  move_path: z.string().optional(),
  diff: z.string(),
  before_sha256: z.string().nullable(),
});
export type FileChange = z.infer<typeof FileChange>;

export const Risk = z.enum(["low", "medium", "high"]);
export type Risk = z.infer<typeof Risk>;

const ApprovalRequest = z.object({
  command: z.array(z.string()),
  applyPatch: z.object({ patch: z.string() }).optional(),
  callId: z.string(),
  tool: z.string(),
  cwd: z.string(),
  /** Why it asks, in words for a person. */
  reason: z.string(),
  risk: Risk,
  /** ISO 8601. */
  expiresAt: z.string(),
  files: z.array(FileChange).optional(),
});
export type ApprovalRequest = z.infer<typeof ApprovalRequest>;

const ApprovalResolved = z.object({
  requestId: z.string(),
  review: Review,
  decidedBy: z.enum(["client", "policy", "timeout", "cancel"]),
  /** The id of the client that decided. */
  client: z.string().optional(),
});

export const TurnStatus = z.enum(["completed", "cancelled", "failed"]);
export type TurnStatus = z.infer<typeof TurnStatus>;

export const ContextInfo = z.object({
  tokenCount: z.number(),
  usagePercent: z.number(),
  transcriptLength: z.number(),
  maxTokens: z.number(),
  strategy: z.string(),
});
export type ContextInfo = z.infer<typeof ContextInfo>;

const ContextCompacted = z.object({
  oldTokenCount: z.number(),
  newTokenCount: z.number(),
  reductionPercent: z.number(),
  strategy: z.string(),
  /** The ids of the items that the conversation consists of from now on, in order. */
  keptItems: z.array(z.string()).optional(),
});

const Status = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("retrying"), inMs: z.number(), reason: z.string(), attempt: z.number() }),
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
    /**
     * No response to continue from: it explained a call, summarised, or came to no good end. Of what broke off or was
     * cancelled, finished items are part of the conversation all the same; `responseId` is then empty.
     */
    aside: z.boolean().optional(),
  }),
  z.object({
    /** The conversation goes on from this response: later items are no part of it. */
    kind: z.literal("rewound"),
    responseId: z.string(),
  }),
  z.object({
    kind: z.literal("model_changed"),
    model: z.string(),
    provider: Provider,
    /** Why, when nobody asked for it. */
    reason: z.string().optional(),
  }),
  z.object({ kind: z.literal("named"), name: z.string() }),
  z.object({ kind: z.literal("archived"), archived: z.boolean() }),
  /** The conversation begins as a copy of another session's: what follows stands in that one's log too. */
  z.object({ kind: z.literal("forked"), from: z.string() }),
]);

const ErrorPayload = z.object({
  message: z.string(),
  details: z.looseObject({ code: ErrorCode }).optional(),
  retryable: z.boolean().optional(),
});

const SessionInfo = z.object({
  session_id: z.string(),
  model: z.string(),
  provider: Provider,
  workspace: z.string(),
  approvalPolicy: ApprovalPolicy,
  sandbox: SandboxMode,
  /** `running` while a turn runs. */
  state: z.enum(["idle", "running", "ended"]),
  head_seq: z.number(),
  server_version: z.string(),
});
export type SessionInfo = z.infer<typeof SessionInfo>;

const ResponseDelta = z.object({
  itemId: z.string(),
  kind: z.enum(["text", "reasoning", "arguments", "output"]),
  delta: z.string(),
  callId: z.string().optional(),
});
export type ResponseDelta = z.infer<typeof ResponseDelta>;

const serverMessage = <Type extends string, Payload extends z.ZodType>(type: Type, payload: Payload) =>
  z.object({ id: z.string(), type: z.literal(type), payload, seq: z.number().optional() });

/** What a server tells. `seq` is the log's number, for clients that asked for `stream=true`. */
export const ServerMessage = z.discriminatedUnion("type", [
  serverMessage("response_item", ResponseItem),
  serverMessage("loading_state", z.object({ loading: z.boolean() })),
  serverMessage("approval_request", ApprovalRequest),
  serverMessage("approval_resolved", ApprovalResolved),
  serverMessage(
    "agent_finished",
    z.object({ responseId: z.string(), status: TurnStatus, usage: Usage.optional() }),
  ),
  serverMessage("context_info", ContextInfo),
  serverMessage("context_compacted", ContextCompacted),
  serverMessage("status", Status),
  serverMessage("error", ErrorPayload),
  serverMessage("session_info", SessionInfo),
  serverMessage("response_delta", ResponseDelta),
]);
export type ServerMessage = z.infer<typeof ServerMessage>;

type WithoutEnvelope<Message> = Message extends { type: infer Type; payload: infer Payload }
  ? { type: Type; payload: Payload }
  : never;

/** A server message before the session gives it an id. */
export type ServerBody = WithoutEnvelope<ServerMessage>;
