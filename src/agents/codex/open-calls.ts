import type { AgentOutput } from "../../contract/agent.ts";
import type { FunctionCallItem } from "../../contract/item.ts";
import type { Assessment, ToolFacts } from "../../contract/tool.ts";
import { knownCall } from "./calls.ts";
import { type CallOutcome, callItem, mintOutputId, outputItem } from "./items.ts";
import type { Change, EngineItem, RawCall } from "./wire.ts";

/** A call of the model that has no output yet. */
export interface OpenCall {
  readonly item: FunctionCallItem;
  readonly escalates: boolean;
  /** Of the output that is to come: what is streamed of it carries it, too. */
  readonly outputId: string;
  /** The engine was told that it may run. */
  allowed: boolean;
  /** Everyone was told that it runs. */
  started: boolean;
  changes?: readonly Change[];
  /** How the engine shows the command. */
  shown?: Extract<EngineItem, { type: "commandExecution" }>;
  streamed: string;
}

type Command = Extract<EngineItem, { type: "commandExecution" }>;

/** The calls of one turn that wait for their outputs. */
export class OpenCalls {
  readonly #calls = new Map<string, OpenCall>();

  get size(): number {
    return this.#calls.size;
  }

  open(raw: RawCall, model: string): FunctionCallItem {
    const item = callItem(raw, model);
    const { escalates } = knownCall(raw);
    this.#calls.set(item.call_id, {
      item,
      escalates,
      outputId: mintOutputId(),
      allowed: false,
      started: false,
      streamed: "",
    });
    return item;
  }

  get(callId: string): OpenCall | undefined {
    return this.#calls.get(callId);
  }

  close(callId: string): void {
    this.#calls.delete(callId);
  }
}

/** Told once, before anything is heard of what the call does. */
export function* startOf(call: OpenCall, assessment?: Assessment): Generator<AgentOutput> {
  if (call.started) return;
  call.started = true;
  const { item, shown, changes } = call;
  const cwd = assessment?.cwd ?? shown?.cwd;
  const files = assessment?.files;
  const command = assessment?.command ?? commandOf(call);
  yield {
    body: {
      type: "status",
      payload: {
        kind: "tool_started",
        callId: item.call_id,
        name: changes ? "apply_patch" : item.name,
        ...(cwd !== undefined && { cwd }),
        ...(files ? { files: [...files] } : command && { command: [...command] }),
      },
    },
  };
}

function commandOf({ item, changes }: OpenCall): readonly string[] | undefined {
  if (changes) return ["apply_patch", ...changes.map(({ path }) => path)];
  const { command } = JSON.parse(item.name === "shell" ? item.arguments : "{}") as { command?: string[] };
  return command;
}

/** The engine's own account of a command: it does not always tell of the end of one, nor is every one short enough. */
export function outcomeOfCommand(
  { aggregatedOutput, exitCode, durationMs, status }: Command,
  maxBytes: number,
): CallOutcome | undefined {
  const output = aggregatedOutput ?? "";
  if (status === "declined" || status === "inProgress" || Buffer.byteLength(output) > maxBytes)
    return undefined;
  return { output, exitCode: exitCode ?? null, seconds: Math.round((durationMs ?? 0) / 100) / 10 };
}

/** What the record says of a command that ran. */
export function factsOf(call: OpenCall, outcome: CallOutcome, sandbox: string): ToolFacts | undefined {
  const { shown } = call;
  if (!call.started || shown === undefined) return undefined;
  const argv = commandOf(call);
  return {
    ...(argv && { argv }),
    cwd: shown.cwd,
    sandbox,
    exit_code: outcome.exitCode,
    duration_ms: shown.durationMs ?? outcome.seconds * 1000,
  };
}

/** Of a call that the user stopped. */
export function stoppedOutput({ item, outputId, started, streamed }: OpenCall) {
  const output = started
    ? `The user stopped this call while it ran. What it had said:\n${streamed}`.trim()
    : "aborted";
  return outputItem(item.call_id, outputId, { output, exitCode: 1, seconds: 0 });
}
