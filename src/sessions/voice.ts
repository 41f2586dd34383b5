import type { AuditFacts } from "../contract/audit.ts";
import type { ClientInfo } from "../contract/client.ts";
import { AgentError } from "../contract/error.ts";
import type { Seq, SessionRecord } from "../contract/log.ts";
import type { ResponseDelta, ServerBody } from "../contract/message.ts";
import type { SessionObserver } from "../contract/observe.ts";
import type { Redactor } from "../contract/redact.ts";
import type { Entry, Subscriber } from "../contract/session.ts";
import type { Clients } from "./clients.ts";
import { HeldDeltas, type SafeDelta } from "./held-deltas.ts";
import { mintMessageId } from "./message-id.ts";
import { counted, redactHead, toMessage } from "./redacted.ts";

interface VoiceParts {
  log: SessionRecord;
  redactor: Redactor;
  onFault(error: unknown): void;
  observer: SessionObserver | undefined;
}

interface To {
  id?: string;
  audit?: AuditFacts;
  /** Nobody else is told. */
  only?: Subscriber;
  /** In place of the number of its line. */
  seq?: Seq;
}

/** Says what a session has to say: without secrets, to the log first, and then the same bytes to its clients. */
export class Voice {
  readonly #parts: VoiceParts;
  readonly #clients: Clients;
  readonly #deltas: HeldDeltas;
  #openRequest: Entry | undefined;

  constructor(parts: VoiceParts, clients: Clients) {
    this.#parts = parts;
    this.#clients = clients;
    this.#deltas = new HeldDeltas(parts.redactor);
  }

  /** The request for approval that waits for an answer, as it was told. */
  get openRequest(): Entry | undefined {
    return this.#openRequest;
  }

  /** Logs what a client has sent. */
  record(json: string, client: ClientInfo): void {
    const { text, count } = this.#parts.redactor.json(json);
    this.#parts.log.append("incoming", text, counted({ client }, count));
  }

  /** Logs the beginning of a frame that was no message. */
  recordRefused(frame: string, error: AgentError, client: ClientInfo): void {
    const isWhole = error.code !== "message_too_large";
    const { text, count } = redactHead(this.#parts.redactor, frame, isWhole);
    this.#parts.log.append("incoming", JSON.stringify(text), counted({ client }, count));
  }

  tell(body: ServerBody, to: To = {}): void {
    const itemId = body.type === "response_item" ? body.payload.id : undefined;
    if (itemId !== undefined) this.#tellSafe(this.#deltas.flush(itemId));
    const { log, redactor } = this.#parts;
    const { message, json, redactions } = toMessage(redactor, body, to.id);
    const audit = to.only ? { ...to.audit, client: to.only.info } : to.audit;
    log.append("outgoing", json, counted(audit, redactions));
    const entry = { seq: to.seq ?? log.head, message, json };
    this.#followRequest(entry);
    this.#deliver(entry, to.only);
    this.#parts.observer?.told(body, to.audit);
  }

  /** Its end is held back while it could be the beginning of a secret. */
  tellDelta(payload: ResponseDelta): void {
    this.#parts.observer?.delta();
    const delta = this.#deltas.push(payload);
    if (delta) this.#tellSafe([delta]);
  }

  /** Tells what was held back: nothing more comes of those items. */
  letGo(): void {
    this.#tellSafe(this.#deltas.flush());
  }

  /** One place where errors become messages. What is no AgentError is a fault of ours and told without detail. */
  tellError(error: unknown, only?: Subscriber): void {
    if (!(error instanceof AgentError)) this.#parts.onFault(error);
    this.tellAnyway({ type: "error", payload: errorPayload(error) }, only);
  }

  /** What ends a turn is told even when the log takes nothing any more: a client must not wait for ever. */
  tellAnyway(body: ServerBody, only?: Subscriber): void {
    try {
      this.tell(body, only && { only });
    } catch (failure) {
      this.#parts.onFault(failure);
      const { message, json } = toMessage(this.#parts.redactor, body);
      this.#deliver({ seq: this.#parts.log.head, message, json }, only);
    }
  }

  #tellSafe(deltas: Iterable<SafeDelta>): void {
    const { log } = this.#parts;
    for (const { payload, redactions } of deltas) {
      // The line that it is about to stand in comes after the number that it carries.
      const seq = log.head;
      log.delta(payload, redactions);
      const message = { id: mintMessageId(), type: "response_delta", payload } as const;
      const json = `{"id":"${message.id}","type":"response_delta","payload":${JSON.stringify(payload)}}`;
      this.#deliver({ seq, message, json });
    }
  }

  #deliver(entry: Entry, only?: Subscriber): void {
    if (only) only.deliver(entry);
    else this.#clients.deliver(entry);
  }

  #followRequest(entry: Entry): void {
    const { message } = entry;
    if (message.type === "approval_request") this.#openRequest = entry;
    if (message.type === "approval_resolved" && message.payload.requestId === this.#openRequest?.message.id) {
      this.#openRequest = undefined;
    }
  }
}

function errorPayload(error: unknown): Extract<ServerBody, { type: "error" }>["payload"] {
  if (!(error instanceof AgentError)) {
    return {
      message: "Something went wrong in the server. Its log says what.",
      details: { code: "internal" },
    };
  }
  const { message, code, details, retryable } = error;
  return { message, details: { ...details, code }, ...(retryable !== undefined && { retryable }) };
}
