import type { Agent, AgentOutput, ApprovalAnswer, Inbox, UserInput } from "../../contract/agent.ts";
import { AgentError } from "../../contract/error.ts";
import type { LogLine } from "../../contract/log.ts";
import type { ApprovalPolicy, ContextInfo } from "../../contract/message.ts";
import type { ToolContext, Toolbox } from "../../contract/tool.ts";
import { type AppServer, Refused } from "./app-server.ts";
import { Engine, type Running } from "./engine.ts";
import { developerItems, steeringInput, userInput } from "./items.ts";
import type { Conversation, Desk, Purse } from "./ports.ts";
import type { Seats } from "./seats.ts";
import { modelChanged } from "./told.ts";
import { Turn, type TurnEnd } from "./turn.ts";
import { Window } from "./window.ts";
import { TurnStarted } from "./wire.ts";

export interface CodexAgentOptions {
  /** Empty: the engine's own default. */
  model: string;
  contextWindow: number;
  policy: ApprovalPolicy;
  /** What its model is told beside the engine's own instructions, read when a thread begins. */
  instructions: () => Promise<string>;
  toolbox: Toolbox;
  toolContext: ToolContext;
  conversation: Conversation;
  desk: Desk;
  purse: Purse;
  seats: Seats;
  /** Starts the engine for this session. */
  startServer: (signal: AbortSignal) => Promise<AppServer>;
  /** The engine's own name for the model of a name that a client gave. Throws AgentError for another engine's. */
  modelOf: (name: string) => Promise<string>;
  /** How long the engine may take to end an interrupted turn. */
  interruptMs?: number;
}

const INTERRUPT_MS = 5_000;

/** A codex app-server as the agent of a session. Its process is started when a turn needs it. */
export class CodexAgent implements Agent {
  readonly provider = "codex";
  readonly #options: CodexAgentOptions;
  readonly #window: Window;
  readonly #engine: Engine;
  #model: string;
  #turn: Turn | undefined;
  /** The patch that was asked for last. */
  #askedPatch: string | undefined;

  constructor(options: CodexAgentOptions) {
    this.#options = options;
    this.#model = options.model;
    this.#window = new Window(options.contextWindow);
    this.#engine = new Engine(options);
  }

  get model(): string {
    return this.#model === "" ? "default" : this.#model;
  }

  get lastResponseId(): string | undefined {
    return this.#options.conversation.lastResponseId;
  }

  async *run(inbox: Inbox, signal: AbortSignal): AsyncGenerator<AgentOutput, TurnEnd> {
    const input = inbox.take();
    if (!input) return "completed";
    const { conversation } = this.#options;
    this.#engine.isBusy = true;
    try {
      yield* this.#begin(input);
      return yield* this.#turns(input, inbox, signal);
    } catch (error) {
      yield* conversation.abortOpenCalls();
      if (signal.aborted && (error === signal.reason || error instanceof AgentError)) return "cancelled";
      throw error;
    } finally {
      await this.#settle();
      conversation.mark();
      this.#engine.isBusy = false;
    }
  }

  answer(answer: ApprovalAnswer): void {
    const isEdited = answer.patch !== undefined && answer.patch !== this.#askedPatch;
    if (isEdited && this.#askedPatch !== undefined && /^(?:YES|ALWAYS)$/.test(answer.review)) {
      throw new AgentError(
        "invalid_message",
        "The codex engine applies patches as its model wrote them, never an edited one. The request is still open: " +
          "answer without applyPatch, or NO_CONTINUE with a customDenyMessage that says what to change.",
      );
    }
    this.#options.desk.answer(answer);
  }

  contextInfo(): ContextInfo {
    return this.#window.info(this.#options.conversation.items.length);
  }

  async *compact(signal: AbortSignal): AsyncGenerator<AgentOutput, void> {
    this.#engine.isBusy = true;
    try {
      const { server, threadId } = await this.#thread(signal);
      const compacting = this.#newTurn(server, threadId);
      server.hear(true);
      await server.call("thread/compact/start", { threadId }, signal);
      this.#turn = compacting;
      yield* this.#follow(compacting, undefined, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      await this.#settle();
      this.#engine.isBusy = false;
    }
  }

  async restore(lines: AsyncIterable<LogLine>): Promise<void> {
    const { conversation, purse, modelOf } = this.#options;
    const { model, responses } = await conversation.restore(lines);
    for (const { usage, ...of } of responses) purse.recall(usage, of);
    if (model === undefined) return;
    try {
      this.#model = await modelOf(model);
    } catch (error) {
      // The session was on another engine's model: it goes on with this one's own.
      if (!(error instanceof AgentError)) throw error;
    }
  }

  close(): Promise<void> {
    return this.#engine.letGo();
  }

  /** Takes the input in that opens a turn. Throws before it has changed anything. */
  async *#begin(input: UserInput): AsyncGenerator<AgentOutput> {
    const { conversation, modelOf } = this.#options;
    const { previousResponseId: responseId, model } = input;
    conversation.checkResponse(responseId);
    const name = model === undefined ? this.#model : await modelOf(model);
    const length = conversation.items.length;
    yield* conversation.continueFrom(responseId);
    yield* conversation.abortOpenCalls();
    if (conversation.items.length !== length) this.#engine.forgetThread();
    if (name !== this.#model) yield this.#changeModel(name);
  }

  #changeModel(name: string): AgentOutput {
    this.#model = name;
    return modelChanged(this.model);
  }

  /** One turn of the engine, and another one for what was said at its end. */
  async *#turns(first: UserInput, inbox: Inbox, signal: AbortSignal): AsyncGenerator<AgentOutput, TurnEnd> {
    for (let input: UserInput | undefined = first; input; input = inbox.take()) {
      if (input !== first) yield* this.#tryModel(input);
      this.#options.purse.check(this.model, this.#window.tokens);
      const { server, threadId } = await this.#thread(signal);
      yield* this.#options.conversation.takeIn(input.items);
      const turn = await this.#startTurn({ server, threadId }, input, signal);
      const end = yield* this.#follow(turn, inbox, signal);
      if (end === "cancelled") return end;
    }
    return "completed";
  }

  async #startTurn({ server, threadId }: Running, { items }: UserInput, signal: AbortSignal): Promise<Turn> {
    const beside = developerItems(items);
    // Until it has been taken, the thread lacks what our conversation has.
    this.#engine.forgetThread();
    server.hear(true);
    if (beside.length > 0) await server.call("thread/inject_items", { threadId, items: beside }, signal);
    const answer = await server
      .call("turn/start", { threadId, input: userInput(items), model: this.#model }, signal)
      .catch((error: unknown) => {
        throw error instanceof Refused ? new AgentError("invalid_message", error.message) : error;
      });
    this.#engine.keepThread(threadId);
    this.#turn = this.#newTurn(server, threadId, TurnStarted.parse(answer).turn.id);
    return this.#turn;
  }

  #newTurn(server: AppServer, threadId: string, turnId?: string): Turn {
    const { toolContext: context, policy, conversation, desk, purse, toolbox } = this.#options;
    return new Turn({
      server,
      threadId,
      turnId,
      conversation,
      desk,
      purse,
      toolbox,
      context,
      window: this.#window,
      model: this.model,
      asksNobody: policy === "full-auto",
    });
  }

  async *#follow(
    turn: Turn,
    inbox: Inbox | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<AgentOutput, TurnEnd> {
    const interrupt = () => void turn.interrupt(this.#options.interruptMs ?? INTERRUPT_MS);
    signal.addEventListener("abort", interrupt);
    if (signal.aborted) interrupt();
    try {
      while (turn.end === undefined) {
        for await (const output of turn.step(signal)) {
          if (output.body.type === "approval_request")
            this.#askedPatch = output.body.payload.applyPatch?.patch;
          yield output;
        }
        // While a call runs the engine keeps what is said for its next request; later it would break one off.
        if (inbox && turn.hasOpenCalls && !signal.aborted) yield* this.#steer(turn, inbox);
      }
    } finally {
      signal.removeEventListener("abort", interrupt);
    }
    return signal.aborted ? "cancelled" : turn.end;
  }

  /** A model that is asked for in the midst of a turn is the next turn's. */
  async *#steer(turn: Turn, inbox: Inbox): AsyncGenerator<AgentOutput> {
    for (let input = inbox.take(); input; input = inbox.take()) {
      yield* this.#tryModel(input);
      yield* this.#options.conversation.takeIn(input.items);
      await turn.steer(steeringInput(input.items)).catch(() => {
        // The turn has ended by now: the next one begins with a thread that has these words.
        this.#engine.forgetThread();
      });
    }
  }

  /** One that cannot be had is told, and the turn goes on with the model that it has. */
  async *#tryModel({ model }: UserInput): AsyncGenerator<AgentOutput> {
    if (model === undefined) return;
    try {
      const name = await this.#options.modelOf(model);
      if (name !== this.#model) yield this.#changeModel(name);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      const { message, code } = error;
      yield { body: { type: "error", payload: { message, details: { code } } } };
    }
  }

  async #thread(signal: AbortSignal): Promise<Running> {
    const { conversation, policy, instructions, toolContext } = this.#options;
    const { workspace, sandbox } = toolContext;
    const thread = { workspace, policy, instructions, model: this.#model, sandbox: sandbox.mode };
    const { model, ...running } = await this.#engine.ready(thread, conversation.items, signal);
    this.#model = model;
    return running;
  }

  /** Nothing of a turn goes on after it: not the turn, whatever ended it for us, and no command in the background. */
  async #settle(): Promise<void> {
    const turn = this.#turn;
    this.#turn = undefined;
    await this.#engine.endIfDead();
    const { server } = this.#engine;
    server?.hear(false);
    if (turn === undefined || server === undefined) return;
    if (turn.end === undefined) await this.#engine.letGo();
    else await turn.clean();
  }
}
