import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AgentError } from "../contract/error.ts";
import { providerStreamsDir, type Replay, startReplay } from "../testing/replay.ts";
import { assistantText } from "../testing/socket-client.ts";
import {
  type Fault as AnyFault,
  faultyTurn,
  type FaultyProvider,
  type FaultyTurn,
  madeUp,
  positionsIn,
  replayed,
} from "./fault-bed.ts";
import { RECORDED, type RecordedFamily } from "./fixtures/recorded.ts";
import { refused, type ReplayBed, startReplayBed, type Step } from "./replay-bed.ts";
import { payloads } from "./test-bed.ts";

const FAMILIES = Object.values(RECORDED);

/** What a stream may come to after so many events. */
const FAULTS = {
  "a reset": (events: number) => ({ cut: events, "cut-mode": "reset" }),
  "an end of the connection": (events: number) => ({ cut: events, "cut-mode": "fin" }),
  "an end in good order": (events: number) => ({ cut: events, "cut-mode": "clean" }),
  silence: (events: number) => ({ cut: events, "cut-mode": "stall" }),
  "an error event": (events: number) => ({ inject: events }),
};
type Fault = keyof typeof FAULTS;
const EVERY_FAULT = Object.keys(FAULTS) as Fault[];

describe.skipIf(providerStreamsDir === undefined)("a stream that breaks", () => {
  let bed: ReplayBed;
  beforeAll(async () => {
    bed = await startReplayBed({ MODEL_IDLE_TIMEOUT_SECONDS: "1" });
  });
  afterAll(() => bed.close());

  /** One turn with each provider, all at the same time. */
  async function turns(stepsOf: (recorded: RecordedFamily) => Step[]) {
    await bed.script(Object.fromEntries(FAMILIES.map((recorded) => [recorded.family, stepsOf(recorded)])));
    return Promise.all(FAMILIES.map(async (recorded) => ({ recorded, ...(await bed.turn(recorded.model)) })));
  }

  it.each(EVERY_FAULT)("before its first item is asked for again: %s", async (fault) => {
    const told = await turns(({ text }) => [{ file: text, ...FAULTS[fault](2) }, text]);
    for (const { recorded, finished, messages } of told) {
      const { family, text } = recorded;
      expect({ family, errors: payloads(messages, "error") }).toEqual({ family, errors: [] });
      expect(finished.status).toBe("completed");
      expect(assistantText(messages)).toBe(bed.recordedText(family, text));
      expect(payloads(messages, "status").map(({ kind }) => kind)).toContain("retrying");
    }
    expect(refused(bed.replay)).toEqual([]);
  });

  it.each(["a reset", "an error event"] satisfies Fault[])(
    "after an item keeps it, and the rest is asked for: %s",
    async (fault) => {
      const told = await turns(({ itemThenMore: { events, steps } }) => [
        { file: steps[0], ...FAULTS[fault](events) },
        ...steps,
      ]);
      for (const { recorded, finished, messages } of told) {
        const { family, itemThenMore } = recorded;
        expect({ family, errors: payloads(messages, "error") }).toEqual({ family, errors: [] });
        expect(finished.status).toBe("completed");
        expect(assistantText(messages)).toContain(bed.recordedText(family, itemThenMore.steps[1]));
        expect(payloads(messages, "status").map(({ kind }) => kind)).toContain("retrying");
      }
      expect(refused(bed.replay)).toEqual([]);
    },
  );

  it("again and again ends its turn with one error", async () => {
    const told = await turns(({ itemThenMore: { events, steps } }) => [
      { file: steps[0], ...FAULTS["a reset"](events) },
    ]);
    for (const { finished, messages } of told) {
      expect(payloads(messages, "error")).toMatchObject([
        { details: { code: "provider_stream_broken" }, retryable: true },
      ]);
      expect(finished.status).toBe("failed");
    }
  });
});

/** Turns with reasoning or text, and a call, in the first answer. */
const TURNS = {
  openai: { family: "openai", model: "gpt-5.5", steps: ["phase.gpt-5.5.0.sse", "phase.gpt-5.5.1.sse"] },
  "openai, summaries": {
    family: "openai",
    model: "gpt-5",
    steps: ["summary.gpt-5.0.sse", "summary.gpt-5.1.sse"],
  },
  anthropic: {
    family: "anthropic",
    model: "claude-sonnet-4-20250514",
    steps: ["thinking.sonnet-4.0.sse", "thinking.sonnet-4.1.sse"],
  },
  "anthropic, text": {
    family: "anthropic",
    model: "claude-sonnet-4-20250514",
    steps: ["tool.sonnet-4.0.sse", "tool.sonnet-4.1.sse"],
  },
  google: {
    family: "google",
    model: "gemini-3.1-pro-preview",
    steps: ["tool.gemini-3.1-pro.0.sse", "tool.gemini-3.1-pro.1.sse"],
  },
} as const;

const STREAM_FAULTS = ["reset", "fin", "clean", "stall", "inject"] as const;
const STATUSES: AnyFault[] = [429, 500, 503].flatMap((status): AnyFault[] => [
  { kind: "status", status },
  { kind: "status", status, retryAfter: 2 },
]);

/** One turn for each place where an answer may break, all at the same time. */
async function turnsWith(provider: FaultyProvider, step: 0 | 1, faults: AnyFault[], always = false) {
  expect(faults.length).toBeGreaterThan(0);
  return await Promise.all(
    faults.map(async (fault) => ({ fault, turn: await faultyTurn(provider, { step, fault, always }) })),
  );
}

/** The call ran once, has one output, and is not asked for again. */
function expectOneCall(turn: FaultyTurn, where: string) {
  const types = turn.said.flatMap(({ body }) => (body.type === "response_item" ? [body.payload.type] : []));
  const count = (type: string) => types.filter((other) => other === type).length;
  expect(turn.runs, where).toBe(1);
  expect(count("function_call"), where).toBe(1);
  expect(count("function_call_output"), where).toBe(1);
  for (const [nth, asked] of turn.requests.entries())
    expect(turn.ranBefore[nth], where).toBe(asked === "after" ? 1 : 0);
}

const streamFaults = (kind: (typeof STREAM_FAULTS)[number], kinds: readonly string[]): AnyFault[] =>
  positionsIn(kinds).map((after) => ({ kind, after }));

function describeFaults(start: () => Promise<FaultyProvider>) {
  let provider: FaultyProvider;
  beforeAll(async () => {
    provider = await start();
  });

  it.each([0, 1] as const)("goes on after each fault at each point of answer %i", async (step) => {
    const faults = STREAM_FAULTS.flatMap((kind) => streamFaults(kind, provider.events[step]));
    for (const { fault, turn } of await turnsWith(provider, step, faults)) {
      const where = JSON.stringify({ fault, error: turn.error });
      expect(turn.status, where).toBe("completed");
      expectOneCall(turn, where);
      expect(turn.requests.length, where).toBeLessThanOrEqual(3);
    }
  });

  it.each([0, 1] as const)("waits as long as it is asked to when answer %i is an error", async (step) => {
    for (const { fault, turn } of await turnsWith(provider, step, STATUSES)) {
      const where = JSON.stringify({ fault, error: turn.error });
      expect(turn.status, where).toBe("completed");
      expectOneCall(turn, where);
      expect(turn.waits, where).toHaveLength(1);
      const asked = fault.kind === "status" && fault.retryAfter !== undefined ? 2000 : 1;
      expect(turn.waits[0], where).toBeGreaterThanOrEqual(asked);
    }
  });

  it.each([0, 1] as const)("ends with one error when answer %i fails each time", async (step) => {
    const faults: AnyFault[] = [
      // Silence takes its time, and comes to the same.
      ...STREAM_FAULTS.filter((kind) => kind !== "stall").map((kind) => ({ kind, after: 0 })),
      { kind: "status", status: 503 },
      { kind: "status", status: 429, retryAfter: 3600 },
    ];
    for (const { fault, turn } of await turnsWith(provider, step, faults, true)) {
      const where = JSON.stringify({ fault, error: turn.error });
      expect(turn.error, where).toBeInstanceOf(AgentError);
      expect(turn.error, where).toMatchObject({
        code: expect.stringMatching(/^provider_/),
        retryable: true,
      });
      expect(turn.runs, where).toBe(step);
      expect(turn.requests.length, where).toBeLessThanOrEqual(7);
    }
  });
}

describe.skipIf(providerStreamsDir === undefined)("a recorded turn", { timeout: 120_000 }, () => {
  let replay: Replay;
  beforeAll(async () => {
    replay = await startReplay();
  });
  afterAll(() => replay.close());

  describe.each(Object.entries(TURNS))("of %s", (_, turn) => {
    describeFaults(() => replayed(replay, { ...turn, steps: [...turn.steps] }));
  });
});

describe("a turn of chat completions", { timeout: 120_000 }, () => {
  describeFaults(async () => madeUp());
});
