import { v7 as uuid } from "uuid";
import type { Agent } from "./contract/agent.ts";
import { AgentError } from "./contract/error.ts";
import type { SessionRecord } from "./contract/log.ts";
import { ApprovalPolicy, type SessionInfo } from "./contract/message.ts";
import type { Model, SelectModel } from "./contract/model.ts";
import type { EndReason, Session, SessionOptions, Sessions } from "./contract/session.ts";
import { LiveSession } from "./session.ts";

export interface SessionsOptions {
  defaultModel: string;
  selectModel: SelectModel;
  createAgent(start: { sessionId: string; model: Model; approvalPolicy: ApprovalPolicy }): Agent;
  createLog(id: string): SessionRecord;
  approvalPolicy: ApprovalPolicy;
  facts: Pick<SessionInfo, "workspace" | "sandbox" | "server_version">;
  maxSessions: number;
  detachMs: number;
  onFault(error: unknown, sessionId: string): void;
}

/** All running sessions of this server. */
export class LiveSessions implements Sessions {
  readonly #options: SessionsOptions;
  readonly #running = new Map<string, LiveSession>();
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
    const session = new LiveSession({
      id,
      agent: options.createAgent({ sessionId: id, model, approvalPolicy: policy }),
      log: options.createLog(id),
      facts: { ...options.facts, approvalPolicy: policy },
      detachMs: options.detachMs,
      onEnd: () => this.#running.delete(id),
      onFault: (error) => options.onFault(error, id),
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
