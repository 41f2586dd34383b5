import { v7 as uuid } from "uuid";
import type { Agent } from "../contract/agent.ts";
import { AgentError } from "../contract/error.ts";
import type { LogStore, Seq, SessionId, SessionRecord } from "../contract/log.ts";
import { ApprovalPolicy, type SessionInfo } from "../contract/message.ts";
import type { Model, SelectModel } from "../contract/model.ts";
import type { Observer } from "../contract/observe.ts";
import type { Redactor } from "../contract/redact.ts";
import type { Place } from "../contract/sandbox.ts";
import type { EndReason, Session, SessionOptions, Sessions } from "../contract/session.ts";
import { copyConversation, firstInfo } from "./copy.ts";
import { LiveSession } from "./session.ts";

export interface SessionsOptions {
  defaultModel: string;
  selectModel: SelectModel;
  readonly createAgent: (start: {
    sessionId: string;
    model: Model;
    approvalPolicy: ApprovalPolicy;
    place: Place;
  }) => Agent;
  /** The server's own place, or a folder and a mode that were asked for. Throws AgentError for what may not be had. */
  readonly openPlace: (asked: Pick<SessionOptions, "workspace" | "sandbox">) => Promise<Place>;
  logs: Pick<LogStore, "read" | "summary">;
  readonly createLog: (id: SessionId) => SessionRecord;
  /** Goes on with the log of a session that has ended. */
  readonly openLog: (id: SessionId) => Promise<SessionRecord>;
  redactor: Redactor;
  approvalPolicy: ApprovalPolicy;
  facts: Pick<SessionInfo, "server_version">;
  maxSessions: number;
  maxClientsPerSession: number;
  /** Nothing is told to a client before it is on the disk. */
  strict: boolean;
  detachMs: number;
  observer?: Observer | undefined;
  readonly onFault: (error: unknown, sessionId: string) => void;
}

/** All running sessions of this server. */
export class LiveSessions implements Sessions {
  readonly #options: SessionsOptions;
  readonly #running = new Map<string, LiveSession>();
  /** Sessions that are being made, or taken up from their logs. */
  readonly #opening = new Map<string, Promise<LiveSession>>();
  #closed = false;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  async create(asked: SessionOptions): Promise<Session> {
    const id = asked.id ?? mintSessionId();
    return await this.#once(id, () => this.#create(id, asked));
  }

  async #create(id: SessionId, asked: SessionOptions): Promise<LiveSession> {
    const { model: name, approvalPolicy, workspace, sandbox, endsAlone = false } = asked;
    const { selectModel, defaultModel, createAgent, openPlace, createLog, ...options } = this.#options;
    const policy = narrower(approvalPolicy, options.approvalPolicy);
    const model = await selectModel(name ?? defaultModel);
    const place = await openPlace({ workspace, sandbox });
    this.#checkRoom();
    const agent = createAgent({ sessionId: id, model, approvalPolicy: policy, place });
    return this.#start(id, { agent, log: createLog(id), policy, place, endsAlone });
  }

  async fork(source: SessionId, upTo: Seq, asked: SessionOptions): Promise<Session> {
    const id = mintSessionId();
    return await this.#once(id, () => this.#fork({ id, source, upTo }, asked));
  }

  async #fork(
    { id, source, upTo }: { id: SessionId; source: SessionId; upTo: Seq },
    asked: SessionOptions,
  ): Promise<LiveSession> {
    const { logs, selectModel, createAgent, openPlace, createLog, ...options } = this.#options;
    if (!(await logs.summary(source))) throw unknownSession(source);
    const info = await firstInfo(logs.read(source, -1, Infinity));
    const policy = narrower(asked.approvalPolicy, narrowest(info?.approvalPolicy, options.approvalPolicy));
    const model = asked.model === undefined ? await this.#engineOf(info) : await selectModel(asked.model);
    const place = await openPlace({ workspace: info?.workspace, sandbox: info?.sandbox, ...given(asked) });
    this.#checkRoom();
    const agent = createAgent({ sessionId: id, model, approvalPolicy: policy, place });
    const log = createLog(id);
    const inherited = asked.model === undefined ? info : undefined;
    const chosen = asked.model === undefined ? undefined : model;
    const lines = logs.read(source, -1, Infinity);
    try {
      await copyConversation({ source, lines, upTo, inherited, chosen }, log);
      await agent.restore(logs.read(id, -1, Infinity));
    } catch (error) {
      await Promise.allSettled([log.end(), agent.close?.()]);
      throw error;
    }
    return this.#start(id, { agent, log, policy, place });
  }

  async open(id: SessionId): Promise<Session> {
    return await this.#once(id, () => this.#takeUp(id));
  }

  /** The session of this id if it runs or is about to, or else the one that is made. */
  async #once(id: SessionId, make: () => Promise<LiveSession>): Promise<Session> {
    // One that is ending can only be taken up from its log, when that is whole.
    const running = this.#running.get(id);
    if (running?.info().state === "ended") await running.end("session_ended");
    const known = this.#running.get(id) ?? this.#opening.get(id);
    if (known) return await known;
    const opening = make().finally(() => this.#opening.delete(id));
    this.#opening.set(id, opening);
    return await opening;
  }

  /** Continues a conversation in its own log, where and as it was, but never wider than the server is now. */
  async #takeUp(id: SessionId): Promise<LiveSession> {
    const { logs, createAgent, openLog, ...options } = this.#options;
    if (!(await logs.summary(id))) throw unknownSession(id);
    const info = await firstInfo(logs.read(id, -1, Infinity));
    const policy = narrowest(info?.approvalPolicy, options.approvalPolicy);
    const place = await this.#formerPlace(info);
    this.#checkRoom();
    const model = await this.#engineOf(info);
    const agent = createAgent({ sessionId: id, model, approvalPolicy: policy, place });
    await agent.restore(logs.read(id, -1, Infinity));
    return this.#start(id, { agent, log: await openLog(id), policy, place });
  }

  /** A conversation stays with its engine, where that can still be had: the models of ours follow from the log. */
  async #engineOf(info: SessionInfo | undefined): Promise<Model> {
    const { selectModel, defaultModel } = this.#options;
    const own = await selectModel(defaultModel);
    if (info === undefined || (info.provider === "codex") === (own.provider === "codex")) return own;
    try {
      return await selectModel(`${info.provider}/${info.model}`);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      return own;
    }
  }

  /** What may not be had any more is left to the server's own: the log may come from elsewhere. */
  async #formerPlace(info: SessionInfo | undefined): Promise<Place> {
    const { openPlace } = this.#options;
    const { workspace, sandbox } = info ?? {};
    for (const asked of [{ workspace, sandbox }, { workspace }, { sandbox }]) {
      try {
        return await openPlace(asked);
      } catch (error) {
        if (!(error instanceof AgentError)) throw error;
      }
    }
    return await openPlace({});
  }

  #start(
    id: SessionId,
    parts: {
      agent: Agent;
      log: SessionRecord;
      policy: ApprovalPolicy;
      place: Place;
      endsAlone?: boolean;
    },
  ): LiveSession {
    const { facts, detachMs, maxClientsPerSession, strict, logs, redactor, observer, onFault } =
      this.#options;
    const session = new LiveSession({
      id,
      agent: parts.agent,
      log: parts.log,
      redactor,
      readLog: (after) => logs.read(id, after, Infinity),
      facts: {
        ...facts,
        workspace: parts.place.workspace,
        sandbox: parts.place.sandbox.mode,
        approvalPolicy: parts.policy,
      },
      detachMs: parts.endsAlone === true ? 0 : detachMs,
      maxClients: maxClientsPerSession,
      strict,
      observer,
      onEnd: () => this.#running.delete(id),
      onFault: (error) => onFault(error, id),
    });
    this.#running.set(id, session);
    return session;
  }

  running(): readonly Session[] {
    return [...this.#running.values()];
  }

  get size() {
    return this.#running.size;
  }

  /** Ends every session; resolves when all logs are closed. No session begins after it. */
  async close(reason: EndReason): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#opening.values());
    await Promise.all([...this.#running.values()].map((session) => session.end(reason)));
  }

  #checkRoom(): void {
    if (this.#closed) throw new AgentError("rate_limited", "The server is stopping.", { retryable: true });
    const { maxSessions } = this.#options;
    // The one that asks is among those that are being made.
    if (this.#running.size + this.#opening.size > maxSessions) {
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

const mintSessionId = () => uuid().replaceAll("-", "");

const unknownSession = (id: SessionId) => new AgentError("unknown_session", `There is no session ${id}.`);

/** Policies from narrow to wide, as the schema lists them. */
const WIDTH = ApprovalPolicy.options;

const narrowest = (former: ApprovalPolicy | undefined, own: ApprovalPolicy) =>
  former !== undefined && WIDTH.indexOf(former) < WIDTH.indexOf(own) ? former : own;

/** Without what is not asked for. */
const given = ({ workspace, sandbox }: SessionOptions) => ({
  ...(workspace !== undefined && { workspace }),
  ...(sandbox !== undefined && { sandbox }),
});

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
