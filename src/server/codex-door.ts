import { type CodexRpcOptions, createCodexRpc } from "../protocols/codex-rpc/codex-rpc.ts";
import { AgentError } from "../contract/error.ts";
import type { OpenProtocol } from "../contract/protocol.ts";
import { type CodexBridgeOptions, createCodexBridge } from "./codex-bridge.ts";
import type { Door } from "./routes.ts";

/** What the terminal client of Codex asks for; it can be given a host and a port, but no path. */
const TERMINAL_CLIENT_HEADER = "x-codex-app-server-compression";

/** For clients of the Codex app-server. With a bridge they may ask for a process of their own: `?engine=codex`. */
export function codexDoors(options: CodexRpcOptions, bridge?: CodexBridgeOptions): Door[] {
  const ours = createCodexRpc(options);
  const bridged = bridge && createCodexBridge(bridge);
  // It cannot ask for an engine either: it gets the one that the server's own sessions run on.
  const terminal = options.facts.provider === "codex" ? (bridged ?? ours) : ours;
  return [
    { name: "codex-rpc", path: "/api/v1/sre/socket", open: byEngine(ours, bridged) },
    { name: "codex-rpc", path: "/", header: TERMINAL_CLIENT_HEADER, open: terminal },
  ];
}

const byEngine =
  (ours: OpenProtocol, bridge: OpenProtocol | undefined): OpenProtocol =>
  async (connection) => {
    const engine = connection.query.get("engine");
    if (engine === null) return await ours(connection);
    if (engine !== "codex") {
      throw new AgentError("invalid_message", `engine: expected codex, got ${JSON.stringify(engine)}`);
    }
    if (bridge === undefined) {
      throw new AgentError(
        "invalid_message",
        "engine=codex: this server does not open it (CODEX_BRIDGE=true would).",
      );
    }
    return await bridge(connection);
  };
