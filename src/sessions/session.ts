import type { Agent, AgentOutput, UserInput } from "../contract/agent.ts";
import { AgentError } from "../contract/error.ts";
import type { LogLine, Seq, SessionRecord } from "../contract/log.ts";
import type { ClientMessage, ServerBody, SessionInfo, TurnStatus } from "../contract/message.ts";
import type { Observer, SessionObserver } from "../contract/observe.ts";
import type { Redactor } from "../contract/redact.ts";
import type { ClientInfo, EndReason, Entry, Session, SessionNote, Subscriber } from "../contract/session.ts";
import { Clients } from "./clients.ts";
import { InputQueue } from "./input-queue.ts";
import { DurableClient } from "./durable-client.ts";
import { toldToEveryone } from "./replay.ts";
import { UsageSum } from "./usage-sum.ts";
import { Voice } from "./voice.ts";

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
  /** Nothing is told before it is on the disk. */
  strict: boolean;
  observer?: Observer | undefined;
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
  readonly #durables = new WeakMap<Subscriber, DurableClient>();
  readonly #observer: SessionObserver | undefined;
  readonly #voice: Voice;
  #running: Running | undefined;
  readonly #inbox = new InputQueue();
  #detachTimer: NodeJS.Timeout | undefined;
  #ended: Promise<void> | undefined;

  constructor(parts: SessionParts) {
    this.id = parts.id;
    this.#parts = parts;
    this.#observer = parts.observer?.begin(this.info());
    this.#voice = new Voice({ ...parts, observer: this.#observer }, this.#clients);
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

  attach(subscriber: Subscriber, after?: Seq): () => void {
    const { maxClients, log } = this.#parts;
    const client = this.#durable(subscriber);
    if (this.#clients.size >= maxClients) {
      throw new AgentError(
        "rate_limited",
        `Session ${this.id} has ${maxClients} clients already (MAX_CLIENTS_PER_SESSION).`,
      );
    }
    const info: ServerBody = { type: "session_info", payload: this.info() };
    if (after === undefined) {
      this.#voice.tell(info, { only: client });
      this.#clients.add(client);
      if (this.#voice.openRequest) client.deliver(this.#voice.openRequest);
    } else {
      // It carries the number that the client has, as what is replayed comes after that.
      this.#voice.tell(info, { only: client, seq: after });
      this.#clients.addAfter(client, this.#missed(after, log.head)).catch((error: unknown) => {
        this.#parts.onFault(error);
        client.end("internal");
      });
    }
    clearTimeout(this.#detachTimer);
    return () => this.#detach(client);
  }

  isOpen({ seq }: Entry): boolean {
    return this.#voice.openRequest?.seq === seq;
  }

  receive(message: ClientMessage, json: string, subscriber: Subscriber): void {
    const from = this.#durable(subscriber);
    try {
      this.#voice.record(json, from.info);
      this.#handle(message, from);
    } catch (error) {
      this.#voice.tellError(error, from);
    }
  }

  refuse(frame: string, error: AgentError, subscriber: Subscriber): void {
    const from = this.#durable(subscriber);
    try {
      this.#voice.recordRefused(frame, error, from.info);
    } catch (failure) {
      this.#voice.tellError(failure, from);
      return;
    }
    this.#voice.tellError(error, from);
  }

  note(note: SessionNote, json: string, from: ClientInfo): void {
    this.#voice.record(json, from);
    this.#voice.tell({ type: "status", payload: note });
  }

  /** Stops what runs, ends the log and lets go of the clients. Safe to call again. */
  end(reason: EndReason): Promise<void> {
    this.#ended ??= this.#close(reason);
    return this.#ended;
  }

  /** What tells a client: the client itself, or one that waits for the disk first, always the same. */
  #durable(client: Subscriber): Subscriber {
    const { strict, log } = this.#parts;
    if (!strict) return client;
    const durable = this.#durables.get(client) ?? new DurableClient(client, () => log.barrier());
    this.#durables.set(client, durable);
    return durable;
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
        this.#voice.tell({ type: "context_info", payload: agent.contextInfo() }, { only: from });
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
    this.#inbox.push(input);
    this.#startTurn();
  }

  /** Unless something runs: a running turn takes in what waits. */
  #startTurn(): void {
    if (!this.#running && !this.#ended && !this.#inbox.isEmpty) this.#start((signal) => this.#turn(signal));
  }

  #start(work: (signal: AbortSignal) => Promise<ServerBody | undefined>): void {
    const abort = new AbortController();
    const running: Running = { abort, done: Promise.resolve() };
    this.#running = running;
    running.done = this.#run(work, abort.signal);
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
      this.#voice.tellError(error);
    }
    this.#running = undefined;
    if (last) this.#voice.tellAnyway(last);
    // Nobody waits for the disk here: the next turn may begin.
    this.#parts.log.barrier().catch((error: unknown) => this.#parts.onFault(error));
    this.#startTurn();
  }

  async #turn(signal: AbortSignal): Promise<ServerBody> {
    const usage = new UsageSum();
    let status: TurnStatus = "failed";
    try {
      this.#voice.tell({ type: "loading_state", payload: { loading: true } });
      const outputs = this.#parts.agent.run(this.#inbox, signal, (delta) => this.#voice.tellDelta(delta));
      status = (await this.#follow(outputs, usage)) ?? "failed";
    } catch (error) {
      this.#voice.tellError(error);
      // Without a log there are no more turns: what waits would be tried again for ever.
      if (error instanceof AgentError && error.code === "log_unavailable") this.#inbox.clear();
    }
    this.#voice.tellAnyway({ type: "loading_state", payload: { loading: false } });
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
      this.#voice.letGo();
    }
  }

  async #say({ body, id, audit }: AgentOutput, usage: UsageSum): Promise<void> {
    if (body.type === "response_delta") return this.#voice.tellDelta(body.payload);
    this.#voice.tell(body, { ...(id !== undefined && { id }), ...(audit && { audit }) });
    if (body.type !== "status") return;
    if (body.payload.kind === "tool_started") await this.#parts.log.barrier();
    if (body.payload.kind === "response_finished") usage.add(body.payload.usage);
  }

  /** What everyone was told after a line, and the open request if that is not among it. */
  async *#missed(after: Seq, upTo: Seq): AsyncGenerator<Entry> {
    yield* toldToEveryone(this.#parts.readLog(after), upTo);
    const open = this.#voice.openRequest;
    if (open && open.seq <= after) yield open;
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
    await this.#parts.agent.close?.().catch((error: unknown) => this.#parts.onFault(error));
    await this.#parts.log.end().catch((error: unknown) => this.#parts.onFault(error));
    for (const client of this.#clients) client.end(reason);
    this.#observer?.ended();
    this.#parts.onEnd();
  }
}
