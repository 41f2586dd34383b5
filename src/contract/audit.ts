import { z } from "zod";
import { ClientInfo } from "./client.ts";
import { Provider, Usage } from "./item.ts";
import { Review } from "./message.ts";
import { StopReason } from "./model.ts";

const Stream = z.object({ bytes: z.number(), sha256: z.string() });

export const ToolFacts = z
  .object({
    argv: z.array(z.string()).readonly().exactOptional(),
    cwd: z.string().exactOptional(),
    sandbox: z.string().exactOptional(),
    exit_code: z.number().nullable().exactOptional().describe("null when a signal ended it."),
    signal: z.string().nullable().exactOptional(),
    timed_out: z.boolean().exactOptional(),
    duration_ms: z.number().exactOptional(),
    stdout: Stream.exactOptional(),
    stderr: Stream.exactOptional(),
    truncated: z.boolean().exactOptional().describe("The model read less than the tool wrote."),
    files: z
      .array(
        z.object({
          path: z.string(),
          before_sha256: z.string().nullable().describe("null where there was no file."),
          after_sha256: z.string().nullable().describe("null where there is none now."),
        }),
      )
      .exactOptional(),
  })
  .meta({ id: "ToolFacts", description: "What the record says of a tool's run. Hashes are hex SHA-256." });
export type ToolFacts = z.infer<typeof ToolFacts>;

const ResponseFacts = z.object({
  provider: Provider,
  requested_model: z.string(),
  served_model: z.string().exactOptional(),
  response_id: z.string(),
  stop: StopReason,
  usage: Usage,
});

const ApprovalFacts = z.object({
  request_id: z.string(),
  review: Review,
  decided_by: z.enum(["client", "policy", "timeout", "cancel"]),
  client: z.string().exactOptional(),
  latency_ms: z.number(),
  scope: z.string().exactOptional().describe("What ALWAYS covers from now on."),
  patch_edited: z.boolean().exactOptional(),
});

/** Who and how, for the log line of a message. */
export const AuditFacts = z
  .object({
    client: ClientInfo.exactOptional().describe("Who sent a message, or the only one who got it."),
    tool: ToolFacts.exactOptional(),
    response: ResponseFacts.exactOptional(),
    approval: ApprovalFacts.exactOptional(),
    copied: z
      .literal(true)
      .exactOptional()
      .describe("The line stood in the session that this one was forked from, which has paid for it."),
    redactions: z.number().exactOptional().describe("How many secrets were replaced in this line."),
    blobs: z
      .array(z.object({ sha256: z.string(), bytes: z.number() }))
      .exactOptional()
      .describe(
        "Long strings and images that are kept beside the log; the line has `blob:sha256:<sha256>` in their place.",
      ),
  })
  .meta({ id: "AuditFacts", description: "Who and how." });
export type AuditFacts = z.infer<typeof AuditFacts>;
