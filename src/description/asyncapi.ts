import { z } from "zod";
import { ApprovalPolicy } from "../contract/message.ts";
import { ABOUT, TOKEN } from "./about.ts";
import { type JsonSchema, SharedSchemas } from "./json-schema.ts";
import { CLIENT_MESSAGES, type Described, SERVER_MESSAGES } from "./schemas.ts";

interface Reference {
  $ref: string;
}

interface Channel {
  address: string;
  title: string;
  description: string;
  messages: Record<string, Reference>;
  parameters?: Record<string, { description: string }>;
  bindings: { ws: { method: "GET"; query?: JsonSchema; headers?: JsonSchema; bindingVersion: "0.1.0" } };
}

interface Message {
  name: string;
  summary: string;
  payload: Reference;
  examples: { payload: unknown }[];
}

/** As much of AsyncAPI 3.0 as the description is made of. */
export interface AsyncApi {
  asyncapi: "3.0.0";
  info: { title: string; version: string; description: string; license: { name: string } };
  defaultContentType: "application/json";
  servers: Record<string, { host: string; protocol: "ws"; description: string; security: Reference[] }>;
  channels: Record<string, Channel>;
  operations: Record<
    string,
    { action: "send" | "receive"; summary: string; channel: Reference; messages: Reference[] }
  >;
  components: {
    messages: Record<string, Message>;
    schemas: Record<string, JsonSchema>;
    securitySchemes: Record<string, { type: "http"; scheme: string; description: string }>;
  };
}

/** A place where clients ask for a WebSocket. */
interface SocketDoor {
  name: string;
  address: string;
  title: string;
  description: string;
  query?: z.ZodObject;
  /** Only requests that carry this header come in here. */
  header?: string;
  speaks: "agentloop" | "codex-rpc";
}

const AGENTLOOP_QUERY = z.object({
  model: z.string().optional().describe("The session's model."),
  approvalPolicy: ApprovalPolicy.optional().describe("Never wider than the server's own."),
  stream: z
    .enum(["true", "false"])
    .optional()
    .describe(
      "`true`: also `session_info`, `response_delta`, `status` and `approval_resolved`, and every `seq`.",
    ),
  after: z.string().optional().describe("What the log has after this `seq` comes first; -1: all of it."),
});

const DOORS: readonly SocketDoor[] = [
  {
    name: "session",
    address: "/",
    title: "A new session",
    description: "The answer's header `X-Session-Id` has its id.",
    query: AGENTLOOP_QUERY,
    speaks: "agentloop",
  },
  {
    name: "sessionByName",
    address: "/ws",
    title: "A new session, at another path",
    description: "The same as `/`.",
    query: AGENTLOOP_QUERY,
    speaks: "agentloop",
  },
  {
    name: "sessionById",
    address: "/ws/{session_id}",
    title: "A session that is there",
    description:
      "It may be running, or have ended: then it goes on in the same log. A request for approval that is open comes again.",
    query: AGENTLOOP_QUERY,
    speaks: "agentloop",
  },
  {
    name: "codexRpc",
    address: "/api/v1/sre/socket",
    title: "Clients of the Codex app-server",
    description:
      "JSON-RPC as the Codex app-server speaks it, without the member `jsonrpc`. A thread is a session.",
    query: z.object({
      engine: z.literal("codex").optional().describe("A process of its own, where allowed."),
    }),
    speaks: "codex-rpc",
  },
  {
    name: "codexTerminal",
    address: "/",
    title: "The terminal client of Codex",
    description: "It can be given no path, and is known by a header.",
    header: "x-codex-app-server-compression",
    speaks: "codex-rpc",
  },
];

const RpcMessage = z
  .looseObject({
    id: z.union([z.string(), z.int(), z.null()]).optional(),
    method: z.string().optional(),
    params: z.unknown().optional(),
    result: z.unknown().optional(),
    error: z.looseObject({ code: z.int(), message: z.string() }).optional(),
  })
  .meta({ id: "RpcMessage", description: "A request, a notification or an answer, in both directions." });

const RPC_MESSAGES: readonly Described[] = [
  {
    name: "rpc",
    schema: RpcMessage,
    examples: [
      { method: "initialize", id: 0, params: { clientInfo: { name: "my-client", version: "1.0.0" } } },
      { method: "initialized" },
      { method: "thread/start", id: 1, params: { model: null } },
    ],
  },
];

/** What each kind of client sends, and what it is sent. */
const TRAFFIC = {
  agentloop: { receive: CLIENT_MESSAGES, send: SERVER_MESSAGES },
  "codex-rpc": { receive: RPC_MESSAGES, send: RPC_MESSAGES },
} as const;

/** The WebSocket messages of a server. */
export function asyncApi(version: string): AsyncApi {
  const shared = new SharedSchemas();
  const messages = [...CLIENT_MESSAGES, ...SERVER_MESSAGES, ...RPC_MESSAGES];
  return {
    asyncapi: "3.0.0",
    info: { title: "AgentLoop Server", version, description: ABOUT, license: { name: "Apache-2.0" } },
    defaultContentType: "application/json",
    servers: {
      default: {
        host: "127.0.0.1:8080",
        protocol: "ws",
        description:
          "Where a server listens if nothing else is said; `wss` with `TLS_KEY_PATH` and `TLS_CERT_PATH`.",
        security: [{ $ref: "#/components/securitySchemes/token" }],
      },
    },
    channels: Object.fromEntries(DOORS.map((door) => [door.name, describeDoor(door, shared)])),
    operations: Object.fromEntries(DOORS.flatMap(operationsOf)),
    components: {
      messages: Object.fromEntries(messages.map((one) => [one.name, describeMessage(one, shared)])),
      schemas: shared.all(),
      securitySchemes: { token: { type: "http", scheme: "bearer", description: TOKEN } },
    },
  };
}

function describeDoor(door: SocketDoor, shared: SharedSchemas): Channel {
  const { address, title, description, query, header, speaks } = door;
  const names = new Set(Object.values(TRAFFIC[speaks]).flatMap((some) => some.map(({ name }) => name)));
  const headers = {
    type: "object",
    properties: { [header ?? ""]: { type: "string" } },
    required: [header ?? ""],
  };
  return {
    address,
    title,
    description,
    messages: Object.fromEntries([...names].map((name) => [name, { $ref: `#/components/messages/${name}` }])),
    ...(address.includes("{session_id}") && {
      parameters: { session_id: { description: "The session's id: 32 to 64 of 0-9 and a-f." } },
    }),
    bindings: {
      ws: {
        method: "GET",
        ...(query && { query: shared.add(query) }),
        ...(header !== undefined && { headers }),
        bindingVersion: "0.1.0",
      },
    },
  };
}

function operationsOf({ name, title, speaks }: SocketDoor): [string, AsyncApi["operations"][string]][] {
  return (["receive", "send"] as const).map((action) => [
    `${action}.${name}`,
    {
      action,
      summary: `${title}: what ${action === "receive" ? "a client asks" : "the server tells"}`,
      channel: { $ref: `#/channels/${name}` },
      messages: TRAFFIC[speaks][action].map((message) => ({
        $ref: `#/channels/${name}/messages/${message.name}`,
      })),
    },
  ]);
}

function describeMessage({ name, schema, examples }: Described, shared: SharedSchemas): Message {
  const payload = shared.add(schema);
  if (payload.$ref === undefined) throw new Error(`the schema of ${name} has no id`);
  return {
    name,
    summary: schema.description ?? name,
    payload: { $ref: payload.$ref },
    examples: examples.map((example) => ({ payload: example })),
  };
}
