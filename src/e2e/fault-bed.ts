import { setImmediate as nextTick } from "node:timers/promises";
import { z } from "zod";
import type { AgentOutput } from "../contract/agent.ts";
import type { Model, ModelEvent, ModelInfo, ModelRequest } from "../contract/model.ts";
import { createAnthropicModel } from "../models/anthropic/model.ts";
import { createGoogleModel } from "../models/google/model.ts";
import { createOpenAIModel } from "../models/openai/model.ts";
import { withRetries } from "../models/retry.ts";
import { InputQueue } from "../sessions/input-queue.ts";
import { type FakeAnswer, startFakeProvider } from "../testing/fake-provider.ts";
import { type Replay, replayEvents, type ReplayFamily, type ReplayOptions } from "../testing/replay.ts";
import { testLoop } from "../testing/test-loop.ts";
import { createTestToolbox } from "../testing/test-toolbox.ts";
import { chat } from "./fixtures/chat.ts";

/** What a provider does to an answer: after so many events, or in its place. */
export type Fault =
  | { kind: "reset" | "fin" | "clean" | "stall" | "inject"; after: number }
  | { kind: "status"; status: number; retryAfter?: number };

/** A turn of two answers, a call in the first, of a provider that can be told to break one of them. */
export interface FaultyProvider {
  /** The kinds of the events of each answer, in order. */
  events: [string[], string[]];
  /** Streams an answer, with the fault if there is one. */
  stream(
    step: 0 | 1,
    fault: Fault | undefined,
    request: ModelRequest,
    signal: AbortSignal,
  ): AsyncIterable<ModelEvent>;
}

const INFO: ModelInfo = {
  contextWindow: 200_000,
  maxOutputTokens: 8192,
  price: { input: 1, cachedInput: 0.1, cacheWrite: 1, output: 5 },
};

/** Silence is waited for no longer than this where there is some; an answer in good order has its time on a busy machine. */
const idleMs = (fault: Fault | undefined) => (fault?.kind === "stall" ? 500 : 30_000);

const MODELS: Record<ReplayFamily, (url: string, name: string, fault: Fault | undefined) => Model> = {
  openai: (url, name, fault) =>
    createOpenAIModel({ ...common(name, fault), baseUrl: `${url}/v1`, wireApi: "responses" }),
  anthropic: (url, name, fault) => createAnthropicModel({ ...common(name, fault), baseUrl: url }),
  google: (url, name, fault) =>
    createGoogleModel({
      ...common(name, fault),
      baseUrl: url,
      credentials: { apiKey: "AIzaSyFault-0000" },
    }),
};

const common = (name: string, fault: Fault | undefined) => ({
  name,
  info: INFO,
  apiKey: "sk-fault",
  idleTimeoutMs: idleMs(fault),
});

/** The two recordings of a tool turn, by the replay tool, which checks each request as the real API does. */
export async function replayed(
  replay: Replay,
  { family, model, steps }: { family: ReplayFamily; model: string; steps: [string, string] },
): Promise<FaultyProvider> {
  const bodies = steps.map(
    (file) => replay.corpus[family].find((recorded) => recorded.file === file)?.body ?? "",
  );
  const [first = [], second = []] = await Promise.all(bodies.map(replayEvents));
  return {
    events: [first.map(kindOf), second.map(kindOf)],
    async *stream(step, fault, request, signal) {
      const asked = MODELS[family](replay.url, `${model}@${steps[step]}`, fault);
      const events = asked.stream(request, signal)[Symbol.asyncIterator]();
      const begun = await inTurn(replay, optionsOf(fault), () => events.next());
      for (let next = await begun.first; !next.done; next = await events.next()) yield next.value;
    },
  };
}

/** Chat completions, which were not recorded: answers of our own. */
export function madeUp(): FaultyProvider {
  const call = { id: "call_1", name: "shell" as const, arguments: { say: "hello" } };
  const answers = [chat.calls(call), chat.text("The call said hello.")];
  const bodies = answers.map(({ body = [] }) => body.map(String));
  return {
    events: [(bodies[0] ?? []).map(chatKind), (bodies[1] ?? []).map(chatKind)],
    async *stream(step, fault, request, signal) {
      const provider = await startFakeProvider(chatAnswer(bodies[step] ?? [], fault));
      try {
        const baseUrl = `${provider.url}/v1`;
        const model = createOpenAIModel({ ...common(chat.model, fault), baseUrl, wireApi: "chat" });
        yield* model.stream(request, signal);
      } finally {
        await provider.close();
      }
    },
  };
}

/** The replay tool has one set of options: the next request must not come before this one has read them. */
let last: Promise<unknown> = Promise.resolve();
async function inTurn<First>(replay: Replay, options: ReplayOptions, begin: () => Promise<First>) {
  const turn = last.then(async () => {
    replay.set(options);
    const before = replay.requests().length;
    const first = begin();
    // Whoever asked is told; here it must not count as unheard.
    first.catch(() => undefined);
    while (replay.requests().length === before && !(await isSettled(first))) await nextTick();
    return { first };
  });
  last = turn.catch(() => undefined);
  return turn;
}

const isSettled = (promise: Promise<unknown>) =>
  Promise.race([
    promise.then(
      () => true,
      () => true,
    ),
    nextTick(false),
  ]);

function optionsOf(fault: Fault | undefined): ReplayOptions {
  const none = { strict: true, cut: undefined, inject: undefined, fail: undefined, chunk: "whole" };
  if (!fault) return none;
  if (fault.kind === "status") {
    const asked = fault.retryAfter === undefined ? "" : `:${fault.retryAfter}`;
    return { ...none, fail: `${fault.status}${asked}` };
  }
  if (fault.kind === "inject") return { ...none, inject: fault.after };
  return { ...none, cut: fault.after, "cut-mode": fault.kind };
}

function chatAnswer(body: readonly string[], fault: Fault | undefined): FakeAnswer {
  if (!fault) return { body };
  const error = JSON.stringify({ error: { message: "Overloaded", type: "server_error" } });
  if (fault.kind === "status") {
    const asked: Record<string, string> =
      fault.retryAfter === undefined ? {} : { "retry-after": String(fault.retryAfter) };
    return { status: fault.status, headers: { "content-type": "application/json", ...asked }, body: [error] };
  }
  const begun = body.slice(0, fault.after);
  if (fault.kind === "inject") return { body: [...begun, `data: ${error}\n\n`] };
  if (fault.kind === "stall") return { body: begun, ending: "stall" };
  return { body: begun, ending: fault.kind === "clean" ? "end" : "reset" };
}

const Typed = z.object({ type: z.string() });
const TypedEvent = Typed.extend({ delta: Typed.optional().catch(undefined), item: Typed.optional() });

/** What an event is about, so that one of each kind can be picked. */
function kindOf(event: unknown): string {
  const typed = TypedEvent.safeParse(event).data;
  if (typed) return `${typed.type} ${typed.delta?.type ?? typed.item?.type ?? ""}`;
  // Google's have no type: what fields they have.
  return JSON.stringify(event, (key, value: unknown) => (typeof value === "string" ? key : value)) ?? "";
}

const chatKind = (event: string) => event.replaceAll(/"(content|arguments)":"[^"]+"/g, '"$1":"..."');

/** Where the kind changes: before the first event, after each run of events of one kind, and before the last. */
export const positionsIn = (kinds: readonly string[]) =>
  kinds.flatMap((kind, at) => (at <= 1 || at === kinds.length - 1 || kind !== kinds[at - 1] ? [at] : []));

export interface FaultyTurn {
  /** How it ended; `failed` with the error. */
  status: "completed" | "cancelled" | "failed";
  error: unknown;
  said: AgentOutput[];
  /** Of each request, whether it had the outputs of the call. */
  requests: ("before" | "after")[];
  /** How often a tool had run when each request was sent. */
  ranBefore: number[];
  runs: number;
  waits: number[];
}

/** A turn in which an answer is broken once, or each time that it is asked for. */
export async function faultyTurn(
  provider: FaultyProvider,
  { step, fault, always = false }: { step: 0 | 1; fault: Fault; always?: boolean },
): Promise<FaultyTurn> {
  const toolbox = createTestToolbox();
  const turn: FaultyTurn = {
    status: "failed",
    error: undefined,
    said: [],
    requests: [],
    ranBefore: [],
    runs: 0,
    waits: [],
  };
  let faults = 0;
  const broken: Model = {
    provider: "openai",
    name: "faulty",
    info: INFO,
    stream(request, signal) {
      const at = request.items.some(({ type }) => type === "function_call_output") ? 1 : 0;
      const isFaulty = at === step && (always || faults === 0);
      if (isFaulty) faults += 1;
      turn.requests.push(at === 1 ? "after" : "before");
      turn.ranBefore.push(toolbox.runs.length);
      return provider.stream(at, isFaulty ? fault : undefined, request, signal);
    },
  };
  const model = withRetries(broken, { wait: async (ms) => void turn.waits.push(ms) });
  const loop = loopOn(model, toolbox);
  const inbox = new InputQueue();
  inbox.push({ items: [{ type: "message", role: "user", content: [{ type: "input_text", text: "Go" }] }] });
  try {
    const outputs = loop.run(inbox, new AbortController().signal);
    for (let next = await outputs.next(); ; next = await outputs.next()) {
      if (next.done) {
        turn.status = next.value;
        break;
      }
      turn.said.push(next.value);
    }
  } catch (error) {
    turn.error = error;
  }
  turn.runs = toolbox.runs.length;
  return turn;
}

const loopOn = (model: Model, toolbox: ReturnType<typeof createTestToolbox>) =>
  testLoop(model, { toolbox, approvalPolicy: "full-auto", approvalTimeoutMs: 1000, maxTurnSteps: 20 });
