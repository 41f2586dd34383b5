import { z } from "zod";

const optional = <Schema extends z.ZodType>(schema: Schema) =>
  schema.nullish().transform((value) => value ?? undefined);

const id = z
  .string("expected the session_id of a conversation")
  .describe("The id of the session whose stream waits for an answer.");

/** The body of `POST /messages`. */
export const MessagesRequest = z
  .discriminatedUnion(
    "type",
    [
      z.object({
        type: z.literal("user_message"),
        message: z.string("expected the text of the message").min(1),
        work_dir: optional(z.string().min(1)).describe("Within the server's WORK_ROOTS."),
        id: optional(z.string().max(256)).describe("What every event carries; the session's id when absent."),
        model: optional(z.string().min(1)),
      }),
      z.object({ type: z.literal("user_confirm"), id }),
      z.object({ type: z.literal("user_cancel"), id }),
      z.object({ type: z.literal("user_edit"), id, message: z.string("expected the correction").min(1) }),
    ],
    { error: "expected one of user_message, user_confirm, user_cancel, user_edit" },
  )
  .meta({ id: "MessagesRequest", description: "One conversation, or an answer to what it waits for." });
export type MessagesRequest = z.infer<typeof MessagesRequest>;
