import { z } from "zod";
import type { ApprovalPolicy } from "../../contract/message.ts";
import { SandboxMode } from "../../contract/message.ts";
import { invalidRequest } from "./frame.ts";

/** A field that a client may leave out or send as null. */
const optional = <Schema extends z.ZodType>(schema: Schema) =>
  schema.nullish().transform((value) => value ?? undefined);

const text = optional(z.string());

/** The Codex app-server's words, those of older clients, and ours. */
const POLICIES: Record<string, ApprovalPolicy> = {
  untrusted: "suggest",
  "on-request": "suggest",
  never: "full-auto",
  unlessTrusted: "suggest",
  onRequest: "suggest",
  onFailure: "suggest",
  suggest: "suggest",
  "auto-edit": "auto-edit",
  "full-auto": "full-auto",
};

const expectedPolicy = `expected one of ${Object.keys(POLICIES).join(", ")}`;

/** The word is kept, so that a client reads its own one again. */
const Policy = z.string({ error: expectedPolicy }).transform((word, context) => {
  const policy = Object.hasOwn(POLICIES, word) ? POLICIES[word] : undefined;
  if (policy !== undefined) return { word, policy };
  context.addIssue({
    code: "custom",
    message: `${expectedPolicy}; came ${JSON.stringify(word.slice(0, 64))}`,
  });
  return z.NEVER;
});

const notSupported = (why: string) =>
  z
    .unknown()
    .refine((value) => value === undefined || value === null || value === false, {
      error: `not supported: ${why}`,
    })
    .optional();

/** What a thread is to be like. */
const Thread = {
  cwd: text,
  model: text,
  approvalPolicy: optional(Policy),
  sandbox: optional(SandboxMode),
  ephemeral: notSupported("every thread is in the log"),
  dynamicTools: notSupported("the server's tools are those of its toolbox"),
  baseInstructions: text,
  developerInstructions: text,
  config: optional(z.record(z.string(), z.unknown())),
};

const ofThread = { threadId: z.string() };

const expectedPart = "expected a part of type text, image (with a url), skill or mention";

const UserPart = z.discriminatedUnion(
  "type",
  [
    z.object({ type: z.literal("text"), text: z.string() }),
    z.object({
      type: z.literal("image"),
      url: z.string(),
      detail: optional(z.enum(["auto", "low", "high", "original"])),
    }),
    /** What they refer to stands in the text already. */
    z.object({ type: z.literal("skill"), name: z.string(), path: z.string() }),
    z.object({ type: z.literal("mention"), name: z.string(), path: z.string() }),
  ],
  { error: expectedPart },
);
export type UserPart = z.infer<typeof UserPart>;

const Input = z.array(UserPart).min(1);

const paging = {
  cursor: text,
  limit: optional(z.int().min(0).max(4_294_967_295)),
  sortDirection: optional(z.enum(["asc", "desc"])),
};

const SANDBOX_MODES = {
  readOnly: "read-only",
  workspaceWrite: "workspace-write",
  dangerFullAccess: "danger-full-access",
} as const;

const SandboxPolicy = z
  .object({ type: z.enum(["readOnly", "workspaceWrite", "dangerFullAccess"]) })
  .transform(({ type }) => SANDBOX_MODES[type]);

export const Initialize = z.object({
  clientInfo: z.object({ name: z.string(), version: z.string(), title: text }),
  capabilities: optional(z.object({ optOutNotificationMethods: optional(z.array(z.string())) })),
});

export const ThreadStart = z.object(Thread);
export type ThreadStart = z.infer<typeof ThreadStart>;

export const ThreadResume = z.object({ ...ofThread, ...Thread, excludeTurns: optional(z.boolean()) });

export const ThreadFork = z.object({
  ...ofThread,
  ...Thread,
  lastTurnId: text,
  excludeTurns: optional(z.boolean()),
});

export const OfThread = z.object(ofThread);

export const ThreadRead = z.object({ ...ofThread, includeTurns: optional(z.boolean()) });

export const ThreadSetName = z.object({ ...ofThread, name: z.string().trim().min(1) });

export const ThreadList = z.object({
  ...paging,
  archived: optional(z.boolean()),
  cwd: optional(z.union([z.string(), z.array(z.string())])),
  excludedThreadIds: optional(z.array(z.string()).max(100)),
  modelProviders: optional(z.array(z.string())),
  searchTerm: text,
  sortKey: optional(z.enum(["created_at", "updated_at", "recency_at", "section_position"])),
});
export type ThreadList = z.infer<typeof ThreadList>;

export const TurnsList = z.object({
  ...ofThread,
  ...paging,
  itemsView: optional(z.enum(["notLoaded", "summary", "full"])),
});

export const ItemsList = z.object({ ...ofThread, ...paging, turnId: text });

export const LoadedList = z.object({ cursor: text, limit: paging.limit });

export const TurnStart = z.object({
  ...ofThread,
  input: Input,
  cwd: text,
  model: text,
  approvalPolicy: optional(Policy),
  sandboxPolicy: optional(SandboxPolicy),
  outputSchema: notSupported("answers are not bound to a schema"),
});
export type TurnStart = z.infer<typeof TurnStart>;

export const TurnSteer = z.object({ ...ofThread, input: Input, expectedTurnId: z.string() });

export const TurnInterrupt = z.object({ ...ofThread, turnId: z.string() });

export const ModelList = z.object({ cursor: text, limit: paging.limit });

export const ConfigRead = z.object({ cwd: text });

export const Anything = z.unknown();

/** Throws RpcError that names the field, what was expected, and what came. */
export function readParams<Schema extends z.ZodType>(schema: Schema, params: unknown): z.output<Schema> {
  const read = schema.safeParse(params ?? {}, { reportInput: true });
  if (read.success) return read.data;
  if (params === undefined || params === null)
    throw invalidRequest("Invalid request: missing field `params`");
  const [issue] = read.error.issues;
  const path = issue?.path.join(".") ?? "";
  if (issue && issue.code !== "custom" && issue.input === undefined) {
    throw invalidRequest(`Invalid request: missing field \`${path}\`: ${issue.message}`);
  }
  throw invalidRequest(`Invalid request: ${path === "" ? "params" : path}: ${issue?.message ?? "not valid"}`);
}
