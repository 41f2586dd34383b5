import type { AgentOutput, ApprovalAnswer, AuditFacts } from "../../contract/agent.ts";
import type { FunctionCallItem } from "../../contract/item.ts";
import type { ApprovalRequest, Review } from "../../contract/message.ts";
import {
  type Assessment,
  type ToolCall,
  type ToolContext,
  ToolError,
  type Toolbox,
} from "../../contract/tool.ts";
import type { Approvals, Decision } from "./approvals.ts";
import { mintRequestId } from "./ids.ts";
import type { Grants } from "./policy.ts";

export interface Ask {
  item: FunctionCallItem;
  call: ToolCall;
  assessment: Assessment;
  toolbox: Toolbox;
  context: ToolContext;
  grants: Grants;
  approvals: Approvals;
  approvalTimeoutMs: number;
  /** Says what a call would do, as an assistant's message. */
  explain(item: FunctionCallItem, signal: AbortSignal): AsyncGenerator<AgentOutput, void>;
}

export type Permission =
  | { kind: "run"; assessment: Assessment; patch?: string }
  | { kind: "deny" | "deny-stop"; output: string };

/** Asks until the request has an answer that decides: an explanation or a patch that does not fit asks again. */
export async function* askUser(ask: Ask, signal: AbortSignal): AsyncGenerator<AgentOutput, Permission> {
  const requestId = mintRequestId();
  for (;;) {
    const asked = Date.now();
    const decision = ask.approvals.open(requestId, ask.approvalTimeoutMs, signal);
    yield { id: requestId, body: { type: "approval_request", payload: requestPayload(ask, asked) } };
    const made = await decision;
    const edited = await editedPatch(ask, made);
    if (edited instanceof ToolError) {
      yield {
        body: { type: "error", payload: { message: edited.message, details: { code: "invalid_message" } } },
      };
      continue;
    }
    const review = reviewOf(made);
    const scope = review === "ALWAYS" ? ask.grants.add(edited?.assessment ?? ask.assessment) : undefined;
    yield resolved(requestId, made, {
      request_id: requestId,
      review,
      decided_by: made.by,
      ...(made.by === "client" && { client: made.answer.client }),
      latency_ms: Date.now() - asked,
      ...(scope !== undefined && { scope }),
      ...(edited && { patch_edited: true }),
    });
    if (review === "EXPLAIN") yield* ask.explain(ask.item, signal);
    else return permission(made, edited ?? { assessment: ask.assessment });
  }
}

function requestPayload({ item, call, assessment, approvalTimeoutMs }: Ask, now: number): ApprovalRequest {
  const { command, cwd, reason, risk, patch, files } = assessment;
  return {
    command: [...command],
    ...(patch !== undefined && { applyPatch: { patch } }),
    callId: item.call_id,
    tool: call.name,
    cwd,
    reason,
    risk,
    expiresAt: new Date(now + approvalTimeoutMs).toISOString(),
    ...(files && { files: [...files] }),
  };
}

interface Edited {
  assessment: Assessment;
  patch?: string;
}

/** The user's own patch, checked like the model's; a ToolError says why it cannot be applied. */
async function editedPatch(ask: Ask, decision: Decision): Promise<Edited | ToolError | undefined> {
  if (decision.by !== "client" || !allows(decision.answer)) return undefined;
  const { patch } = decision.answer;
  if (patch === undefined || patch === ask.assessment.patch) return undefined;
  if (ask.assessment.patch === undefined) {
    return new ToolError(
      "This request is for a command, but the answer brings a patch: it still waits for an answer.",
    );
  }
  try {
    const assessment = await ask.toolbox
      .parse("apply_patch", JSON.stringify({ input: patch }))
      .assess(ask.context);
    return { assessment, patch };
  } catch (error) {
    if (error instanceof ToolError)
      return new ToolError(`The edited patch cannot be applied: ${error.message}`);
    throw error;
  }
}

const allows = ({ review }: ApprovalAnswer) => review === "YES" || review === "ALWAYS";

const reviewOf = (decision: Decision): Review =>
  decision.by === "client" ? decision.answer.review : UNANSWERED[decision.by];

const UNANSWERED = { timeout: "NO_CONTINUE", cancel: "NO" } as const;

function resolved(
  requestId: string,
  decision: Decision,
  approval: NonNullable<AuditFacts["approval"]>,
): AgentOutput {
  const client = decision.by === "client" ? { client: decision.answer.client } : {};
  return {
    body: {
      type: "approval_resolved",
      payload: { requestId, review: approval.review, decidedBy: decision.by, ...client },
    },
    audit: { approval },
  };
}

function permission(decision: Decision, { assessment, patch }: Edited): Permission {
  if (decision.by === "timeout") {
    return {
      kind: "deny",
      output: "Nobody answered the request for approval in time, so this call did not run.",
    };
  }
  if (decision.by === "cancel") return { kind: "deny-stop", output: "aborted" };
  if (allows(decision.answer)) return { kind: "run", assessment, ...(patch !== undefined && { patch }) };
  const { denyMessage, review } = decision.answer;
  const said = denyMessage ? ` The user says: ${denyMessage}` : "";
  return {
    kind: review === "NO" ? "deny-stop" : "deny",
    output: `The user declined this call, so it did not run.${said}`,
  };
}
