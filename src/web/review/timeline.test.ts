import { describe, expect, it } from "vitest";
import { describeEvent } from "./events.ts";
import { SpanBuilder } from "./spans.ts";
import { lineMaker } from "./test-lines.ts";
import { barOf, makeScale, pan, ticksOf, zoom } from "./timeline.ts";

function spansOf(
  write: (maker: ReturnType<typeof lineMaker>) => Iterable<ReturnType<ReturnType<typeof lineMaker>["tell"]>>,
) {
  const builder = new SpanBuilder();
  for (const line of write(lineMaker(0))) builder.add(describeEvent(line), line);
  return builder;
}

describe("the spans of a session", () => {
  it("are its turns, responses, waits for people, and tools", () => {
    const { spans, gaps } = spansOf(function* ({ tell, hear, wait }) {
      yield hear("user_input", { input: "go" });
      yield tell("loading_state", { loading: true });
      wait(1000);
      yield tell("response_delta", { kind: "text", itemId: "i", delta: "x" });
      wait(500);
      yield tell("status", { kind: "response_finished", model: "m", usage: { output_tokens: 7 } });
      yield tell("approval_request", { callId: "c", command: ["ls"] }, "a");
      wait(60_000);
      yield tell("approval_resolved", { requestId: "a", review: "YES", decidedBy: "client" });
      yield tell("status", { kind: "tool_started", callId: "c", command: ["ls"] });
      wait(30_000);
      yield tell("response_item", {
        type: "function_call_output",
        call_id: "c",
        output: '{"output":"","metadata":{"exit_code":1}}',
      });
      wait(2000);
      yield tell("status", { kind: "response_finished", model: "m", usage: { output_tokens: 1 } });
      yield tell("loading_state", { loading: false });
      yield tell("agent_finished", { status: "completed" });
    });
    expect(spans.map(({ kind, name, from, to, outcome }) => [kind, name, from, to, outcome])).toEqual([
      ["turn", "go", 0, 93_500, "completed"],
      ["model", "m", 0, 1500, "7 tokens, first words after 1.0 s"],
      ["approval", "ls", 1500, 61_500, "Approved by a client"],
      ["tool", "ls", 61_500, 91_500, "exit 1"],
      ["model", "m", 91_500, 93_500, "1 tokens"],
    ]);
    expect(spans[3]).toMatchObject({ tone: "bad" });
    // Waiting for a person is a gap; a tool or a model at work is none, however quiet.
    expect(gaps).toEqual([{ from: 1500, to: 61_500 }]);
  });

  it("end where the session ends, when a crash left them open", () => {
    const { spans } = spansOf(function* ({ tell, line, wait }) {
      yield tell("loading_state", { loading: true });
      yield tell("status", { kind: "tool_started", callId: "c", command: ["sleep", "9"] });
      wait(10);
      yield line({ event: "session_ended" });
    });
    expect(spans.map(({ kind, to, outcome }) => [kind, to, outcome])).toEqual([
      ["turn", 10, "not finished"],
      ["tool", 10, "not finished"],
    ]);
  });
});

const HOUR = 3_600_000;
const gap = { from: 10_000, to: 10_000 + HOUR };

describe("a scale", () => {
  it("makes long gaps short, and nothing else", () => {
    const scale = makeScale(0, HOUR + 20_000, [gap]);
    const [only] = scale.breaks;
    expect(scale.length).toBe(20_000 + (only?.shownTo ?? 0) - 10_000);
    expect(scale.length).toBeLessThan(21_000);
    expect(scale.shown(5000)).toBe(5000);
    expect(scale.shown(HOUR + 20_000)).toBe(scale.length);
    expect(makeScale(0, HOUR + 20_000, [gap], false).length).toBe(HOUR + 20_000);
  });

  it("goes there and back, also within a gap", () => {
    const scale = makeScale(0, HOUR + 20_000, [gap, { from: HOUR + 12_000, to: HOUR + 18_000 }]);
    for (const at of [0, 1, 9999, 10_000, 10_001, HOUR / 2, HOUR + 10_000, HOUR + 15_000, HOUR + 20_000]) {
      expect(scale.real(scale.shown(at))).toBeCloseTo(at, 3);
    }
    expect(scale.shown(-5)).toBe(0);
    expect(scale.real(scale.length * 2)).toBe(HOUR + 20_000);
  });

  it("never runs backwards", () => {
    const scale = makeScale(0, HOUR + 20_000, [gap]);
    let last = -1;
    for (let at = 0; at <= HOUR + 20_000; at += 977) {
      expect(scale.shown(at)).toBeGreaterThanOrEqual(last);
      last = scale.shown(at);
    }
  });

  it("of a session of one moment can be drawn", () => {
    const scale = makeScale(5, 5, []);
    expect([scale.shown(5), scale.length]).toEqual([0, 1]);
    expect(ticksOf(scale, { from: 0, to: 1 }, 8).length).toBeGreaterThan(0);
  });
});

describe("the frame", () => {
  const length = 1000;
  it("keeps what is under the pointer there when it goes nearer", () => {
    const near = zoom({ from: 0, to: 1000 }, 0.5, 250, length);
    expect(near).toEqual({ from: 125, to: 625 });
    expect((250 - near.from) / (near.to - near.from)).toBe(0.25);
  });

  it("never leaves the session", () => {
    expect(zoom({ from: 600, to: 1000 }, 100, 700, length)).toEqual({ from: 0, to: 1000 });
    expect(pan({ from: 600, to: 1000 }, 5, length)).toEqual({ from: 600, to: 1000 });
    expect(pan({ from: 600, to: 1000 }, -5, length)).toEqual({ from: 0, to: 400 });
    const nearest = zoom({ from: 0, to: 1000 }, 1e-9, 500, length);
    expect(nearest.to - nearest.from).toBe(20);
  });

  it("shows the part of a span that lies in it", () => {
    const scale = makeScale(0, 1000, []);
    const span = {
      kind: "tool",
      name: "",
      from: 100,
      to: 300,
      seq: 0,
      endSeq: 1,
      tone: "plain",
      outcome: "",
    } as const;
    expect(barOf(span, scale, { from: 0, to: 1000 })).toEqual({ left: 0.1, width: expect.closeTo(0.2) });
    expect(barOf(span, scale, { from: 200, to: 400 })).toEqual({ left: 0, width: 0.5 });
    expect(barOf(span, scale, { from: 400, to: 600 })).toBeUndefined();
    expect(barOf({ ...span, to: undefined }, scale, { from: 0, to: 1000 })).toEqual({
      left: 0.1,
      width: 0.9,
    });
  });

  it("has ticks that tell real times and do not crowd", () => {
    const scale = makeScale(0, HOUR + 60_000, [{ from: 30_000, to: HOUR + 30_000 }]);
    const ticks = ticksOf(scale, { from: 0, to: scale.length }, 8);
    expect(ticks.length).toBeGreaterThan(2);
    expect(ticks.length).toBeLessThanOrEqual(9);
    expect(ticks.at(-1)?.elapsed).toBeGreaterThan(HOUR);
    for (const [index, { left }] of ticks.entries()) {
      expect(left).toBeGreaterThanOrEqual(index === 0 ? 0 : (ticks[index - 1]?.left ?? 0) + 0.1);
    }
  });
});
