import type { AgentOutput } from "../../contract/agent.ts";
import {
  type Assessment,
  type ToolCall,
  type ToolContext,
  ToolError,
  type Toolbox,
} from "../../contract/tool.ts";
import type { Message } from "./app-server.ts";
import type { OpenCall } from "./open-calls.ts";
import { patchOf } from "./patch.ts";
import type { Desk } from "./ports.ts";
import { Asked } from "./wire.ts";

export interface JudgeParts {
  toolbox: Toolbox;
  context: ToolContext;
  desk: Desk;
}

/** What the engine is answered. With `output` the call is denied, and this is what is told of it. */
export interface Verdict {
  decision: "accept" | "decline" | "cancel";
  assessment?: Assessment;
  output?: string;
}

/** Reads what the engine asks; undefined for what is never put to people. */
export const readAsked = ({ method, params }: Message): Asked | undefined =>
  Asked.safeParse({ method, params }).data;

/** Judges a request as the loop judges a call: by our own rules, the session's policy, and a person where those ask. */
export async function* judge(
  asked: Asked,
  call: OpenCall | undefined,
  { toolbox, context, desk }: JudgeParts,
  signal: AbortSignal,
): AsyncGenerator<AgentOutput, Verdict> {
  if (call === undefined) return { decision: "decline" };
  const read = await understand(asked, call, { toolbox, context });
  if ("problem" in read) return { decision: "decline", output: read.problem };
  const { assessment, toolCall } = read;
  switch (desk.decide(assessment)) {
    case "run":
      return { decision: "accept", assessment };
    case "forbid":
      return {
        decision: "decline",
        output: "The sandbox is read-only, and nobody is asked: this patch was not applied.",
      };
    case "ask": {
      const question = { item: call.item, call: toolCall, assessment, explain: () => explain(assessment) };
      const permission = yield* desk.ask(question, signal);
      if (permission.kind === "run") return { decision: "accept", assessment };
      return { decision: permission.kind === "deny" ? "decline" : "cancel", output: permission.output };
    }
  }
}

type Understood = { assessment: Assessment; toolCall: ToolCall } | { problem: string };

/** What cannot be read, or asks for more than the sandbox allows, is never put to anybody. */
async function understand(
  asked: Asked,
  call: OpenCall,
  { toolbox, context }: Pick<JudgeParts, "toolbox" | "context">,
): Promise<Understood> {
  const problem =
    leavesSandbox(asked, call) && context.sandbox.mode !== "danger-full-access" ? ESCALATES : undefined;
  if (problem !== undefined) return { problem };
  try {
    const toolCall = toolCallOf(asked, call, { toolbox, context });
    if (toolCall === undefined)
      return { problem: "The server does not know this kind of call, so it did not run." };
    return { toolCall, assessment: await toolCall.assess(context) };
  } catch (error) {
    if (error instanceof ToolError) return { problem: error.message };
    throw error;
  }
}

const ESCALATES =
  "This call asked to run outside the sandbox, or with more than it allows, which this server never permits. It did not run.";

/** An approval of such a call would be one for everything: the engine runs it without its sandbox. */
function leavesSandbox(asked: Asked, call: OpenCall): boolean {
  if (asked.method === "item/fileChange/requestApproval") return (asked.params.grantRoot ?? null) !== null;
  const { kind, additionalPermissions, networkApprovalContext } = asked.params;
  const isMore = (additionalPermissions ?? networkApprovalContext ?? null) !== null || kind !== "command";
  // A second request for a call that was allowed is one to try again without the sandbox.
  return isMore || call.escalates || call.allowed;
}

function toolCallOf(
  asked: Asked,
  { item, changes }: OpenCall,
  { toolbox, context }: Pick<JudgeParts, "toolbox" | "context">,
): ToolCall | undefined {
  if (asked.method === "item/fileChange/requestApproval") {
    if (changes === undefined) return undefined;
    return toolbox.parse("apply_patch", JSON.stringify({ input: patchOf(changes, context.workspace) }));
  }
  if (item.name !== "shell") return undefined;
  const args = JSON.parse(item.arguments) as object;
  const { cwd } = asked.params;
  return toolbox.parse("shell", JSON.stringify({ ...args, ...(cwd && { workdir: cwd }) }));
}

/** The engine cannot be asked beside its turn: what the request itself tells is said in words. */
async function* explain({
  command,
  cwd,
  reason,
  risk,
  files,
}: Assessment): AsyncGenerator<AgentOutput, void> {
  const what = files
    ? files.map(({ kind, path, move_path: target }) => `- ${kind} ${path}${target ? ` to ${target}` : ""}`)
    : [`- runs ${JSON.stringify(command)}`];
  const text = [`This call, in the folder ${cwd}:`, ...what, `Risk: ${risk}. ${reason}`].join("\n");
  yield {
    body: {
      type: "response_item",
      payload: {
        type: "message",
        id: `msg_${crypto.randomUUID().replaceAll("-", "")}`,
        role: "assistant",
        content: [{ type: "output_text", text }],
        aside: true,
      },
    },
  };
}
