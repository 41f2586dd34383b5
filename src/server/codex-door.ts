import { type CodexRpcOptions, createCodexRpc } from "../protocols/codex-rpc/codex-rpc.ts";
import type { Door } from "./routes.ts";

/** What the terminal client of Codex asks for; it can be given a host and a port, but no path. */
const TERMINAL_CLIENT_HEADER = "x-codex-app-server-compression";

/** For clients of the Codex app-server. */
export function codexDoors(options: CodexRpcOptions): Door[] {
  const door = { name: "codex-rpc", open: createCodexRpc(options) };
  return [
    { ...door, path: "/api/v1/sre/socket" },
    { ...door, path: "/", header: TERMINAL_CLIENT_HEADER },
  ];
}
