import { type CodexRpcOptions, createCodexRpc } from "../protocols/codex-rpc/codex-rpc.ts";
import type { Door } from "./routes.ts";

/** For clients of the Codex app-server. */
export const codexDoor = (options: CodexRpcOptions): Door => ({
  name: "codex-rpc",
  path: "/api/v1/sre/socket",
  open: createCodexRpc(options),
});
