import { EventEmitter, once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import type { ErrorCode } from "../contract/error.ts";
import { ClientMessage, ServerMessage, type ServerBody } from "../contract/message.ts";

type MessageType = ClientMessage["type"];
type Asked<Type extends MessageType> = Extract<ClientMessage, { type: Type }>;

export interface FakeServer {
  /** `ws://127.0.0.1:port`. */
  readonly url: string;
  /** Path with query, and headers, of every upgrade. */
  readonly upgrades: { url: string; headers: IncomingMessage["headers"] }[];
  /** The next message of this type, waiting for it; others stay. Fails when the client is gone instead. */
  take<Type extends MessageType>(type: Type): Promise<Asked<Type>>;
  /** Whether a message of this type waits to be taken. */
  has(type: MessageType): boolean;
  /** Says a message of the contract; one that is not fails the test. Answers its id. */
  say(body: ServerBody, id?: string): string;
  /** Says anything, as servers do that know less or more than the contract. */
  sayRaw(message: unknown): void;
  beginTurn(): void;
  endTurn(status?: "completed" | "cancelled" | "failed"): void;
  assistant(text: string, id?: string): void;
  /** Ends the connection without a closing handshake. */
  drop(): void;
  close(): Promise<void>;
}

interface FakeServerOptions {
  /** The plain dialect has none of the additions: no session_info, no status, no usage, no seq. */
  dialect?: "current" | "plain";
  sessions?: unknown[];
  /** Answers every upgrade and request with this HTTP status. */
  refuseWith?: number;
  /** The session that is joined. Default: idle. */
  state?: "idle" | "running";
}

/**
 * A server that does nothing by itself: the test is its script. It speaks to the newest client, and checks what both
 * sides say against the contract.
 */
export async function startFakeServer(options: FakeServerOptions = {}): Promise<FakeServer> {
  const dialect = options.dialect ?? "current";
  const http = createServer((request, response) => answerPage(request, response, options));
  const sockets = new WebSocketServer({
    server: http,
    verifyClient: (_info, done) => done(options.refuseWith === undefined, options.refuseWith),
  });
  const inbox = new Inbox();
  const upgrades: FakeServer["upgrades"] = [];
  let client: WebSocket | undefined;
  let seq = 0;

  const sayRaw = (message: unknown) => client?.send(JSON.stringify(message));
  const say = (body: ServerBody, id = `message-${seq}`) => {
    const message = ServerMessage.parse({ ...body, id });
    sayRaw(dialect === "current" ? { ...message, seq } : message);
    seq += 1;
    return id;
  };
  sockets.on("connection", (socket, request) => {
    client = socket;
    upgrades.push({ url: request.url ?? "", headers: request.headers });
    socket.on("message", (data: Buffer) => inbox.put(ClientMessage.parse(JSON.parse(data.toString("utf8")))));
    socket.on("close", () => inbox.end());
    if (dialect === "current") say(sessionInfo(options.state));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;

  return {
    url: `ws://127.0.0.1:${port}`,
    upgrades,
    take: (type) => inbox.take(type),
    has: (type) => inbox.has(type),
    say,
    sayRaw,
    beginTurn: () => void say({ type: "loading_state", payload: { loading: true } }),
    endTurn(status = "completed") {
      say({ type: "loading_state", payload: { loading: false } });
      if (dialect === "plain")
        sayRaw({ id: "end", type: "agent_finished", payload: { responseId: "response-1" } });
      else say({ type: "agent_finished", payload: { responseId: "response-1", status, usage: USAGE } });
    },
    assistant(text, id = "item-1") {
      const content = [
        { type: dialect === "plain" ? ("input_text" as const) : ("output_text" as const), text },
      ];
      say({ type: "response_item", payload: { type: "message", id, role: "assistant", content } });
    },
    drop: () => client?.terminate(),
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

/** An approval request of the current dialect; `fields` replace its own. */
export function approvalRequest(command: string[], fields: object = {}): ServerBody {
  const payload = {
    command,
    callId: "call-1",
    tool: "shell",
    cwd: "/home/ada/project",
    reason: "it may change files",
    risk: "medium",
    expiresAt: "2030-01-01T00:00:00.000Z",
    ...fields,
  };
  return ServerMessage.parse({ id: "", type: "approval_request", payload });
}

export function errorMessage(code: ErrorCode, message: string): ServerBody {
  return { type: "error", payload: { message, details: { code } } };
}

/** What the client sent, until the test takes it. */
class Inbox {
  #messages: ClientMessage[] = [];
  #ended = false;
  #arrivals = new EventEmitter();

  put(message: ClientMessage): void {
    this.#messages.push(message);
    this.#arrivals.emit("change");
  }

  end(): void {
    this.#ended = true;
    this.#arrivals.emit("change");
  }

  has(type: MessageType): boolean {
    return this.#messages.some((message) => message.type === type);
  }

  async take<Type extends MessageType>(type: Type): Promise<Asked<Type>> {
    for (;;) {
      const found = this.#messages.find((message): message is Asked<Type> => message.type === type);
      if (found !== undefined) {
        this.#messages = this.#messages.filter((message) => message !== found);
        return found;
      }
      if (this.#ended) throw new Error(`the client went away before it sent ${type}`);
      await once(this.#arrivals, "change");
    }
  }
}

function answerPage(
  request: IncomingMessage,
  response: ServerResponse,
  { sessions = [], refuseWith }: FakeServerOptions,
): void {
  const found = request.url === "/sessions";
  response.writeHead(refuseWith ?? (found ? 200 : 404), { "content-type": "application/json" });
  response.end(JSON.stringify(found ? { sessions } : {}));
}

const USAGE = {
  input_tokens: 1234,
  cached_input_tokens: 1000,
  cache_write_input_tokens: 0,
  output_tokens: 56,
  reasoning_output_tokens: 12,
  cost_usd: 0.0123,
};

const sessionInfo = (state: "idle" | "running" = "idle"): ServerBody => ({
  type: "session_info",
  payload: {
    session_id: "0f8fad5bd9cb469fa16570867728950e",
    model: "codex-mini-latest",
    provider: "openai",
    workspace: "/home/ada/project",
    approvalPolicy: "suggest",
    sandbox: "workspace-write",
    state,
    head_seq: 0,
    server_version: "0.1.0",
  },
});
