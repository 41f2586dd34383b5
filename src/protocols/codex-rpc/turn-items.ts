import type { FunctionCallOutputItem, ResponseItem } from "../../contract/item.ts";
import type { ResponseDelta } from "../../contract/message.ts";
import { gitDiff } from "./changes.ts";
import {
  agentMessage,
  attemptedCommand,
  type CallSubject,
  callItem,
  finishedCall,
  finishedMessage,
  finishedReasoning,
  reasoning,
  userMessage,
} from "./items.ts";
import type { RunningTurn } from "./running-turn.ts";

/** A piece of an item that is being written, or of a command's output. */
export function takeDelta(
  turn: RunningTurn,
  { itemId, kind, delta, callId }: ResponseDelta,
  at: number,
): void {
  switch (kind) {
    case "text":
      turn.begin(itemId, () => agentMessage(itemId, at));
      turn.tell({ method: "item/agentMessage/delta", params: { ...turn.where, itemId, delta } });
      break;
    case "reasoning": {
      const params = { ...turn.where, itemId, summaryIndex: 0 };
      if (!turn.items.has(itemId)) {
        turn.begin(itemId, () => reasoning(itemId, at));
        turn.tell({ method: "item/reasoning/summaryPartAdded", params });
      }
      turn.tell({ method: "item/reasoning/summaryTextDelta", params: { ...params, delta } });
      break;
    }
    case "output":
      if (callId === undefined || turn.items.get(callId)?.type !== "commandExecution") break;
      turn.tell({
        method: "item/commandExecution/outputDelta",
        params: { ...turn.where, itemId: callId, delta },
      });
      break;
    case "arguments":
      break;
  }
}

/** A finished item; `id` where it has none of its own. */
export function takeItem(
  turn: RunningTurn,
  item: Exclude<ResponseItem, FunctionCallOutputItem>,
  place: ItemPlace & { id: string },
): void {
  const { at } = place;
  const id = item.id ?? place.id;
  switch (item.type) {
    case "message":
      if (item.role === "user")
        turn.finish(
          turn.begin(id, () => userMessage(item, id, at)),
          at,
        );
      if (item.role === "assistant") {
        const begun = turn.begin(id, () => agentMessage(id, at));
        if (begun.type === "agentMessage") turn.finish(finishedMessage(begun, item), at);
      }
      break;
    case "reasoning": {
      // What a provider keeps to itself shows nothing.
      if (item.summary.length === 0 && !item.content?.length && !turn.items.has(id)) break;
      const begun = turn.begin(id, () => reasoning(id, at));
      if (begun.type === "reasoning") turn.finish(finishedReasoning(begun, item), at);
      break;
    }
    case "function_call":
      turn.calls.set(item.call_id, item);
      break;
    case "provider_item":
      break;
  }
}

/** When and where an item is told of. */
interface ItemPlace {
  /** In milliseconds. */
  at: number;
  workspace: string;
}

/** A call begins: it runs, or somebody is asked whether it may. */
export function beginCall(turn: RunningTurn, callId: string, subject: CallSubject, place: ItemPlace): void {
  turn.subjects.set(callId, subject);
  turn.begin(callId, () => callItem(callId, subject, place));
}

/** The output of a call. One that never began could not be read: it is shown as far as it goes. */
export function takeOutput(turn: RunningTurn, item: FunctionCallOutputItem, place: ItemPlace): void {
  const callId = item.call_id;
  const call = turn.calls.get(callId);
  turn.calls.delete(callId);
  if (!call) return;
  const begun = turn.begin(callId, () => {
    const command = attemptedCommand(call.name, call.arguments);
    return callItem(callId, { command, cwd: place.workspace }, place);
  });
  if (begun.type !== "commandExecution" && begun.type !== "fileChange") return;
  const finished = finishedCall(begun, item, turn.declinedCalls.has(callId));
  turn.finish(finished, place.at);
  const files = turn.subjects.get(callId)?.files;
  if (finished.status !== "completed" || !files) return;
  turn.diff += gitDiff(files);
  turn.tellDiff();
}
