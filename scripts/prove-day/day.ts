import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogStore } from "../../src/audit/log.ts";
import type { Usage } from "../../src/contract/item.ts";
import type { AuditStore } from "../../src/contract/log.ts";
import type { ServerMessage } from "../../src/contract/message.ts";
import type { Session } from "../../src/contract/session.ts";
import { createTestSessions } from "../../src/testing/test-session.ts";
import { DayClient } from "./client.ts";
import { selectDayModel } from "./models.ts";
import { DayProvider, type Inspect } from "./provider.ts";
import { Random } from "./random.ts";
import { Script } from "./script.ts";
import { createDayToolbox, type DayToolbox } from "./toolbox.ts";

export interface DayOptions {
  steps: number;
  /** The conversation goes from one to the next; each is of a provider. */
  models: readonly string[];
  /** In tokens, of all models. */
  contextWindow: number;
  /** Turns between one change of the model and the next. */
  switchEvery: number;
  /** Turns between one start of the server and the next. */
  restartEvery: number;
  /** Some requests are refused, cut or cancelled. */
  faults: boolean;
  seed: number;
  inspect?: Inspect;
}

/** What happened in a day. */
export interface Day {
  provider: DayProvider;
  runs: Map<string, number>;
  turns: number;
  restarts: number;
  switches: number;
  approvals: number;
  /** Waits of a quarter of an hour and more. */
  longWaits: number;
  cancelled: number;
  /** What was told as an error. */
  errors: string[];
  /** What the server says that its requests took, and whether that is an estimate. */
  told: { model: string; usage: Usage }[];
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** One conversation through a working day: turns, approvals, pauses, restarts, other models. */
export async function runDay(options: DayOptions): Promise<Day> {
  const folder = await mkdtemp(join(tmpdir(), "agentloop-day-"));
  const work = new WorkingDay(options, createLogStore({ folder, durability: "off" }));
  try {
    return await work.run();
  } finally {
    await work.close();
    await rm(folder, { recursive: true });
  }
}

class WorkingDay {
  readonly #options: DayOptions;
  readonly #store: AuditStore;
  readonly #random: Random;
  readonly #script: Script;
  readonly #provider: DayProvider;
  readonly #toolbox: DayToolbox;
  readonly #day: Day;
  #url = "";
  #sessions: ReturnType<typeof createTestSessions>["sessions"] | undefined;
  #session: Session | undefined;
  #client = new DayClient(() => {});

  constructor(options: DayOptions, store: AuditStore) {
    this.#options = options;
    this.#store = store;
    this.#random = new Random(options.seed);
    this.#script = new Script(this.#random, options.faults);
    this.#provider = new DayProvider({
      script: this.#script,
      contextWindow: options.contextWindow,
      inspect: options.inspect,
      onHeld: () => this.#send({ type: "cancel" }),
    });
    this.#toolbox = createDayToolbox(this.#random, () => {
      this.#provider.now += this.#random.between(200, 8000);
    });
    this.#day = {
      provider: this.#provider,
      runs: this.#toolbox.runs,
      turns: 0,
      restarts: 0,
      switches: 0,
      approvals: 0,
      longWaits: 0,
      cancelled: 0,
      errors: [],
      told: [],
    };
  }

  async run(): Promise<Day> {
    const { steps, restartEvery, switchEvery, models } = this.#options;
    this.#url = await this.#provider.listen();
    await this.#store.recover();
    await this.#start();
    const day = this.#day;
    for (; this.#provider.steps < steps; day.turns += 1) {
      if (day.turns > 0 && day.turns % restartEvery === 0) await this.#restart();
      const isSwitch = models.length > 1 && day.turns > 0 && day.turns % switchEvery === 0;
      if (isSwitch) day.switches += 1;
      await this.#turn(isSwitch ? models[day.switches % models.length] : undefined);
    }
    return day;
  }

  async close(): Promise<void> {
    await this.#sessions?.close("server_restart");
    await this.#provider.close();
    await this.#store.close();
  }

  async #turn(model: string | undefined): Promise<void> {
    const random = this.#random;
    this.#script.beginTurn(random.between(6, 30));
    this.#provider.now += random.chance(0.3)
      ? random.between(6, 25) * MINUTE
      : random.between(10, 150) * SECOND;
    const finished = this.#client.finished();
    const text = `Please look after part ${this.#day.turns}. ${random.prose(random.between(50, 600))}`;
    this.#send({
      type: "user_input",
      payload: { input: [{ type: "input_text", text }], ...(model && { model }) },
    });
    const status = await finished;
    if (status === "cancelled") this.#day.cancelled += 1;
  }

  #take(message: ServerMessage): void {
    const day = this.#day;
    if (message.type === "approval_request") this.#decide(message.id);
    if (message.type === "context_compacted" && message.payload.keptItems) day.provider.compactions += 1;
    if (message.type === "error") day.errors.push(message.payload.message);
    if (message.type !== "status" || message.payload.kind !== "response_finished") return;
    const { model, usage } = message.payload;
    day.told.push({ model, usage });
  }

  /** Somebody is asked, who may be out for lunch. */
  #decide(requestId: string): void {
    const random = this.#random;
    const isLong = random.chance(0.04);
    this.#provider.now += isLong ? random.between(15, 58) * MINUTE : random.between(2, 120) * SECOND;
    this.#day.approvals += 1;
    if (isLong) this.#day.longWaits += 1;
    const review = random.chance(0.06) ? "EXPLAIN" : random.chance(0.06) ? "NO_CONTINUE" : "YES";
    this.#send({ type: "approval_response", payload: { review, requestId } });
  }

  async #restart(): Promise<void> {
    const id = this.#session?.id ?? "";
    await this.#sessions?.close("server_restart");
    this.#day.restarts += 1;
    await this.#start(id);
  }

  async #start(id?: string): Promise<void> {
    const { models, contextWindow } = this.#options;
    const selectModel = selectDayModel(this.#url, contextWindow);
    const { sessions } = createTestSessions({
      logs: this.#store,
      options: { selectModel, defaultModel: models[0] ?? "" },
      loop: {
        selectModel,
        toolbox: this.#toolbox,
        instructions: INSTRUCTIONS,
        context: { strategy: "threshold", threshold: 0.8 },
        brokenPauseMs: 0,
      },
    });
    this.#sessions = sessions;
    this.#session = id === undefined ? await sessions.create({}) : await sessions.open(id);
    this.#client = new DayClient((message) => this.#take(message));
    this.#session.attach(this.#client);
  }

  #send(message: object): void {
    const whole = { id: crypto.randomUUID(), ...message };
    this.#client.send(this.#session, whole);
  }
}

const INSTRUCTIONS = `You are a coding agent.\n${new Random(7).prose(3000)}`;
