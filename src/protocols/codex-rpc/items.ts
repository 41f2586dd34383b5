import { z } from "zod";
import type { ContentPart, FunctionCallOutputItem, MessageItem, ReasoningItem } from "../../contract/item.ts";
import type { FileChange } from "../../contract/message.ts";
import { updateChanges } from "./changes.ts";
import { commandActions, commandLine } from "./command-line.ts";
import type {
  AgentMessage,
  CommandExecution,
  FileChangeItem,
  Reasoning,
  UserMessage,
  UserPart,
} from "./wire.ts";

/** A user's message: it is whole when it comes. */
export const userMessage = (item: MessageItem, id: string, at: number): UserMessage => ({
  type: "userMessage",
  id,
  clientId: null,
  content: item.content.flatMap(userPart),
  startedAtMs: at,
  completedAtMs: null,
});

function userPart(part: ContentPart): UserPart[] {
  switch (part.type) {
    case "input_text":
    case "output_text":
      return [{ type: "text", text: part.text, text_elements: [] }];
    case "input_image":
      return [{ type: "image", url: part.image_url, detail: part.detail ?? null }];
    case "refusal":
      return [{ type: "text", text: part.refusal, text_elements: [] }];
  }
}

export const agentMessage = (id: string, at: number): AgentMessage => ({
  type: "agentMessage",
  moderation: null,
  id,
  text: "",
  phase: null,
  memoryCitation: null,
  delivery: null,
  questions: null,
  startedAtMs: at,
  completedAtMs: null,
});

const Phase = z.enum(["commentary", "partial_answer", "final_answer"]);

export function finishedMessage(begun: AgentMessage, { content, phase, aside }: MessageItem): AgentMessage {
  const text = content
    .map((part) => (part.type === "refusal" ? part.refusal : "text" in part ? part.text : ""))
    .join("");
  const known = Phase.safeParse(aside === true ? "commentary" : phase);
  return { ...begun, text, phase: known.success ? known.data : null };
}

export const reasoning = (id: string, at: number): Reasoning => ({
  type: "reasoning",
  id,
  summary: [],
  content: [],
  startedAtMs: at,
  completedAtMs: null,
});

export const finishedReasoning = (begun: Reasoning, { summary, content = [] }: ReasoningItem): Reasoning => ({
  ...begun,
  summary: summary.map(({ text }) => text),
  content: content.map(({ text }) => text),
});

/** What a call does: a command's vector, or the files of a patch. */
export interface CallSubject {
  command: readonly string[];
  cwd: string;
  files?: readonly FileChange[] | undefined;
}

export type CallItem = CommandExecution | FileChangeItem;

export function callItem(
  id: string,
  { command, cwd, files }: CallSubject,
  { workspace, at }: { workspace: string; at: number },
): CallItem {
  const times = { startedAtMs: at, completedAtMs: null };
  if (files) {
    const changes = updateChanges(files, workspace);
    return { type: "fileChange", id, changes, status: "inProgress", ...times };
  }
  return {
    type: "commandExecution",
    id,
    pluginId: null,
    scriptPath: null,
    command: commandLine(command),
    cwd,
    processId: null,
    source: "agent",
    status: "inProgress",
    commandActions: commandActions(command),
    aggregatedOutput: null,
    exitCode: null,
    durationMs: null,
    ...times,
  };
}

export function finishedCall(begun: CallItem, item: FunctionCallOutputItem, isDeclined: boolean): CallItem {
  if (isDeclined) return { ...begun, status: "declined" };
  const { output, metadata } = readOutput(item.output);
  const status = metadata.exit_code === 0 ? "completed" : "failed";
  if (begun.type === "fileChange") return { ...begun, status };
  return {
    ...begun,
    status,
    aggregatedOutput: output,
    exitCode: metadata.exit_code,
    durationMs: Math.round(metadata.duration_seconds * 1000),
  };
}

const Metadata = z.object({
  exit_code: z.int().nullable().catch(null),
  duration_seconds: z.number().catch(0),
});

const Output = z.object({ output: z.string(), metadata: Metadata });

/** Text that is not of the form of our tools' outputs is shown as it is. */
function readOutput(json: string): z.infer<typeof Output> {
  try {
    return Output.parse(JSON.parse(json));
  } catch {
    return { output: json, metadata: { exit_code: null, duration_seconds: 0 } };
  }
}

const Arguments = z.object({
  command: z.union([z.array(z.string()), z.string().transform((text) => [text])]),
});

/** What a call that nobody could run would have done, as far as its arguments tell. */
export function attemptedCommand(name: string, argumentsJson: string): string[] {
  try {
    return Arguments.parse(JSON.parse(argumentsJson)).command;
  } catch {
    return [name];
  }
}
