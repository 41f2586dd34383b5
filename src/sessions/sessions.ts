import { v7 as uuid } from "uuid";
import type { Agent } from "../contract/agent.ts";
import { AgentError } from "../contract/error.ts";
import type { LogStore, SessionId, SessionRecord } from "../contract/log.ts";
import { ApprovalPolicy, type SessionInfo } from "../contract/message.ts";
import type { Model, SelectModel } from "../contract/model.ts";
import type { Redactor } from "../contract/redact.ts";
import type { EndReason, Session, SessionOptions, Sessions } from "../contract/session.ts";
import { LiveSession } from "./session.ts";

export interface SessionsOptions {
  defaultModel: string;
  selectModel: SelectModel;
  readonly createAgent: (start: { sessionId: string; model: Model; approvalPolicy: ApprovalPolicy }) => Agent;
  logs: Pick<LogStore, "read" | "summary">;
  readonly createLog: (id: SessionId) => SessionRecord;
  /** Goes on with the log of a session that has ended. */
  readonly openLog: (id: SessionId) => Promise<SessionRecord>;
  redactor: Redactor;
  approvalPolicy: ApprovalPolicy;
  facts: Pick<SessionInfo, "workspace" | "sandbox" | "server_version">;
  maxSessions: number;
  maxClientsPerSession: number;
  detachMs: number;
  readonly onFault: (error: unknown, sessionId: string) => void;
}

/** All running sessions of this server. */
export class LiveSessions implements Sessions {
  readonly #options: SessionsOptions;
  readonly #running = new Map<string, LiveSession>();
  /** Sessions that are being taken up from their logs. */
  readonly #opening = new Map<string, Promise<LiveSession>>();
  #closed = false;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  async create({ model: name, approvalPolicy }: SessionOptions): Promise<Session> {
    const options = this.#options;
    const policy = narrower(approvalPolicy, options.approvalPolicy);
    const model = await options.selectModel(name ?? options.defaultModel);
    this.#checkRoom();
    const id = uuid().replaceAll("-", "");
    const agent = options.createAgent({ sessionId: id, model, approvalPolicy: policy });
    return this.#start(id, { agent, log: options.createLog(id), policy });
  }

  async open(id: SessionId): Promise<Session> {
    const running = this.#running.get(id) ?? this.#opening.get(id);
    if (running) return await running;
    const opening = this.#takeUp(id).finally(() => this.#opening.delete(id));
    this.#opening.set(id, opening);
    return await opening;
  }

  /** Continues a conversation in its own log, with the server's own approval policy: what was granted has ended. */
  async #takeUp(id: SessionId): Promise<LiveSession> {
    const { logs, selectModel, defaultModel, createAgent, openLog, approvalPolicy } = this.#options;
    if (!(await logs.summary(id))) throw new AgentError("unknown_session", `There is no session ${id}.`);
    this.#checkRoom();
    const agent = createAgent({ sessionId: id, model: await selectModel(defaultModel), approvalPolicy });
    await agent.restore(logs.read(id, -1, Infinity));
    return this.#start(id, { agent, log: await openLog(id), policy: approvalPolicy });
  }

  #start(id: SessionId, parts: { agent: Agent; log: SessionRecord; policy: ApprovalPolicy }): LiveSession {
    const { facts, detachMs, maxClientsPerSession, logs, redactor, onFault } = this.#options;
    const session = new LiveSession({
      id,
      agent: parts.agent,
      log: parts.log,
      redactor,
      readLog: (after) => logs.read(id, after, Infinity),
      facts: { ...facts, approvalPolicy: parts.policy },
      detachMs,
      maxClients: maxClientsPerSession,
      onEnd: () => this.#running.delete(id),
      onFault: (error) => onFault(error, id),
    });
    this.#running.set(id, session);
    return session;
  }

  get size() {
    return this.#running.size;
  }

  /** Ends every session; resolves when all logs are closed. No session begins after it. */
  async close(reason: EndReason): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#running.values()].map((session) => session.end(reason)));
  }

  #checkRoom(): void {
    if (this.#closed) throw new AgentError("rate_limited", "The server is stopping.", { retryable: true });
    const { maxSessions } = this.#options;
    if (this.#running.size >= maxSessions) {
      throw new AgentError(
        "rate_limited",
        `The server runs ${maxSessions} sessions already (MAX_SESSIONS).`,
        {
          retryable: true,
        },
      );
    }
  }
}

/** Policies from narrow to wide, as the schema lists them. */
const WIDTH = ApprovalPolicy.options;

function narrower(asked: ApprovalPolicy | undefined, own: ApprovalPolicy): ApprovalPolicy {
  if (asked === undefined) return own;
  if (WIDTH.indexOf(asked) > WIDTH.indexOf(own)) {
    throw new AgentError(
      "invalid_message",
      `approvalPolicy ${asked} is wider than the server's own (${own}).`,
    );
  }
  return asked;
}
