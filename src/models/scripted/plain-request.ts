import type { ModelRequest } from "../../contract/model.ts";
import { answerAside } from "./aside.ts";
import { type Progress, type Result, readProgress } from "./progress.ts";
import type { ScriptedResponse, ScriptedStep } from "./script.ts";
import type { Task } from "./understand.ts";

const ABILITIES = `I am a scripted model and understand only a few plain requests:

- run COMMAND
- create FILE with TEXT
- read FILE
- list files in FOLDER

Join several with "then": create hello.txt with Hello, then read hello.txt`;

/** Does what was asked for in plain words, one tool call a response, and tells of it. */
export function answerPlainRequest(request: ModelRequest): ScriptedResponse {
  if (request.tools.length === 0) return [{ text: answerAside(request.items) }];
  const progress = readProgress(request.items);
  const { tasks, results } = progress;
  if (tasks.length === 0) return [{ text: notUnderstood(progress) }];
  const last = results.at(-1);
  const next = last?.outcome === "failed" ? undefined : tasks[results.length];
  if (!next) return [{ text: [remark(last), closing(progress)].filter(Boolean).join("\n\n") }];
  const call = callOf(next);
  if (!request.tools.some(({ name }) => name === call.call.name)) {
    return [{ text: `I cannot ${describe(next)}: I have no tool named ${call.call.name} here.` }];
  }
  const plan: ScriptedStep[] =
    results.length === 0 && tasks.length > 1
      ? [{ reasoning: `There are ${tasks.length} steps: ${tasks.map(describe).join(", then ")}.` }]
      : [];
  return [...plan, { text: [remark(last), announce(next)].filter(Boolean).join("\n\n") }, call];
}

function notUnderstood({ unclear }: Progress): string {
  const what = unclear.length === 0 ? "" : `I did not understand ${unclear.map(quote).join(" and ")}. `;
  return what + ABILITIES;
}

const quote = (text: string) => `"${text.length > 80 ? `${text.slice(0, 79)}…` : text}"`;

function callOf(task: Task): Extract<ScriptedStep, { call: object }> {
  if (task.kind === "create") return { call: { name: "apply_patch", arguments: { input: addFile(task) } } };
  return { call: { name: "shell", arguments: { command: ["bash", "-lc", commandOf(task)] } } };
}

function addFile({ path, content }: Extract<Task, { kind: "create" }>): string {
  const lines = content.replace(/\n$/, "").split("\n");
  const added = lines.map((line) => `+${line}`);
  return ["*** Begin Patch", `*** Add File: ${path}`, ...added, "*** End Patch"].join("\n");
}

function commandOf(task: Exclude<Task, { kind: "create" }>): string {
  switch (task.kind) {
    case "run":
      return task.command;
    case "read":
      return `cat ${shellWord(task.path)}`;
    case "list":
      return task.path === "." ? "ls" : `ls ${shellWord(task.path)}`;
  }
}

/** A path as one word of a shell command that can be no option. */
function shellWord(path: string): string {
  const word = path.startsWith("-") ? `./${path}` : path;
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function describe(task: Task): string {
  switch (task.kind) {
    case "run":
      return `run \`${task.command}\``;
    case "create":
      return `create ${task.path}`;
    case "read":
      return `read ${task.path}`;
    case "list":
      return task.path === "." ? "list the files" : `list the files in ${task.path}`;
  }
}

const announce = (task: Task) => `I will ${describe(task)}.`;

/** What came of a step, with what it printed. */
function remark(result: Result | undefined): string {
  if (!result) return "";
  const { task, outcome, exitCode, output } = result;
  const what = describe(task);
  if (outcome === "unrun") return `I did not ${what}: ${output}`;
  if (outcome === "failed") {
    const code = exitCode === null ? "" : ` (exit code ${exitCode})`;
    return `I tried to ${what}, but it failed${code}:\n\n${block(output)}`;
  }
  if (task.kind === "create") return `${task.path} is written.`;
  return `${heading(task)}${output.trim() === "" ? " nothing." : `\n\n${block(output)}`}`;
}

function heading(task: Exclude<Task, { kind: "create" }>): string {
  switch (task.kind) {
    case "run":
      return `\`${task.command}\` printed:`;
    case "read":
      return `${task.path} says:`;
    case "list":
      return task.path === "." ? "The files:" : `The files in ${task.path}:`;
  }
}

const SHOWN_LINES = 20;

function block(output: string): string {
  const lines = output.trimEnd().split("\n");
  const more = lines.length - SHOWN_LINES;
  const shown = more > 0 ? [...lines.slice(0, SHOWN_LINES), `… and ${more} lines more`] : lines;
  const fence = output.includes("```") ? "````" : "```";
  return [fence, ...shown, fence].join("\n");
}

function closing({ tasks, unclear, results }: Progress): string {
  const left = tasks.slice(results.length);
  const unrun = results.some(({ outcome }) => outcome !== "done");
  return [
    left.length > 0 && `So I did not go on to ${left.map(describe).join(", then ")}.`,
    !unrun && left.length === 0 && tasks.length > 1 && `All ${tasks.length} steps are done.`,
    unclear.length > 0 && `I did not understand ${unclear.map(quote).join(" and ")}.`,
  ]
    .filter(Boolean)
    .join(" ");
}
