import type { ApprovalPolicy } from "../../contract/message.ts";
import type { Assessment } from "../../contract/tool.ts";

/** What each policy lets pass without asking. */
const PASSES: Record<ApprovalPolicy, readonly Assessment["effect"][]> = {
  suggest: ["read"],
  "auto-edit": ["read", "edit"],
  "full-auto": ["read", "edit", "execute"],
};

/** What the user has allowed for the rest of this session by answering ALWAYS. */
export class Grants {
  readonly #calls = new Set<string>();
  #edits = false;

  /** Returns what is covered from now on, in words for the record. */
  add(assessment: Assessment): string {
    if (assessment.effect === "edit") {
      this.#edits = true;
      return "edits inside the workspace, until the session ends";
    }
    this.#calls.add(assessment.sameAs);
    return `exactly this call, until the session ends: ${assessment.sameAs}`;
  }

  covers(assessment: Assessment): boolean {
    return assessment.effect === "edit" ? this.#edits : this.#calls.has(assessment.sameAs);
  }
}

export const mustAsk = (assessment: Assessment, policy: ApprovalPolicy, grants: Grants) =>
  !PASSES[policy].includes(assessment.effect) && !grants.covers(assessment);
