import type { ApprovalPolicy, SandboxMode } from "../../contract/message.ts";
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

/**
 * In a read-only sandbox only a person's approval lets a patch through: a policy that does not ask lets it ask all the
 * same, and one under which nobody answers forbids it.
 */
export function decide(
  assessment: Assessment,
  { policy, grants, sandbox }: { policy: ApprovalPolicy; grants: Grants; sandbox: SandboxMode },
): "run" | "ask" | "forbid" {
  if (grants.covers(assessment)) return "run";
  if (assessment.effect === "edit" && sandbox === "read-only")
    return policy === "full-auto" ? "forbid" : "ask";
  return PASSES[policy].includes(assessment.effect) ? "run" : "ask";
}
