import { z } from "zod";
import { AgentError } from "../contract/error.ts";
import type { Seq } from "../contract/log.ts";
import { ApprovalPolicy, ClientMessage, type ServerMessage } from "../contract/message.ts";
import type { Connection, OpenProtocol, Protocol } from "../contract/protocol.ts";
import type { Entry, Session, Subscriber } from "../contract/session.ts";

/** Messages that a client written for the first version of the protocol does not know: sent to those who opted in. */
const STREAM_ONLY: ReadonlySet<string> = new Set([
  "approval_resolved",
  "status",
  "session_info",
  "response_delta",
]);

export const PARAMETERS: readonly string[] = ["model", "approvalPolicy", "stream", "after"];

const MESSAGE_TYPES: readonly string[] = ClientMessage.options.map((option) => option.shape.type.value);

/**
 * The AgentLoop WebSocket protocol: JSON messages as they stand in the log. A connection gets a fresh session, or is
 * attached to the one that its path names.
 */
export const openAgentloop: OpenProtocol = async (connection) => {
  const { query, sessions, params } = connection;
  checkNames(query);
  const after = readAfter(query.get("after"));
  const session = await (params["session_id"] === undefined
    ? sessions.create({
        model: query.get("model") ?? undefined,
        approvalPolicy: readPolicy(query.get("approvalPolicy")),
      })
    : sessions.open(params["session_id"]));
  return {
    protocol: new AgentloopProtocol(connection, session, { streams: query.get("stream") === "true", after }),
    headers: { "X-Session-Id": session.id },
  };
};

/** A mistyped name must not pass: what it was to narrow would stay wide. */
function checkNames(query: URLSearchParams): void {
  const unknown = [...query.keys()].find((name) => !PARAMETERS.includes(name));
  if (unknown === undefined) return;
  throw new AgentError(
    "invalid_message",
    `${JSON.stringify(unknown)}: expected one of the parameters ${PARAMETERS.join(", ")}.`,
  );
}

function readAfter(value: string | null): Seq | undefined {
  if (value === null) return undefined;
  if (/^(?:-1|\d{1,15})$/.test(value)) return Number(value);
  throw new AgentError(
    "invalid_message",
    `after: expected the number of a line, from -1; came ${JSON.stringify(value)}.`,
  );
}

function readPolicy(value: string | null): ApprovalPolicy | undefined {
  if (value === null) return undefined;
  const policy = ApprovalPolicy.safeParse(value);
  if (policy.success) return policy.data;
  const expected = ApprovalPolicy.options.join(", ");
  throw new AgentError(
    "invalid_message",
    `approvalPolicy: expected one of ${expected}; came ${JSON.stringify(value)}.`,
  );
}

class AgentloopProtocol implements Protocol {
  readonly #session: Session;
  readonly #subscriber: Subscriber;
  readonly #detach: () => void;

  constructor(
    connection: Connection,
    session: Session,
    { streams, after }: { streams: boolean; after: Seq | undefined },
  ) {
    this.#session = session;
    this.#subscriber = {
      info: connection.info,
      deliver(entry) {
        if (streams) connection.send(withSeq(entry), entry.message.type === "response_delta");
        // Who is not told of answers would ask a person again for what was answered.
        else if (entry.message.type === "approval_request" && !session.isOpen(entry)) return;
        else if (isForEveryone(entry.message)) connection.send(entry.json);
      },
      drained: () => connection.drained(),
      end: (reason) => connection.end(reason),
    };
    this.#detach = session.attach(this.#subscriber, after);
  }

  receive(frame: string): void {
    const read = readFrame(frame);
    if (read instanceof AgentError) this.#session.refuse(frame, read, this.#subscriber);
    else this.#session.receive(read, onOneLine(frame), this.#subscriber);
  }

  oversized(head: string): void {
    const error = new AgentError(
      "message_too_large",
      "The frame is larger than the server takes (MAX_MESSAGE_BYTES).",
    );
    this.#session.refuse(head, error, this.#subscriber);
  }

  limited(): void {
    const error = new AgentError("rate_limited", "Too many messages a second (MAX_MESSAGES_PER_SECOND).", {
      retryable: true,
    });
    this.#session.refuse("", error, this.#subscriber);
  }

  closed(): void {
    this.#detach();
  }
}

/** What a client of the first version understands. */
const isForEveryone = ({ type, payload }: ServerMessage) =>
  !STREAM_ONLY.has(type) && !(type === "response_item" && payload.type === "provider_item");

/** The logged bytes with the log's number in front, so that nothing is serialised twice. */
const withSeq = ({ seq, json }: Entry) => `{"seq":${seq},${json.slice(1)}`;

/** Line breaks of a valid JSON text stand between its tokens, never inside a string. */
const onOneLine = (json: string) => json.replaceAll(/[\n\r]+/g, " ");

const Typed = z.object({ type: z.string() });

function readFrame(frame: string): ClientMessage | AgentError {
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch {
    return new AgentError("invalid_json", "Expected one JSON object; the frame is not JSON.");
  }
  const type = Typed.safeParse(value);
  if (type.success && !MESSAGE_TYPES.includes(type.data.type)) {
    return new AgentError(
      "unknown_type",
      `Expected one of the types ${MESSAGE_TYPES.join(", ")}; came ${JSON.stringify(type.data.type.slice(0, 64))}.`,
    );
  }
  const message = ClientMessage.safeParse(value);
  return message.success ? message.data : invalidMessage(message.error);
}

function invalidMessage(error: z.ZodError): AgentError {
  const problems = error.issues.map((issue) => {
    const path = issue.path.join(".");
    return { path, message: issue.message };
  });
  const text = problems
    .map(({ path, message }) => (path === "" ? message : `${path}: ${message}`))
    .join("; ");
  return new AgentError("invalid_message", text, { details: { problems } });
}
