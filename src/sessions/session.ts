import { v7 as uuid } from "uuid";
import type { Agent, AgentOutput, AuditFacts, UserInput } from "../contract/agent.ts";
import { AgentError } from "../contract/error.ts";
import type { LogLine, Seq, SessionRecord } from "../contract/log.ts";
import type { ClientMessage, ServerBody, SessionInfo, TurnStatus } from "../contract/message.ts";
import type { Redactor } from "../contract/redact.ts";
import type { ClientInfo, EndReason, Entry, Session, SessionNote, Subscriber } from "../contract/session.ts";
import { Clients } from "./clients.ts";
import { HeldDeltas, type SafeDelta } from "./held-deltas.ts";
import { counted, redactHead, toMessage } from "./redacted.ts";
import { toldToEveryone } from "./replay.ts";
import { UsageSum } from "./usage-sum.ts";

export interface SessionParts {
  id: string;
  agent: Agent;
  log: SessionRecord;
  /** What is logged or told goes through it. */
  redactor: Redactor;
  /** The lines of the log after one. */
  readLog(after: Seq): AsyncIterable<LogLine>;
  /** What `session_info` tells beside what changes. */
  facts: Pick<SessionInfo, "workspace" | "approvalPolicy" | "sandbox" | "server_version">;
  /** How long a session lives on without a client, in milliseconds. */
  detachMs: number;
  maxClients: number;
  /** Called once, when the session has ended. */
  onEnd(): void;
  /** A fault of ours, whole. */
  onFault(error: unknown): void;
}

/** A running turn (or compaction): nothing else of the agent runs beside it. */
interface Running {
  abort: AbortController;
  done: Promise<void>;
}

type State = "idle" | "running" | "ended";

/** One agent, one log, any number of clients: every message goes to the log first, and the same bytes to everyone. */
export class LiveSession implements Session {
  readonly id: string;
  readonly #parts: SessionParts;
  readonly #clients = new Clients();
  readonly #deltas: HeldDeltas;
  /** The request for approval that waits for an answer, as it was told. */
  #openRequest: Entry | undefined;
  #running: Running | undefined;
  #waiting: UserInput[] = [];
  #detachTimer: NodeJS.Timeout | undefined;
  #ended: Promise<void> | undefined;

  constructor(parts: SessionParts) {
    this.id = parts.id;
    this.#parts = parts;
    this.#deltas = new HeldDeltas(parts.redactor);
    this.#endWithoutClients();
  }

  info(): SessionInfo {
    const { agent, log, facts } = this.#parts;
    return {
      session_id: this.id,
      model: agent.model,
      provider: agent.provider,
      ...facts,
      state: this.#state(),
      head_seq: log.head,
    };
  }

  attach(client: Subscriber, after?: Seq): () => void {
    const { maxClients, log } = this.#parts;
    if (this.#clients.size >= maxClients) {
      throw new AgentError(
        "rate_limited",
        `Session ${this.id} has ${maxClients} clients already (MAX_CLIENTS_PER_SESSION).`,
      );
    }
    clearTimeout(this.#detachTimer);
    const info: ServerBody = { type: "session_info", payload: this.info() };
    if (after === undefined) {
      this.#tell(info, { only: client });
      this.#clients.add(client);
      if (this.#openRequest) client.deliver(this.#openRequest);
    } else {
      // It carries the number that the client has, as what is replayed comes after that.
      this.#tell(info, { only: client, seq: after });
      this.#clients.addAfter(client, this.#missed(after, log.head)).catch((error: unknown) => {
        this.#parts.onFault(error);
        client.end("internal");
      });
    }
    return () => this.#detach(client);
  }

  receive(message: ClientMessage, json: string, from: Subscriber): void {
    try {
      const { text, count } = this.#parts.redactor.json(json);
      this.#parts.log.append("incoming", text, counted({ client: from.info }, count));
      this.#handle(message, from);
    } catch (error) {
      this.#tellError(error, from);
    }
  }

  refuse(frame: string, error: AgentError, from: Subscriber): void {
    try {
      const isWhole = error.code !== "message_too_large";
      const { text, count } = redactHead(this.#parts.redactor, frame, isWhole);
      this.#parts.log.append("incoming", JSON.stringify(text), counted({ client: from.info }, count));
    } catch (failure) {
      this.#tellError(failure, from);
      return;
    }
    this.#tellError(error, from);
  }

  note(note: SessionNote, json: string, from: ClientInfo): void {
    const { text, count } = this.#parts.redactor.json(json);
    this.#parts.log.append("incoming", text, counted({ client: from }, count));
    this.#tell({ type: "status", payload: note });
  }

  /** Stops what runs, ends the log and lets go of the clients. Safe to call again. */
  end(reason: EndReason): Promise<void> {
    this.#ended ??= this.#close(reason);
    return this.#ended;
  }

  #state(): State {
    if (this.#ended) return "ended";
    return this.#running ? "running" : "idle";
  }

  #handle(message: ClientMessage, from: Subscriber): void {
    const { agent } = this.#parts;
    switch (message.type) {
      case "user_input": {
        const { input, previousResponseId, model } = message.payload;
        this.#takeInput({ items: input, previousResponseId: previousResponseId || undefined, model });
        break;
      }
      case "approval_response": {
        const { review, requestId, applyPatch, customDenyMessage } = message.payload;
        const patch = applyPatch?.patch;
        agent.answer({ review, requestId, patch, denyMessage: customDenyMessage, client: from.info.id });
        break;
      }
      case "cancel":
        this.#running?.abort.abort(new DOMException("The turn was cancelled.", "AbortError"));
        break;
      case "get_context_info":
        this.#tell({ type: "context_info", payload: agent.contextInfo() }, { only: from });
        break;
      case "manual_compact":
        if (this.#running) {
          throw new AgentError(
            "invalid_message",
            "The context cannot be compacted while a turn runs. Ask again after agent_finished.",
          );
        }
        this.#start((signal) => this.#compact(signal));
        break;
    }
  }

  #takeInput(input: UserInput): void {
    if (this.#ended) throw new AgentError("unknown_session", `Session ${this.id} has ended.`);
    if (!this.#running) this.#start((signal) => this.#turn(input, signal));
    else if (!this.#parts.agent.steer(input)) this.#waiting.push(input);
  }

  #start(work: (signal: AbortSignal) => Promise<ServerBody | undefined>): void {
    const abort = new AbortController();
    this.#running = { abort, done: this.#run(work, abort.signal) };
  }

  /** Runs a piece of work; its last message is told when the session is ready for the next one. */
  async #run(
    work: (signal: AbortSignal) => Promise<ServerBody | undefined>,
    signal: AbortSignal,
  ): Promise<void> {
    let last: ServerBody | undefined;
    try {
      last = await work(signal);
    } catch (error) {
      this.#tellError(error);
    }
    this.#running = undefined;
    if (last) this.#tellAnyway(last);
    // Nobody waits for the disk here: the next turn may begin.
    this.#parts.log.barrier().catch((error: unknown) => this.#parts.onFault(error));
    const next = this.#ended ? undefined : this.#waiting.shift();
    if (next) this.#start((nextSignal) => this.#turn(next, nextSignal));
  }

  async #turn(input: UserInput, signal: AbortSignal): Promise<ServerBody> {
    const usage = new UsageSum();
    let status: TurnStatus = "failed";
    try {
      this.#tell({ type: "loading_state", payload: { loading: true } });
      status = (await this.#follow(this.#parts.agent.run(input, signal), usage)) ?? "failed";
    } catch (error) {
      this.#tellError(error);
    }
    this.#tellAnyway({ type: "loading_state", payload: { loading: false } });
    const { total } = usage;
    return {
      type: "agent_finished",
      payload: { responseId: this.#parts.agent.lastResponseId ?? "", status, ...(total && { usage: total }) },
    };
  }

  async #compact(signal: AbortSignal): Promise<undefined> {
    await this.#follow(this.#parts.agent.compact(signal), new UsageSum());
  }

  /** Says what the agent says, one thing at a time; before a tool starts the log is made durable. */
  async #follow<Result>(
    outputs: AsyncGenerator<AgentOutput, Result | undefined>,
    usage: UsageSum,
  ): Promise<Result | undefined> {
    try {
      for (let next = await outputs.next(); ; next = await outputs.next()) {
        if (next.done) return next.value;
        await this.#say(next.value, usage);
      }
    } catch (error) {
      // What could not be said must not go on in silence: this ends the model's stream and the tool that runs.
      await outputs.return(undefined);
      throw error;
    } finally {
      for (const delta of this.#deltas.flush()) this.#tellDelta(delta);
    }
  }

  async #say({ body, id, audit }: AgentOutput, usage: UsageSum): Promise<void> {
    if (body.type === "response_delta") {
      const delta = this.#deltas.push(body.payload);
      if (delta) this.#tellDelta(delta);
      return;
    }
    if (body.type === "response_item" && body.payload.id !== undefined) {
      for (const delta of this.#deltas.flush(body.payload.id)) this.#tellDelta(delta);
    }
    this.#tell(body, { ...(id !== undefined && { id }), ...(audit && { audit }) });
    if (body.type !== "status") return;
    if (body.payload.kind === "tool_started") await this.#parts.log.barrier();
    if (body.payload.kind === "response_finished") usage.add(body.payload.usage);
  }

  /** Logs a message and hands the logged bytes to every client, or to one. */
  #tell(body: ServerBody, to: { id?: string; audit?: AuditFacts; only?: Subscriber; seq?: Seq } = {}): void {
    const { log, redactor } = this.#parts;
    const { message, json, redactions } = toMessage(redactor, body, to.id);
    const audit = to.only ? { ...to.audit, client: to.only.info } : to.audit;
    log.append("outgoing", json, counted(audit, redactions));
    const entry = { seq: to.seq ?? log.head, message, json };
    this.#followRequest(entry);
    this.#deliver(entry, to.only);
  }

  #tellDelta({ payload, redactions }: SafeDelta): void {
    const message = { id: uuid(), type: "response_delta", payload } as const;
    const { log } = this.#parts;
    log.delta(payload, redactions);
    this.#deliver({ seq: log.head, message, json: JSON.stringify(message) });
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

  /** What everyone was told after a line, and the open request if that is not among it. */
  async *#missed(after: Seq, upTo: Seq): AsyncGenerator<Entry> {
    yield* toldToEveryone(this.#parts.readLog(after), upTo);
    const open = this.#openRequest;
    if (open && open.seq <= after) yield open;
  }

  /** One place where errors become messages. What is no AgentError is a fault of ours and told without detail. */
  #tellError(error: unknown, only?: Subscriber): void {
    if (!(error instanceof AgentError)) this.#parts.onFault(error);
    this.#tellAnyway({ type: "error", payload: errorPayload(error) }, only);
  }

  /** What ends a turn is told even when the log takes nothing any more: a client must not wait for ever. */
  #tellAnyway(body: ServerBody, only?: Subscriber): void {
    try {
      this.#tell(body, only && { only });
    } catch (failure) {
      this.#parts.onFault(failure);
      const { message, json } = toMessage(this.#parts.redactor, body);
      this.#deliver({ seq: this.#parts.log.head, message, json }, only);
    }
  }

  #detach(client: Subscriber): void {
    if (this.#clients.remove(client) && this.#clients.size === 0 && !this.#ended) this.#endWithoutClients();
  }

  #endWithoutClients(): void {
    this.#detachTimer = setTimeout(() => void this.end("session_ended"), this.#parts.detachMs);
  }

  async #close(reason: EndReason): Promise<void> {
    clearTimeout(this.#detachTimer);
    this.#running?.abort.abort(new DOMException("The session ends.", "AbortError"));
    await this.#running?.done;
    await this.#parts.log.end().catch((error: unknown) => this.#parts.onFault(error));
    for (const client of this.#clients) client.end(reason);
    this.#parts.onEnd();
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
