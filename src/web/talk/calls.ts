import type { FunctionCallItem, FunctionCallOutputItem } from "../../contract/item.ts";
import type { ApprovalRequest, ServerMessage } from "../../contract/message.ts";
import { readToolResult } from "../parts/tool-result.ts";
import type { Conversation } from "./conversation.ts";
import type { CallEntry, CallState, Decision } from "./entries.ts";

type Payload<Type extends ServerMessage["type"]> = Extract<ServerMessage, { type: Type }>["payload"];
type Started = Extract<Payload<"status">, { kind: "tool_started" }>;

/** Changes the call that this holds for, the newest if there are several. */
function change(
  before: Conversation,
  matches: (call: CallEntry) => boolean,
  to: (call: CallEntry) => CallEntry,
): Conversation {
  const index = before.entries.findLastIndex((entry) => entry.kind === "call" && matches(entry));
  const entry = before.entries[index];
  if (entry?.kind !== "call") return before;
  return { ...before, entries: before.entries.with(index, to(entry)) };
}

const has = ({ entries }: Conversation, matches: (call: CallEntry) => boolean) =>
  entries.findLast((entry) => entry.kind === "call" && matches(entry)) !== undefined;

function begun(before: Conversation, key: string, callId: string): Conversation {
  const call: CallEntry = {
    kind: "call",
    key,
    callId,
    name: "",
    arguments: "",
    state: "writing",
    output: "",
    response: before.responses,
  };
  return { ...before, entries: [...before.entries, call] };
}

/** A piece of a call's arguments. */
export function withWrittenCall(
  before: Conversation,
  { itemId, callId }: { itemId: string; callId: string | undefined },
  delta: string,
): Conversation {
  const isIt = ({ key }: CallEntry) => key === itemId;
  const known = has(before, isIt) ? before : begun(before, itemId, callId ?? "");
  return change(known, isIt, (call) => ({ ...call, arguments: call.arguments + delta }));
}

/** A call that the model has written. */
export function withCall(before: Conversation, item: FunctionCallItem): Conversation {
  const key = item.id ?? item.call_id;
  const isIt = (call: CallEntry) => call.key === key;
  const known = has(before, isIt) ? before : begun(before, key, item.call_id);
  return change(known, isIt, (call) => ({
    ...call,
    callId: item.call_id,
    name: item.name,
    arguments: item.arguments,
    state: "waiting",
  }));
}

export function requested(before: Conversation, requestId: string, request: ApprovalRequest): Conversation {
  const { callId, command, cwd, files, risk, tool } = request;
  const after = change(before, isCall(callId), (call) => ({
    ...call,
    name: call.name || tool,
    command,
    cwd,
    risk,
    ...(files && { files }),
    state: "asked",
  }));
  const earlier = before.approval?.requestId === requestId ? before.approval : undefined;
  const { isExplained = false, problem } = earlier ?? {};
  const why = problem === undefined ? {} : { problem };
  return { ...after, approval: { requestId, request, state: "asked", isExplained, ...why } };
}

export function decided(before: Conversation, payload: Payload<"approval_resolved">): Conversation {
  const { requestId, review } = payload;
  const { approval } = before;
  if (approval?.requestId !== requestId) return before;
  const { problem: _, ...open } = approval;
  if (review === "EXPLAIN") return { ...before, approval: { ...open, state: "explaining" } };
  const isAllowed = review === "YES" || review === "ALWAYS";
  const after = change(before, isCall(approval.request.callId), (call) => ({
    ...call,
    decision: decisionOf(payload, approval.state === "answered" && approval.review === review),
    state: isAllowed ? "waiting" : "declined",
  }));
  return { ...after, approval: undefined };
}

function decisionOf({ review, decidedBy, client }: Payload<"approval_resolved">, isOurs: boolean): Decision {
  if (decidedBy !== "client") return { review, by: decidedBy };
  return { review, by: isOurs ? "you" : "client", ...(client !== undefined && { client }) };
}

export const startedCall = (
  before: Conversation,
  { callId, command, cwd, files, name }: Started,
  at: number | undefined,
): Conversation =>
  change(before, isCall(callId), (call) => ({
    ...call,
    name,
    state: "running",
    ...(command && { command }),
    ...(cwd !== undefined && { cwd }),
    // An edited patch is what runs.
    ...(files && { files }),
    ...(at !== undefined && { startedAt: at }),
  }));

export const withOutput = (before: Conversation, callId: string | undefined, delta: string): Conversation =>
  callId === undefined
    ? before
    : change(before, isCall(callId), (call) => ({ ...call, output: call.output + delta }));

export function finishedOutput(before: Conversation, item: FunctionCallOutputItem): Conversation {
  const { text, exitCode = null, durationMs, isCut } = readToolResult(item.output);
  return change(before, isCall(item.call_id), (call) => ({
    ...call,
    // The model was told less than was seen here.
    output: isCut && call.output.length > text.length ? call.output : text,
    exitCode,
    ...(durationMs !== undefined && { durationMs }),
    state: endOf(call.state, exitCode),
  }));
}

function endOf(state: CallState, exitCode: number | null): CallState {
  if (state === "declined") return "declined";
  if (state !== "running") return "unrun";
  return exitCode === 0 ? "done" : "failed";
}

const isCall =
  (callId: string) =>
  (call: CallEntry): boolean =>
    call.callId === callId;
