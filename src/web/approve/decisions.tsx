import type { KeyboardEvent } from "react";
import type { Review } from "../../contract/message.ts";
import type { OpenApproval } from "../talk/entries.ts";
import { NotifyButton } from "./notify.tsx";

export type Decide = (review: Review) => void;

interface Props {
  approval: OpenApproval;
  /** Whether a decision would be taken now. */
  isReady: boolean;
  isEdited: boolean;
  /** Why it is declined. */
  reason: string;
  onReason: (reason: string) => void;
  onDecide: Decide;
}

/** The five answers. */
export function Decisions({ approval, isReady, isEdited, reason, onReason, onDecide }: Props) {
  const isPatch = approval.request.files !== undefined;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.nativeEvent.isComposing) return;
    // Who writes here does not mean to approve, whatever is held down with it.
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat && !event.ctrlKey && !event.metaKey) onDecide("NO_CONTINUE");
  };
  return (
    <div className="decisions">
      <div className="decisions-row">
        <Answer review="YES" keys="Ctrl ⏎" kind="button-main" isReady={isReady} onDecide={onDecide}>
          {isEdited ? "Approve my version" : "Approve once"}
        </Answer>
        <Answer
          review="ALWAYS"
          keys="Ctrl ⇧ ⏎"
          isReady={isReady}
          onDecide={onDecide}
          describedBy="always-words"
        >
          {isPatch ? "Always edit" : "Always this"}
        </Answer>
        <Answer review="EXPLAIN" keys="Alt E" isReady={isReady} onDecide={onDecide}>
          {approval.isExplained ? "Explain again" : "Explain"}
        </Answer>
        <p className="decisions-state" role="status">
          {stateWords(approval)}
        </p>
      </div>
      <div className="decisions-row decline">
        <label className="unseen" htmlFor="deny-reason">
          Why not? The model reads it
        </label>
        <input
          id="deny-reason"
          className="field"
          placeholder="Why not? The model reads it (optional)"
          value={reason}
          onChange={(event) => onReason(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <Answer review="NO_CONTINUE" keys="Alt N" kind="button-bad" isReady={isReady} onDecide={onDecide}>
          Decline and go on
        </Answer>
        <Answer review="NO" keys="Alt X" kind="button-bad" isReady={isReady} onDecide={onDecide}>
          Decline and stop
        </Answer>
      </div>
      <p className="decisions-note">
        <span id="always-words">
          {isPatch
            ? "“Always” allows every edit inside the workspace until the session ends."
            : "“Always” allows exactly this command in this directory until the session ends."}
        </span>
        <NotifyButton />
      </p>
    </div>
  );
}

interface AnswerProps {
  review: Review;
  keys: string;
  kind?: string;
  isReady: boolean;
  describedBy?: string;
  children: string;
  onDecide: Decide;
}

function Answer({ review, keys, kind = "", isReady, describedBy, children, onDecide }: AnswerProps) {
  return (
    <button
      type="button"
      className={`button ${kind}`}
      disabled={!isReady}
      aria-describedby={describedBy}
      onClick={() => onDecide(review)}
    >
      {children}
      <kbd aria-hidden="true">{keys}</kbd>
    </button>
  );
}

function stateWords({ state, review, isExplained }: OpenApproval): string {
  if (state === "explaining") return "The model is asked what this does…";
  if (state === "answered" && review !== "EXPLAIN") return "Answered, on its way…";
  if (state === "answered") return "Asking the model…";
  return isExplained ? "The explanation stands above. It is the model's own." : "";
}
