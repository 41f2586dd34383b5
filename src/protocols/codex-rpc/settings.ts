import type { ApprovalPolicy, SandboxMode, SessionInfo } from "../../contract/message.ts";
import { invalidRequest } from "./frame.ts";
import type { ServerFacts } from "./hall.ts";

/** Our policies in the Codex app-server's words. */
export const policyWord = (policy: ApprovalPolicy) => (policy === "full-auto" ? "never" : "on-request");

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

interface Settings {
  cwd?: string | undefined;
  approvalPolicy?: { word: string; policy: ApprovalPolicy } | undefined;
  sandbox?: SandboxMode | undefined;
}

/** A thread's settings are settled when it starts: a client may repeat them, not change them. Throws RpcError. */
export function checkUnchanged({ cwd, approvalPolicy, sandbox }: Settings, info: SessionInfo): void {
  const refuse = (field: string, asked: string, own: string) => {
    throw invalidRequest(`${field}: this thread runs with ${own}; for ${asked} start another thread`);
  };
  if (cwd !== undefined && cwd !== info.workspace) refuse("cwd", cwd, info.workspace);
  if (sandbox !== undefined && sandbox !== info.sandbox) refuse("sandbox", sandbox, info.sandbox);
  const own = policyWord(info.approvalPolicy);
  const { word, policy } = approvalPolicy ?? { word: own, policy: info.approvalPolicy };
  if (word !== own && policy !== info.approvalPolicy) refuse("approvalPolicy", word, own);
}
