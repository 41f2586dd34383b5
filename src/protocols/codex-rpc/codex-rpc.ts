import type { Records } from "../../contract/log.ts";
import type { OpenProtocol } from "../../contract/protocol.ts";
import { CodexConnection } from "./connection.ts";
import { Hall, type OfferedModel, type ServerFacts } from "./hall.ts";
import { Histories } from "./history.ts";

export type { ServerFacts } from "./hall.ts";

export interface CodexRpcOptions {
  records: Records;
  facts: ServerFacts;
  /** What clients may choose. */
  models: readonly OfferedModel[];
  /** A fault of ours, whole: the client is told of it without detail. */
  readonly onFault: (error: unknown) => void;
}

/** Room for an input that is too large, so that it can be answered. */
const MESSAGE_BYTES = 4 * 1024 * 1024;

/** The JSON-RPC of the Codex app-server, one message a frame. A thread is a session. */
export function createCodexRpc({ records, facts, models, onFault }: CodexRpcOptions): OpenProtocol {
  const contextWindow = (name: string) => models.find((model) => model.name === name)?.contextWindow;
  const histories = new Histories({ records, contextWindow });
  const hall = new Hall({ facts, models, histories, onFault });
  return async (connection) => ({
    protocol: new CodexConnection(connection, hall),
    headers: {},
    messageBytes: MESSAGE_BYTES,
  });
}
