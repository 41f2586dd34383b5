import type { DiffFile } from "../parts/diff.tsx";
import { flagAt, textAt } from "./read.ts";

/** One thing in the conversation as it stood at some moment. A change makes a new one. */
export type Block = TextBlock | ToolBlock | NoticeBlock;

interface Place {
  /** The line it began with. */
  seq: number;
}

export interface TextBlock extends Place {
  /** `instruction`: what files of the workspace or the system say; `explanation`: of a call that waits for approval. */
  kind: "user" | "instruction" | "assistant" | "explanation" | "reasoning";
  itemId: string;
  text: string;
  /** More of it may come. */
  isOpen: boolean;
}

export interface ToolBlock extends Place {
  kind: "tool";
  itemId: string;
  callId: string;
  requestId: string;
  name: string;
  /** What it does, when that is known; before that the arguments as they are written. */
  words: string;
  argumentsText: string;
  /** `writing`: its arguments are still coming; `unrun`: the turn ended before it was done. */
  state: "writing" | "written" | "asked" | "explaining" | "running" | "done" | "failed" | "denied" | "unrun";
  /** Why it asks. */
  reason: string;
  /** What was answered. */
  decision: string;
  files: readonly DiffFile[];
  output: string;
  exitCode: number | undefined;
}

export interface NoticeBlock extends Place {
  kind: "notice";
  text: string;
  tone: "muted" | "warn" | "bad";
}

export const EMPTY_TOOL: Omit<ToolBlock, "seq" | "itemId" | "callId"> = {
  kind: "tool",
  requestId: "",
  name: "",
  words: "",
  argumentsText: "",
  state: "writing",
  reason: "",
  decision: "",
  files: [],
  output: "",
  exitCode: undefined,
};

export function roleOf(item: unknown): TextBlock["kind"] {
  const role = textAt(item, "role");
  if (role === "assistant") return flagAt(item, "aside") ? "explanation" : "assistant";
  return role !== "user" || flagAt(item, "standing") ? "instruction" : "user";
}

export const isUnfinished = (block: Block): boolean =>
  block.kind === "tool" ? block.state === "writing" : block.kind !== "notice" && block.isOpen;

const ENDED: readonly ToolBlock["state"][] = ["done", "failed", "denied", "unrun"];

/** Nothing of a turn goes on when it is over: what is not finished by then never will be. */
export function endedWithTurn(block: Block): Block {
  if (block.kind === "tool") return ENDED.includes(block.state) ? block : { ...block, state: "unrun" };
  return block.kind !== "notice" && block.isOpen ? { ...block, isOpen: false } : block;
}

export const withText = (block: Block, delta: string): Block =>
  block.kind === "notice" || block.kind === "tool" ? block : { ...block, text: block.text + delta };

export const withOutput = (block: Block, delta: string): Block =>
  block.kind === "tool" ? { ...block, output: block.output + delta } : block;

export const withArguments = (tool: ToolBlock, delta: string): ToolBlock => ({
  ...tool,
  argumentsText: tool.argumentsText + delta,
});
