import { z } from "zod";
import { ClientMessage, ServerMessage } from "../contract/message.ts";
import { LogEvent, LogLine } from "../contract/record.ts";
import { CLIENT_EXAMPLES, LOG_LINE_EXAMPLE, SERVER_EXAMPLES } from "./examples.ts";

/** A thing that has a name, a schema and examples. */
export interface Described {
  name: string;
  schema: z.ZodType;
  examples: readonly unknown[];
}

export const CLIENT_MESSAGES: readonly Described[] = ClientMessage.options.map((schema) => {
  const name = schema.shape.type.value;
  return { name, schema, examples: CLIENT_EXAMPLES[name] };
});

export const SERVER_MESSAGES: readonly Described[] = ServerMessage.options.map((schema) => {
  const name = schema.shape.type.value;
  return { name, schema, examples: SERVER_EXAMPLES[name] };
});

const hash = z.string().regex(/^[0-9a-f]{64}$/);

const Chained = LogLine.extend({
  salt: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .optional()
    .describe("Keeps a short message from being guessed. Absent where the content has been erased."),
  data_hash: hash.describe("SHA-256 over the salt and the bytes of `message_data` and `audit`."),
  prev_hash: hash.describe("The `hash` of the line before."),
  hash: hash.describe("SHA-256 over the line's own bytes without salt, `message_data` and `audit`."),
});

/** As the messages of one direction stand in the file of a session. */
const FileLine = z
  .discriminatedUnion("direction", [
    Chained.extend({
      direction: z.literal("incoming"),
      event_type: z.literal("websocket_message_received"),
      message_data: z
        .unknown()
        .describe(
          "What came, as it came: usually a ClientMessage. A LogEvent where the log speaks of itself, and the " +
            "beginning of the text where a frame was refused.",
        ),
    }),
    Chained.extend({
      direction: z.literal("outgoing"),
      event_type: z.literal("websocket_message_sent"),
      message_data: z.union([ServerMessage, LogEvent]).describe("What was told; or the mark of its erasure."),
    }),
  ])
  .describe(
    "One line of `<session_id>.jsonl`. The deltas of a `response_delta` are joined; `timing` has the milliseconds and " +
      "the length of each.",
  );

const FILE_LINE: Described = { name: "LogFileLine", schema: FileLine, examples: [LOG_LINE_EXAMPLE] };

const everyExample = (messages: readonly Described[]) => messages.flatMap(({ examples }) => examples);

/** What has a document of its own. */
export const SCHEMA_DOCUMENTS: readonly Described[] = [
  { name: "ClientMessage", schema: ClientMessage, examples: everyExample(CLIENT_MESSAGES) },
  { name: "ServerMessage", schema: ServerMessage, examples: everyExample(SERVER_MESSAGES) },
  FILE_LINE,
  ...CLIENT_MESSAGES,
  ...SERVER_MESSAGES,
];
