import { questionOf } from "../approve/approval-dock.tsx";
import type { Conversation } from "./conversation.ts";

const LONGEST = 300;

/** Says to those who do not see the page what has come: the end of a turn with its words, and what is asked. */
export function Announcer({
  conversation: { approval, entries, isRunning },
}: {
  conversation: Conversation;
}) {
  const last = entries.findLast(({ kind }) => kind === "assistant");
  const words = last?.kind === "assistant" ? last.text.slice(0, LONGEST) : "";
  return (
    <>
      <p className="unseen" role="status">
        {isRunning ? "The agent works." : words === "" ? "" : `The agent has finished: ${words}`}
      </p>
      <p className="unseen" role="alert">
        {approval === undefined ? "" : `The agent waits for your approval. ${questionOf(approval)}`}
      </p>
    </>
  );
}
