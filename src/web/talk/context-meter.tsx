import { useEffect } from "react";
import { money, tokens } from "../parts/format.ts";
import type { Conversation } from "./conversation.ts";
import type { TalkStore } from "./talk-store.ts";

/** How full the model's window is, and what the session has cost; folded out, it can be compacted. */
export function ContextMeter({ conversation, store }: { conversation: Conversation; store: TalkStore }) {
  const { context, usage, session, isRunning, model } = conversation;
  const isAttached = session !== undefined;
  // What was known is out of date after a turn, and after the model has changed or older parts are gone.
  const isKnown = context !== undefined;
  useEffect(() => {
    if (isAttached) store.askContext();
  }, [store, isAttached, isKnown, isRunning, model]);
  if (context === undefined) return null;
  const percent = Math.min(100, Math.round(context.usagePercent));
  return (
    <details
      className="meter"
      onBlur={({ currentTarget, relatedTarget }) => {
        if (!currentTarget.contains(relatedTarget)) currentTarget.open = false;
      }}
      onKeyDown={({ key, currentTarget }) => {
        if (key === "Escape") currentTarget.open = false;
      }}
    >
      <summary className="bare">
        <meter min={0} max={100} high={70} optimum={0} value={percent} aria-label="How full the context is" />
        <span>
          {tokens(context.tokenCount)} of {tokens(context.maxTokens)}
          {usage !== undefined && ` · ${money(usage.cost_usd)}`}
        </span>
      </summary>
      <div className="meter-panel">
        <dl>
          <div>
            <dt>Model's window</dt>
            <dd>{percent} % used</dd>
          </div>
          {usage !== undefined && (
            <>
              <div>
                <dt>Sent</dt>
                <dd>{tokens(usage.input_tokens)} tokens</dd>
              </div>
              <div>
                <dt>Received</dt>
                <dd>{tokens(usage.output_tokens)} tokens</dd>
              </div>
              <div>
                <dt>Cost</dt>
                <dd>{money(usage.cost_usd)}</dd>
              </div>
            </>
          )}
        </dl>
        <button type="button" className="button" disabled={isRunning} onClick={() => store.compact()}>
          Compact now
        </button>
        <p>Older parts become a summary. The record keeps all of it.</p>
      </div>
    </details>
  );
}
