import { z } from "zod";
import type { MessageItem, ResponseItem } from "../../contract/item.ts";
import { type Task, understand } from "./understand.ts";

export interface Result {
  task: Task;
  /** `unrun`: declined, not answered in time, or aborted. */
  outcome: "done" | "failed" | "unrun";
  exitCode: number | null;
  output: string;
}

/** How far the work on the newest request has come. */
export interface Progress {
  tasks: Task[];
  unclear: string[];
  /** One for each task that has been tried, in order. */
  results: Result[];
}

/** Reads from the conversation what was asked and what has been done of it. */
export function readProgress(items: readonly ResponseItem[]): Progress {
  let progress: Progress = { tasks: [], unclear: [], results: [] };
  let previous: ResponseItem | undefined;
  for (const item of items) {
    if (item.type === "message" && item.role === "user") {
      if (beginsAnew(previous, progress, items)) progress = { tasks: [], unclear: [], results: [] };
      const { tasks, unclear } = understand(textOf(item));
      progress.tasks.push(...tasks);
      progress.unclear.push(...unclear);
    }
    const task = progress.tasks[progress.results.length];
    if (item.type === "function_call_output" && task) progress.results.push(resultOf(task, item.output));
    previous = item;
  }
  return progress;
}

/**
 * Input while work goes on is more work. After an answer, or a call that came to nothing, it is another request; so is
 * what follows a text in which nothing was asked of us, or the workspace's own notes at the head of a conversation.
 */
function beginsAnew(
  previous: ResponseItem | undefined,
  { tasks, results }: Progress,
  items: readonly ResponseItem[],
): boolean {
  if (previous?.type === "function_call_output") return results.at(-1)?.outcome !== "done";
  if (previous?.type !== "message" || previous.role !== "user") return true;
  return tasks.length === 0 || previous === items[0];
}

const ToolOutput = z.object({
  output: z.string(),
  metadata: z.object({ exit_code: z.number().nullable() }),
});

/** A call that was not allowed to run says so in words, as it does to every model. */
const UNRUN = /^aborted$|did not run/;

function resultOf(task: Task, json: string): Result {
  const { output, metadata } = ToolOutput.parse(JSON.parse(json));
  const exitCode = metadata.exit_code;
  if (exitCode === 0) return { task, outcome: "done", exitCode, output };
  return { task, outcome: UNRUN.test(output) ? "unrun" : "failed", exitCode, output };
}

export const textOf = ({ content }: MessageItem) =>
  content.map((part) => ("text" in part ? part.text : "")).join("\n");
