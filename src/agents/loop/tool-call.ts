import type { AgentOutput, AuditFacts } from "../../contract/agent.ts";
import type { FunctionCallItem } from "../../contract/item.ts";
import type { ApprovalPolicy } from "../../contract/message.ts";
import {
  type Assessment,
  type ToolCall,
  type ToolContext,
  ToolError,
  type Toolbox,
} from "../../contract/tool.ts";
import type { Approvals } from "./approvals.ts";
import { type Ask, askUser } from "./ask.ts";
import { callOutput, type History, unrunOutput } from "./history.ts";
import { mintItemId } from "./ids.ts";
import { decide, type Grants } from "./policy.ts";

/** What a call needs from the loop. */
export interface CallParts {
  toolbox: Toolbox;
  context: ToolContext;
  history: History;
  policy: ApprovalPolicy;
  grants: Grants;
  approvals: Approvals;
  approvalTimeoutMs: number;
  explain: Ask["explain"];
}

/** `stop`: the user denied the call and ended the turn. */
type CallEnd = "answered" | "stop";

/**
 * Answers one call of the model: parse, assess, ask where the policy says so, run. Whatever goes wrong with the call
 * is its output, which the model reads.
 */
export async function* answerCall(
  item: FunctionCallItem,
  parts: CallParts,
  signal: AbortSignal,
): AsyncGenerator<AgentOutput, CallEnd> {
  const read = await readCall(item, parts);
  if ("problem" in read) {
    yield finish(item, parts.history, read.problem);
    return "answered";
  }
  const { call, assessment } = read;
  let patch: string | undefined;
  let shown: Assessment = assessment;
  const decision = decide(assessment, { ...parts, sandbox: parts.context.sandbox.mode });
  if (decision === "forbid") {
    yield finish(
      item,
      parts.history,
      "The sandbox is read-only, and nobody is asked: this patch was not applied.",
    );
    return "answered";
  }
  if (decision === "ask") {
    const permission = yield* askUser({ ...parts, item, call, assessment }, signal);
    if (permission.kind !== "run") {
      yield finish(item, parts.history, permission.output);
      return permission.kind === "deny-stop" ? "stop" : "answered";
    }
    patch = permission.patch;
    shown = permission.assessment;
  }
  yield toolStarted(item, call, shown);
  yield* runCall(item, call, parts, signal, patch);
  return "answered";
}

/** Reads a call, or says why it cannot be run: never run one whose arguments were cut off. */
async function readCall(
  item: FunctionCallItem,
  { toolbox, context }: CallParts,
): Promise<{ call: ToolCall; assessment: Assessment } | { problem: string }> {
  if (item.status === "incomplete") {
    return {
      problem:
        "This call was cut off before its arguments were complete, so it did not run. Send it again, shorter.",
    };
  }
  try {
    const call = toolbox.parse(item.name, item.arguments);
    return { call, assessment: await call.assess(context) };
  } catch (error) {
    if (error instanceof ToolError) return { problem: error.message };
    throw error;
  }
}

function finish(item: FunctionCallItem, history: History, problem: string): AgentOutput {
  const output = unrunOutput(item, problem);
  history.append(output);
  return { body: { type: "response_item", payload: output } };
}

function toolStarted(
  item: FunctionCallItem,
  call: ToolCall,
  { command, cwd, files }: Assessment,
): AgentOutput {
  const what = files ? { files: [...files] } : { command: [...command] };
  return {
    body: {
      type: "status",
      payload: { kind: "tool_started", callId: item.call_id, name: call.name, cwd, ...what },
    },
  };
}

async function* runCall(
  item: FunctionCallItem,
  call: ToolCall,
  { context, history }: CallParts,
  signal: AbortSignal,
  patch: string | undefined,
): AsyncGenerator<AgentOutput> {
  const id = mintItemId("function_call_output");
  let output = callOutput(item, "aborted", { exit_code: 1, duration_seconds: 0 }, id);
  let audit: AuditFacts | undefined;
  try {
    for await (const event of call.run(context, signal, patch)) {
      if (event.type === "output") {
        const payload = { itemId: id, kind: "output", delta: event.delta, callId: item.call_id } as const;
        yield { body: { type: "response_delta", payload } };
      } else {
        const text = [
          signal.aborted && "The user stopped this call while it ran. What it had said:",
          event.output,
        ];
        output = callOutput(item, text.filter(Boolean).join("\n"), event.metadata, id);
        if (event.facts) audit = { tool: event.facts };
      }
    }
  } catch (error) {
    if (error instanceof ToolError)
      output = callOutput(item, error.message, { exit_code: 1, duration_seconds: 0 }, id);
    else if (!signal.aborted) throw error;
  }
  history.append(output);
  yield { body: { type: "response_item", payload: output }, ...(audit && { audit }) };
}
