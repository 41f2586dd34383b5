import { type KeyboardEvent, useEffect, useEffectEvent, useRef, useState } from "react";
import type { Review } from "../../contract/message.ts";
import { Badge } from "../parts/badge.tsx";
import { ShieldIcon } from "../parts/icons.tsx";
import { RiskBadge } from "../parts/risk.tsx";
import type { OpenApproval } from "../talk/entries.ts";
import { type Decide, Decisions } from "./decisions.tsx";
import { reviewOfKeys } from "./keys.ts";
import { Subject } from "./subject.tsx";
import { TimeLeft } from "./time-left.tsx";
import { useArmed } from "./use-armed.ts";

interface Props {
  approval: OpenApproval;
  /** Which call of how many that the model wants made together. */
  place: { index: number; count: number };
  sandbox: string;
  /** Not while somebody types. */
  mayTakeFocus: () => boolean;
  onAnswer: (review: Review, extra: { patch?: string; denyMessage?: string }) => void;
}

/**
 * A question for the person, below the conversation and apart from it: nothing that a model says can look like it. It
 * takes the focus, unless somebody is typing, to its heading and never to a button.
 */
export function ApprovalDock({ approval, place, sandbox, mayTakeFocus, onAnswer }: Props) {
  const { request, requestId, state } = approval;
  const [edited, setEdited] = useState<string>();
  const [reason, setReason] = useState("");
  const heading = useRef<HTMLHeadingElement>(null);
  const isArmed = useArmed(requestId);
  const isOpen = state === "asked";

  const focus = useEffectEvent(() => {
    if (mayTakeFocus()) heading.current?.focus({ preventScroll: true });
  });
  useEffect(() => focus(), []);

  const decide: Decide = (review) => {
    if (!isOpen || !isArmed) return;
    const patch = edited === undefined || edited === request.applyPatch?.patch ? {} : { patch: edited };
    if (review === "YES" || review === "ALWAYS") onAnswer(review, patch);
    else onAnswer(review, review !== "EXPLAIN" && reason.trim() !== "" ? { denyMessage: reason.trim() } : {});
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const review = reviewOfKeys(event.nativeEvent);
    if (review === undefined) return;
    event.preventDefault();
    decide(review);
  };

  return (
    <section
      className={`dock ${approval.isExplained ? "dock-explained" : ""}`}
      aria-labelledby="dock-title"
      onKeyDown={onKeyDown}
    >
      <header className="dock-head">
        <ShieldIcon />
        <h2 id="dock-title" ref={heading} tabIndex={-1}>
          {questionOf(approval)}
        </h2>
        <RiskBadge risk={request.risk} />
        {place.count > 1 && (
          <Badge>
            {place.index} of {place.count}
          </Badge>
        )}
        <TimeLeft expiresAt={request.expiresAt} />
      </header>
      <Subject request={request} sandbox={sandbox} edited={edited} onEdit={setEdited} />
      {approval.problem !== undefined && (
        <p className="dock-problem" role="alert">
          {approval.problem}
        </p>
      )}
      <Decisions
        approval={approval}
        isReady={isOpen && isArmed}
        isEdited={edited !== undefined}
        reason={reason}
        onReason={setReason}
        onDecide={decide}
      />
    </section>
  );
}

export function questionOf({ request }: OpenApproval): string {
  if (request.files === undefined)
    return request.tool === "shell" ? "Run this command?" : `Call ${request.tool}?`;
  return request.files.length === 1 ? "Change this file?" : `Change these ${request.files.length} files?`;
}
