import { AgentError } from "../../contract/error.ts";
import { EngineProcess, type Gone, type Launch } from "./engine-process.ts";
import { unaskedAnswer } from "./unasked.ts";
import { Frame, type RequestId } from "./wire.ts";

/** What the engine says by itself; one that carries an id waits for an answer. */
export interface Message {
  id?: RequestId;
  method: string;
  params: unknown;
}

export interface Deadlines {
  /** Until a process that was started has answered. */
  startMs: number;
  /** Until any other request is answered. */
  answerMs: number;
  /** The same, when nobody wants the answer any more. */
  unwantedMs: number;
}

export const DEADLINES: Deadlines = { startMs: 30_000, answerMs: 60_000, unwantedMs: 5_000 };

/** What may wait for us. Of more than that, pieces of what will come as a whole are left out. */
const MAX_WAITING = 1_000;
const IS_PIECE = /delta$/i;

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** An answer that says no. */
export class Refused extends Error {}

/** A codex app-server in a process of its own, and the JSON-RPC that is spoken with it. */
export class AppServer {
  readonly #process: EngineProcess;
  readonly #deadlines: Deadlines;
  readonly #pending = new Map<RequestId, Pending>();
  readonly #messages: Message[] = [];
  #nextId = 1;
  #changed = Promise.withResolvers<void>();
  /** A turn runs, and somebody follows it. */
  #isHeard = false;
  #ended = false;
  #gone: Gone | undefined;

  private constructor(launch: Launch, deadlines: Deadlines) {
    this.#process = new EngineProcess(launch);
    this.#deadlines = deadlines;
    void this.#read();
    void this.#process.gone.then((gone) => this.#end(gone));
  }

  /** Starts one and says hello. Throws AgentError `internal` with its last words when it does not come up in time. */
  static async start(
    launch: Launch,
    version: string,
    signal: AbortSignal,
    deadlines: Deadlines = DEADLINES,
  ): Promise<AppServer> {
    signal.throwIfAborted();
    const server = new AppServer(launch, deadlines);
    const giveUp = () => server.kill();
    signal.addEventListener("abort", giveUp);
    try {
      await server.#call(
        "initialize",
        {
          clientInfo: { name: "agentloop-server", title: "AgentLoop Server", version },
          // What the model asked for, word for word, is told under this heading.
          capabilities: { experimentalApi: true, optOutNotificationMethods: UNHEARD },
        },
        deadlines.startMs,
      );
    } catch (error) {
      await server.stop();
      throw error;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
    server.#say({ method: "initialized" });
    return server;
  }

  /** Of the process. */
  get marker(): string {
    return this.#process.marker;
  }

  get isAlive(): boolean {
    return this.#process.isAlive;
  }

  /** Fires when it has gone. */
  get left(): AbortSignal {
    return this.#process.left;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Throws Refused, or AgentError when there is no answer; a process that does not answer in time is given up. */
  async call(method: string, params: object, signal?: AbortSignal): Promise<unknown> {
    let late: NodeJS.Timeout | undefined;
    const hurry = () => {
      late = setTimeout(() => this.kill(), this.#deadlines.unwantedMs);
    };
    if (signal?.aborted === true) hurry();
    signal?.addEventListener("abort", hurry);
    try {
      return await this.#call(method, params, this.#deadlines.answerMs);
    } finally {
      clearTimeout(late);
      signal?.removeEventListener("abort", hurry);
    }
  }

  answer(id: RequestId, result: object): void {
    this.#say({ id, result });
  }

  /** What it asks and nobody is to be asked. */
  decline({ id, method }: Message): void {
    if (id !== undefined) this.#say(unaskedAnswer(id, method));
  }

  /** From now on what it says waits for `next`, or is left unheard. */
  hear(isHeard: boolean): void {
    this.#isHeard = isHeard;
    for (const message of this.#messages.splice(0)) this.decline(message);
  }

  /** The next thing that it says; undefined when it has gone. */
  async next(): Promise<Message | undefined> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      if (this.#ended) return undefined;
      await this.#changed.promise;
    }
  }

  /** Why it went. */
  loss(): AgentError {
    return lost(this.#gone);
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }

  kill(): void {
    this.#process.kill();
  }

  async #call(method: string, params: object, deadlineMs: number): Promise<unknown> {
    if (this.#ended) throw this.loss();
    const id = this.#nextId;
    this.#nextId += 1;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#pending.set(id, { resolve, reject });
    const late = setTimeout(() => {
      reject(
        new AgentError("internal", `The codex engine did not answer ${method} in ${deadlineMs / 1000} s.`),
      );
      this.kill();
    }, deadlineMs);
    this.#say({ id, method, params });
    try {
      return await promise;
    } finally {
      clearTimeout(late);
      this.#pending.delete(id);
    }
  }

  #say(message: object): void {
    this.#process.send(JSON.stringify(message));
  }

  async #read(): Promise<void> {
    try {
      for await (const line of this.#process.lines()) this.#take(line);
    } catch {
      // Its end is told by the process; a line that nobody can hold is its end.
      this.kill();
    }
  }

  #take(line: string): void {
    const frame = Frame.safeParse(parsed(line)).data;
    if (frame === undefined) return;
    const { id, method, params, error, result } = frame;
    if (method !== undefined) {
      const hasId = id !== undefined && id !== null;
      return this.#hearIt({ ...(hasId && { id }), method, params });
    }
    const pending = id === undefined || id === null ? undefined : this.#pending.get(id);
    if (error) pending?.reject(new Refused(`The codex engine refuses: ${error.message}`));
    else pending?.resolve(result);
  }

  #hearIt(message: Message): void {
    if (!this.#isHeard) return this.decline(message);
    if (this.#messages.length >= MAX_WAITING && IS_PIECE.test(message.method)) return;
    this.#messages.push(message);
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  #end(gone: Gone): void {
    this.#ended = true;
    this.#gone = gone;
    for (const pending of this.#pending.values()) pending.reject(lost(gone));
    this.#changed.resolve();
  }
}

/** What we do not need to be told. */
const UNHEARD = [
  "account/rateLimits/updated",
  "remoteControl/status/changed",
  "thread/started",
  "thread/status/changed",
  "turn/diff/updated",
];

function lost(gone: Gone | undefined): AgentError {
  const how = gone?.signal ? `was ended by ${gone.signal}` : `ended with code ${gone?.code ?? "unknown"}`;
  const words = gone?.words ? `. Its last words:\n${gone.words}` : ".";
  return new AgentError("internal", `The codex process ${how}${words}`, { retryable: true });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
