import { z } from "zod";
import type { LogLine } from "../../contract/log.ts";
import { ClientMessage, ServerMessage } from "../../contract/message.ts";

/** A line's message, if it is one that this server knows. */
export type KnownMessage =
  | { from: "client"; message: ClientMessage }
  | { from: "server"; message: ServerMessage };

export function messageOf({ direction, message_data: data }: LogLine): KnownMessage | undefined {
  if (direction === "incoming") {
    const message = ClientMessage.safeParse(data).data;
    return message && { from: "client", message };
  }
  const message = ServerMessage.safeParse(data).data;
  return message && { from: "server", message };
}

const Typed = z.union([
  z.object({ type: z.string() }).transform(({ type }) => type),
  z.object({ event: z.string() }).transform(({ event }) => event),
]);

/** A message's `type`; of the session's own events their name; nothing for what is no message. */
export const typeOf = ({ message_data: data }: LogLine): string => Typed.safeParse(data).data ?? "";

const Output = z.object({
  output: z.string(),
  metadata: z
    .looseObject({
      exit_code: z.number().nullish(),
      duration_seconds: z.number().optional(),
    })
    .optional(),
});

/** What a call came to: `output` of a function_call_output is JSON text. */
export function readOutput(json: string): z.infer<typeof Output> {
  try {
    return Output.parse(JSON.parse(json));
  } catch {
    return { output: json };
  }
}
