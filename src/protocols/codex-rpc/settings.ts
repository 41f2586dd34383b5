import type { ApprovalPolicy, SandboxMode } from "../../contract/message.ts";
import type { ServerFacts } from "./hall.ts";

/** Our policies in the Codex app-server's words. */
export const policyWord = (policy: ApprovalPolicy) => (policy === "full-auto" ? "never" : "on-request");

export const SANDBOX_TYPES = {
  "read-only": "readOnly",
  "workspace-write": "workspaceWrite",
  "danger-full-access": "dangerFullAccess",
} as const satisfies Record<SandboxMode, string>;

export function sandboxPolicy(mode: SandboxMode, { network }: ServerFacts): object {
  switch (mode) {
    case "read-only":
      return { type: "readOnly", networkAccess: network };
    case "workspace-write":
      return {
        type: "workspaceWrite",
        writableRoots: [],
        networkAccess: network,
        excludeTmpdirEnvVar: false,
        excludeSlashTmp: false,
      };
    case "danger-full-access":
      return { type: "dangerFullAccess" };
  }
}
