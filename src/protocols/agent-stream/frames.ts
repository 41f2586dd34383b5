import { z } from "zod";
import { ApprovalPolicy, type Review, ReviewWord } from "../../contract/message.ts";

const DECISIONS: Record<string, Review> = { ALLOW: "YES", DENY: "NO_CONTINUE" };

const Decision = z
  .string()
  .transform((word) => DECISIONS[word.toUpperCase()] ?? word)
  .pipe(ReviewWord)
  .describe("`allow` and `deny`, or YES, NO, NO_CONTINUE, ALWAYS, EXPLAIN, in any letter case.");

const SessionName = z
  .string()
  .min(1)
  .max(256)
  .describe("The client's name for its session, or a session's own id.");

const optional = <Schema extends z.ZodType>(schema: Schema) =>
  schema.nullish().transform((value) => value ?? undefined);

const ConfigOverrides = z.object({
  model: optional(z.string().min(1)),
  approvalPolicy: optional(ApprovalPolicy),
  stream: optional(z.boolean()).describe("Send partial text and output as it comes."),
});

const UserMessage = z.object({
  type: z.literal("user_message"),
  sessionId: optional(SessionName),
  content: z.string().min(1),
  imagePaths: optional(z.array(z.string().min(1)).max(16)).describe("Inside the session's workspace."),
  configOverrides: optional(ConfigOverrides),
});
export type UserMessage = z.infer<typeof UserMessage>;

/** What a client may send. */
export const ClientFrame = z
  .discriminatedUnion("type", [
    UserMessage,
    z.object({
      type: z.literal("approve"),
      sessionId: optional(SessionName),
      commandId: z.string(),
      decision: Decision,
      explanation: optional(z.string()),
    }),
    z.object({ type: z.literal("cancel"), sessionId: optional(SessionName) }),
    z.object({ type: z.literal("heartbeat") }),
  ])
  .meta({ id: "AgentStreamFrame", description: "A frame that a client sends." });
export type ClientFrame = z.infer<typeof ClientFrame>;
