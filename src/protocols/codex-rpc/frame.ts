import { z } from "zod";
import { AgentError, type ErrorCode } from "../../contract/error.ts";

/** Integers beyond what JavaScript counts exactly could not be sent back as they came. */
export const RequestId = z.union([z.string(), z.int()]);
export type RequestId = z.infer<typeof RequestId>;

/** JSON-RPC's own codes, and the two that the Codex app-server adds to them. */
export const RPC_CODES = {
  parseError: -32700,
  invalidRequest: -32600,
  invalidParams: -32602,
  internal: -32603,
  overloaded: -32001,
} as const;

/** What a request is answered with when it is refused. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: number;
  readonly data: Record<string, unknown> | undefined;

  constructor(code: number, message: string, data?: Record<string, unknown>) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

export const invalidRequest = (message: string) => new RpcError(RPC_CODES.invalidRequest, message);

export type Incoming =
  | { kind: "request"; id: RequestId; method: string; params: unknown }
  | { kind: "notification"; method: string }
  /** `id` null answers the one request that is open. */
  | { kind: "response"; id: RequestId | null; result: unknown };

const Call = z.object({ method: z.string(), id: z.unknown().optional(), params: z.unknown().optional() });
const Response = z.object({ id: RequestId.nullable(), result: z.unknown().optional() });

/** Reads one message. Throws RpcError for what is none; it has no id to be answered under. */
export function readFrame(frame: string): Incoming {
  const value = parse(frame);
  const call = Call.safeParse(value);
  if (call.success) return readCall(call.data);
  const response = Response.safeParse(value);
  if (!response.success) {
    throw invalidRequest(
      "Invalid request: expected an object with `method`, or with `id` and `result` or `error`",
    );
  }
  return { kind: "response", id: response.data.id, result: response.data.result };
}

function parse(frame: string): unknown {
  try {
    return JSON.parse(frame);
  } catch {
    throw new RpcError(
      RPC_CODES.parseError,
      "Parse error: expected one JSON-RPC message; the frame is not JSON",
    );
  }
}

function readCall({ method, id, params }: z.infer<typeof Call>): Incoming {
  if (id === undefined) return { kind: "notification", method };
  const requestId = RequestId.safeParse(id);
  if (requestId.success) return { kind: "request", id: requestId.data, method, params };
  throw invalidRequest("Invalid request: id: expected a string or an integer of at most 2^53");
}

/** `id` null: nobody knows which request it answers. */
export const errorFrame = (id: RequestId | null, { code, message, data }: RpcError) =>
  JSON.stringify({ error: { code, message, ...(data && { data }) }, id });

export const resultFrame = (id: RequestId, result: object) => JSON.stringify({ id, result });

/** One place where errors of any kind become answers. What is neither ours nor a refusal is told without detail. */
export function toRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  if (!(error instanceof AgentError)) {
    return new RpcError(RPC_CODES.internal, "Something went wrong in the server. Its log says what.");
  }
  return refusal(error.code, error.message);
}

export const refusal = (code: ErrorCode, message: string) =>
  new RpcError(CODES[code] ?? RPC_CODES.invalidRequest, message, { code });

const CODES: Partial<Record<ErrorCode, number>> = {
  internal: RPC_CODES.internal,
  log_unavailable: RPC_CODES.internal,
  rate_limited: RPC_CODES.overloaded,
};
