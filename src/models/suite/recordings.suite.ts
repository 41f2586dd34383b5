import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, expect, it } from "vitest";
import { AgentError } from "../../contract/error.ts";
import type { ResponseItem } from "../../contract/item.ts";
import {
  recordedCases,
  replayEvents,
  startReplay,
  type Expectation,
  type Replay,
  type ReplayOptions,
} from "../../testing/replay.ts";
import type { ModelFamily } from "../model.suite.ts";
import { expectOutcome } from "./expect-outcome.ts";
import { QUESTION, runModel, type Outcome } from "./outcome.ts";

/** As recorded: an event a chunk, to the end. */
const WHOLE: Required<ReplayOptions> = {
  chunk: "event",
  seed: undefined,
  cut: undefined,
  "cut-mode": "fin",
  inject: undefined,
  fail: undefined,
  strict: false,
};

/** Longer than any machine is slow, for streams that do not stall. */
const PATIENT_MS = 15_000;

/** Larger recordings are not sent byte by byte: it takes long, and the parser sees nothing new. In characters. */
const BYTEWISE_LIMIT = 4 * 1024;

/** For streams that do stall: long enough to get an answer from a busy machine. */
const STALL_MS = 1000;

const CUT_MODES = ["clean", "fin", "reset", "stall"] as const;

interface StreamCase {
  file: string;
  expectation: Expectation;
  /** How many events come before the one that ends the response; all of them for one that ends in an error. */
  beforeEnd: number;
  size: number;
}

/** Every recording, whole, cut, and with an error in its midst. */
export function describeRecordings(family: ModelFamily): void {
  const recorded = recordedCases(family.family).map(({ file, exercises, expect: told }) => {
    const expectation: Expectation = { ...told, ...family.amended?.[file] };
    return { file, exercises, expectation };
  });
  let replay: Replay;
  let streams: StreamCase[];

  beforeAll(async () => {
    replay = await startReplay();
    streams = await Promise.all(
      recorded
        .filter(({ expectation }) => expectation.http_status === undefined)
        .map(async ({ file, expectation }) => {
          const body = replay.corpus[family.family].find((entry) => entry.file === file)?.body ?? "";
          const events = await replayEvents(body);
          const end = events.findIndex((event) => event !== null && family.isTerminal(event));
          return { file, expectation, size: body.length, beforeEnd: end < 0 ? events.length : end };
        }),
    );
  });
  afterAll(() => replay.close());

  async function play(file: string, idleTimeoutMs = PATIENT_MS): Promise<Outcome> {
    return runModel(family.make({ baseUrl: replay.url, name: `recorded@${file}`, idleTimeoutMs }));
  }

  async function playAll(cases: StreamCase[], options: ReplayOptions, idleTimeoutMs?: number) {
    replay.set({ ...WHOLE, ...options });
    return Promise.all(
      cases.map(async (played) => ({ ...played, outcome: await play(played.file, idleTimeoutMs) })),
    );
  }

  it.each(recorded)("$file: $exercises", async ({ file, expectation }) => {
    replay.set(WHOLE);
    expectOutcome(family, { file, expectation }, await play(file));
  });

  it.each([
    { chunk: "whole" },
    { chunk: "line" },
    { chunk: "1" },
    { chunk: "rand:30", seed: 1 },
    { chunk: "rand", seed: 2 },
    { chunk: "rand:999", seed: 3 },
  ])("does not care how the bytes are cut into chunks: $chunk", async (options) => {
    const cases = options.chunk === "1" ? streams.filter(({ size }) => size < BYTEWISE_LIMIT) : streams;
    for (const { outcome, ...played } of await playAll(cases, options))
      expectOutcome(family, played, outcome);
  });

  it.each(CUT_MODES)("calls a stream that is cut before its end broken: %s", async (mode) => {
    const whole = new Map((await playAll(streams, {})).map(({ file, outcome }) => [file, outcome]));
    const good = streams.filter(({ expectation }) => expectation.stop !== "error");
    // A stall takes its time, so two recordings stand for all.
    const cuts = mode === "stall" ? cutsOf(textAndTool(good), [1]) : cutsOf(good);
    for (const [cut, cases] of cuts) {
      const idleTimeoutMs = mode === "stall" ? STALL_MS : PATIENT_MS;
      for (const { file, outcome } of await playAll(cases, { cut, "cut-mode": mode }, idleTimeoutMs)) {
        const where = `${file} cut after ${cut} events`;
        expectFailure(outcome, "provider_stream_broken", where);
        // What had come before the cut stands.
        const items = whole.get(file)?.items.slice(0, outcome.items.length) ?? [];
        expect({ where, items: withoutCallIds(outcome.items) }).toEqual({
          where,
          items: withoutCallIds(items),
        });
      }
    }
  });

  it("tells an error within the stream from a broken stream", async () => {
    const good = streams.filter(({ expectation }) => expectation.stop !== "error");
    for (const [inject, cases] of cutsOf(good)) {
      for (const { file, outcome } of await playAll(cases, { inject })) {
        expectFailure(outcome, "provider_overloaded", `${file} with an error after ${inject} events`);
      }
    }
  });

  it.each([
    { fail: "400", code: "provider_bad_request", retryable: false },
    { fail: "401", code: "provider_auth", retryable: false },
    { fail: "403", code: "provider_auth", retryable: false },
    { fail: "429:2", code: "provider_rate_limited", retryable: true, retryAfterMs: 2000 },
    { fail: "500", code: "provider_overloaded", retryable: true },
    { fail: "503", code: "provider_overloaded", retryable: true },
    { fail: "529", code: "provider_overloaded", retryable: true },
  ])("answers HTTP $fail with $code", async ({ fail, ...expected }) => {
    replay.set({ ...WHOLE, fail });
    const { error } = await runModel(
      family.make({ baseUrl: replay.url, name: "recorded", idleTimeoutMs: PATIENT_MS }),
    );
    replay.set(WHOLE);
    expect(error).toBeInstanceOf(AgentError);
    expect(error).toMatchObject(expected);
    expect(error).toHaveProperty("message", expect.stringContaining("recorded"));
  });

  /** A response that has begun and then falls silent. */
  async function begin() {
    const text = streams.find(({ file }) => file.startsWith("text."));
    if (text === undefined) throw new Error(`${family.family} has no recording text.*`);
    replay.set({ ...WHOLE, cut: text.beforeEnd, "cut-mode": "stall" });
    const requested = once(replay.server, "request");
    const controller = new AbortController();
    const model = family.make({
      baseUrl: replay.url,
      name: `recorded@${text.file}`,
      idleTimeoutMs: PATIENT_MS,
    });
    const stream = model.stream(QUESTION, controller.signal)[Symbol.asyncIterator]();
    expect((await stream.next()).done).toBe(false);
    const answer: ServerResponse = (await requested)[1];
    return { controller, stream, answer, closed: once(answer, "close") };
  }

  it("closes the connection at once when it is aborted in the midst of a stream", async () => {
    const { controller, stream, answer, closed } = await begin();
    const reason = new Error("the person pressed stop");
    controller.abort(reason);
    await expect(drain(stream)).rejects.toBe(reason);
    await closed;
    expect(answer.writableFinished).toBe(false);
  });

  it("closes the connection when its reader stops in the midst of a stream", async () => {
    const { stream, answer, closed } = await begin();
    await stream.return?.();
    await closed;
    expect(answer.writableFinished).toBe(false);
  });
}

async function drain(stream: AsyncIterator<unknown>): Promise<void> {
  while (!(await stream.next()).done);
}

function textAndTool(streams: StreamCase[]): StreamCase[] {
  return ["text.", "tool."].flatMap((start) =>
    streams.filter(({ file }) => file.startsWith(start)).slice(0, 1),
  );
}

/** Where to cut: after the first event, right before the end, and at growing distances between; grouped by position. */
function cutsOf(streams: StreamCase[], spread = [1, 2, 3, 8, 21, 55, 144]): Map<number, StreamCase[]> {
  const cuts = new Map<number, StreamCase[]>();
  for (const stream of streams) {
    const positions = new Set([...spread.filter((cut) => cut < stream.beforeEnd), stream.beforeEnd]);
    for (const cut of positions) cuts.set(cut, [...(cuts.get(cut) ?? []), stream]);
  }
  return cuts;
}

function expectFailure(outcome: Outcome, code: string, where: string): void {
  expect({ where, ...outcome }).toMatchObject({
    where,
    done: undefined,
    error: expect.objectContaining({ name: "AgentError", code, retryable: true }),
  });
}

/** Where the provider gives no ids, each run has its own. */
function withoutCallIds(items: ResponseItem[]): unknown[] {
  return items.map((item) => (item.type === "function_call" ? { ...item, call_id: "" } : item));
}
