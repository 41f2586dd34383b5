import type { EndReason } from "../../contract/session.ts";
import type { Connection, Protocol } from "../../contract/protocol.ts";
import type { Call, Outcome } from "./call.ts";
import { reviewOf } from "./decision.ts";
import type { Follower, Listener } from "./follower.ts";
import { Followers } from "./followers.ts";
import {
  errorFrame,
  type Incoming,
  invalidRequest,
  readFrame,
  resultFrame,
  RPC_CODES,
  RpcError,
  toRpcError,
} from "./frame.ts";
import type { Guest, Hall } from "./hall.ts";
import { INITIALIZE, METHODS } from "./methods.ts";
import { isDroppable, type Notification } from "./notification.ts";
import { Initialize, readParams } from "./params.ts";
import type { Question } from "./told.ts";

type Request = Extract<Incoming, { kind: "request" }>;

/** The Codex app-server whose protocol this is: clients warn of one that is older than they are. */
const SPOKEN_VERSION = "0.169.0";

/** Requests of one client that may wait. */
const MAX_WAITING = 256;

/** One client of the Codex app-server's protocol. Its requests are worked off in their order. */
export class CodexConnection implements Protocol, Guest, Listener {
  readonly info: Connection["info"];
  readonly #connection: Connection;
  readonly #hall: Hall;
  readonly #followers: Followers;
  #isInitialized = false;
  #unwanted: ReadonlySet<string> = new Set();
  #work = Promise.resolve();
  #waiting = 0;

  constructor(connection: Connection, hall: Hall) {
    this.info = connection.info;
    this.#connection = connection;
    this.#hall = hall;
    this.#followers = new Followers({ sessions: connection.sessions, hall, listener: this });
  }

  receive(frame: string): void {
    let incoming: Incoming;
    try {
      incoming = readFrame(frame);
    } catch (error) {
      this.#connection.send(errorFrame(null, toRpcError(error)));
      return;
    }
    if (incoming.kind === "request") this.#enqueue(incoming, onOneLine(frame));
    if (incoming.kind === "response") {
      this.#followers.withQuestion(incoming.id)?.answer(reviewOf(incoming.result), onOneLine(frame));
    }
  }

  oversized(): void {
    const error = new RpcError(RPC_CODES.invalidRequest, "The frame is larger than this server takes.");
    this.#connection.send(errorFrame(null, error));
  }

  limited(): void {
    const error = new RpcError(RPC_CODES.overloaded, "Too many messages a second (MAX_MESSAGES_PER_SECOND).");
    this.#connection.send(errorFrame(null, error));
  }

  closed(): void {
    this.#hall.leave(this);
    this.#followers.close();
  }

  follows(threadId: string): boolean {
    return this.#followers.get(threadId.replaceAll("-", "")) !== undefined;
  }

  notify(notification: Notification): void {
    if (this.#unwanted.has(notification.method)) return;
    const frame = JSON.stringify({ ...notification, emittedAtMs: Date.now() });
    this.#connection.send(frame, isDroppable(notification));
  }

  ask(number: number, { method, params }: Question): void {
    this.#connection.send(JSON.stringify({ method, id: number, params }));
  }

  drained(): Promise<void> {
    return this.#connection.drained();
  }

  fail(error: unknown): void {
    this.#connection.fail(error);
  }

  lost({ session, threadId }: Follower, reason: EndReason): void {
    this.#followers.drop(session.id);
    if (reason === "server_restart") return;
    this.notify({ method: "thread/status/changed", params: { threadId, status: { type: "notLoaded" } } });
    this.notify({ method: "thread/closed", params: { threadId } });
  }

  #enqueue(request: Request, json: string): void {
    if (this.#waiting >= MAX_WAITING) {
      const error = new RpcError(RPC_CODES.overloaded, "Server overloaded; retry later.");
      this.#connection.send(errorFrame(request.id, error));
      return;
    }
    this.#waiting += 1;
    this.#work = this.#inTurn(this.#work, request, json);
  }

  async #inTurn(before: Promise<void>, request: Request, json: string): Promise<void> {
    await before;
    await this.#answer(request, json);
    this.#waiting -= 1;
  }

  async #answer({ id, method, params }: Request, json: string): Promise<void> {
    const refuse = (error: RpcError) => this.#connection.send(errorFrame(id, error));
    const reply = (result: object) => this.#connection.send(resultFrame(id, result));
    try {
      if (method === INITIALIZE) return reply(this.#initialize(params));
      const run = this.#find(method)(params);
      if (!this.#isInitialized) throw invalidRequest("Not initialized");
      const outcome = await run(this.#call({ json, reply, refuse }));
      if (!outcome) return;
      reply(outcome.result);
      await this.#finish(outcome);
    } catch (error) {
      refuse(this.#refusalOf(error));
    }
  }

  /** The request has its answer: what goes wrong now is told beside it. */
  async #finish({ after }: Outcome): Promise<void> {
    try {
      await after?.();
    } catch (error) {
      this.notify({ method: "warning", params: { threadId: null, message: this.#refusalOf(error).message } });
    }
  }

  #refusalOf(error: unknown): RpcError {
    const refusal = toRpcError(error);
    if (refusal.code === RPC_CODES.internal) this.#hall.onFault(error);
    return refusal;
  }

  #find(name: string): (typeof METHODS)[string] {
    const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
    if (method) return method;
    const known = [INITIALIZE, ...Object.keys(METHODS)].map((each) => `\`${each}\``).join(", ");
    throw invalidRequest(
      `Invalid request: unknown method \`${name.slice(0, 64)}\`, expected one of ${known}`,
    );
  }

  #call(answers: Pick<Call, "json" | "reply" | "refuse">): Call {
    return {
      sessions: this.#connection.sessions,
      hall: this.#hall,
      info: this.info,
      followers: this.#followers,
      notify: (notification) => this.notify(notification),
      ...answers,
    };
  }

  #initialize(params: unknown): object {
    const { clientInfo, capabilities } = readParams(Initialize, params);
    if (this.#isInitialized) throw invalidRequest("Already initialized");
    this.#isInitialized = true;
    this.#unwanted = new Set(capabilities?.optOutNotificationMethods);
    this.#hall.enter(this);
    const { version, workspace } = this.#hall.facts;
    const client = `${clientInfo.name}; ${clientInfo.version}`;
    return {
      userAgent: `codex-app-server/${SPOKEN_VERSION} (${process.platform}; ${process.arch}) agentloop-server/${version} (${client})`,
      codexHome: workspace,
      platformFamily: process.platform === "win32" ? "windows" : "unix",
      platformOs: process.platform === "darwin" ? "macos" : process.platform,
    };
  }
}

/** Line breaks of a valid JSON text stand between its tokens, never inside a string. */
const onOneLine = (json: string) => json.replaceAll(/[\n\r]+/g, " ");
