import { describe, expect, it } from "vitest";
import type { LogLine } from "../../contract/log.ts";
import { Outline } from "./outline.ts";
import { piecesOf, Replay } from "./replay.ts";
import { lineMaker } from "./test-lines.ts";

const START = 1_000_000;
const delta = (itemId: string, text: string, timing: unknown) => ({
  itemId,
  kind: "text",
  delta: text,
  timing,
});
const finished = (id: string, text: string) => ({
  type: "message",
  id,
  role: "assistant",
  content: [{ type: "output_text", text }],
});

/** Text that comes in 100 ms steps, a command that is approved, runs and writes. */
function session(): LogLine[] {
  const { tell, wait } = lineMaker(START);
  const lines = [tell("loading_state", { loading: true })];
  const add = (ms: number, type: string, payload: object, id?: string) => {
    wait(ms);
    lines.push(tell(type, payload, id));
  };
  add(
    500,
    "response_delta",
    delta("i", "one two three", [
      [0, 4],
      [100, 4],
      [200, 5],
    ]),
  );
  add(300, "response_delta", delta("i", " four", [[0, 5]]));
  add(0, "response_item", finished("i", "one two three four"));
  add(10, "response_item", { type: "function_call", id: "f", call_id: "c", name: "shell", arguments: "{}" });
  add(10, "approval_request", { callId: "c", command: ["ls"], reason: "why" }, "a");
  add(1000, "approval_resolved", { requestId: "a", review: "YES", decidedBy: "client" });
  add(10, "status", { kind: "tool_started", callId: "c", name: "shell", command: ["ls"] });
  add(300, "response_delta", {
    itemId: "o",
    callId: "c",
    kind: "output",
    delta: "ab",
    timing: [
      [0, 1],
      [200, 1],
    ],
  });
  add(10, "response_item", {
    type: "function_call_output",
    call_id: "c",
    output: '{"output":"abc","metadata":{"exit_code":0}}',
  });
  add(10, "loading_state", { loading: false });
  return lines;
}

function replayOf(lines: LogLine[]) {
  const outline = new Outline();
  for (const line of lines) outline.add(line);
  return { replay: new Replay(outline.times.starts, (index) => lines[index]), times: outline.times };
}

const told = ({ blocks }: Replay) =>
  blocks.map((block) => (block.kind === "tool" ? `${block.state}: ${block.output}` : block.text));

describe("the pieces of a line of deltas", () => {
  const { tell } = lineMaker();
  it.each([
    [
      [
        [0, 1],
        [7, 2],
      ],
      [
        [0, "a"],
        [7, "bc"],
      ],
    ],
    [
      [[0, 1]],
      [
        [0, "a"],
        [0, "bc"],
      ],
    ],
    [undefined, [[0, "abc"]]],
    [[["x", 1], null, [3, -1], [5, 99]], [[5, "abc"]]],
    [
      [
        [9, 1],
        [2, 2],
      ],
      [
        [9, "a"],
        [9, "bc"],
      ],
    ],
  ])("with the timing %j are %j", (timing, pieces) => {
    const line = tell("response_delta", delta("i", "abc", timing));
    expect(piecesOf(line)?.map(({ offset, text }) => [offset, text])).toEqual(pieces);
  });
});

describe("a replay", () => {
  it("shows at each moment what had come by then", () => {
    const { replay } = replayOf(session());
    const at = (ms: number) => {
      expect(replay.seek(START + ms)).toBeUndefined();
      return told(replay);
    };
    expect(at(0)).toEqual([]);
    expect(replay.isWorking).toBe(true);
    expect(at(299)).toEqual([]);
    expect(at(300)).toEqual(["one "]);
    expect(at(450)).toEqual(["one two "]);
    expect(at(500)).toEqual(["one two three"]);
    expect(at(800)).toEqual(["one two three four"]);
    expect(at(810)).toEqual(["one two three four", "written: "]);
    expect(at(820)).toEqual(["one two three four", "asked: "]);
    expect(at(1820)).toEqual(["one two three four", "running: "]);
    expect(at(1930)).toEqual(["one two three four", "running: a"]);
    expect(at(2200)).toEqual(["one two three four", "done: abc"]);
    expect(replay.isWorking).toBe(false);
  });

  /** What is told after these, one a second. */
  const after = (...messages: [type: string, payload: object, id?: string][]) => {
    const { tell, wait } = lineMaker(START);
    const lines = messages.map(([type, payload, id]) => {
      wait(1000);
      return tell(type, payload, id);
    });
    const { replay, times } = replayOf(lines);
    replay.seek(times.end);
    return replay.blocks;
  };
  const call = { type: "function_call", id: "f", call_id: "c", name: "shell", arguments: "{}" };
  const request = { callId: "c", command: ["ls"], reason: "why" };

  it("tells a call that is explained from one that runs", () => {
    const explained = { requestId: "a", review: "EXPLAIN", decidedBy: "client" };
    const said = { ...finished("e", "It lists."), aside: true };
    const told: Parameters<typeof after> = [
      ["response_item", call],
      ["approval_request", request, "a"],
      ["approval_resolved", explained],
      ["response_item", said],
    ];
    expect(after(...told)).toMatchObject([
      { kind: "tool", state: "explaining" },
      { kind: "explanation", text: "It lists." },
    ]);
    expect(after(...told, ["approval_request", request, "a"])[0]).toMatchObject({ state: "asked" });
  });

  it("does not put into the user's mouth what files and the system say", () => {
    const message = { type: "message", content: [{ type: "input_text", text: "x" }] };
    const kinds = after(
      ["response_item", { ...message, role: "user" }],
      ["response_item", { ...message, role: "user", standing: true }],
      ["response_item", { ...message, role: "system" }],
      ["response_item", { ...message, role: "developer" }],
    ).map(({ kind }) => kind);
    expect(kinds).toEqual(["user", "instruction", "instruction", "instruction"]);
  });

  it("takes away what had begun when the model is asked again, and keeps what was finished", () => {
    const argument = { itemId: "g", callId: "d", kind: "arguments", delta: "{" };
    const blocks = after(
      ["response_item", finished("i", "whole")],
      ["response_item", call],
      ["response_delta", delta("j", "half", undefined)],
      ["response_delta", argument],
      ["status", { kind: "retrying", inMs: 5, reason: "overloaded" }],
      ["response_delta", delta("k", "anew", undefined)],
    );
    expect(blocks).toMatchObject([
      { text: "whole" },
      { kind: "tool", callId: "c", state: "written" },
      { kind: "notice", tone: "warn" },
      { text: "anew" },
    ]);
  });

  it.each([
    ["being written", [["response_delta", { itemId: "f", callId: "c", kind: "arguments", delta: "{" }]]],
    ["written", [["response_item", call]]],
    ["asked for", [["approval_request", request]]],
    ["running", [["status", { kind: "tool_started", callId: "c", name: "shell" }]]],
  ] satisfies [string, Parameters<typeof after>][])(
    "leaves no call %s when the turn is over",
    (_how, told) => {
      const blocks = after(...told, ["agent_finished", { status: "cancelled" }]);
      expect(blocks[0]).toMatchObject({ kind: "tool", state: "unrun" });
    },
  );

  it("keeps what a turn that was cut off had said, whatever comes of the next", () => {
    const blocks = after(
      ["response_delta", delta("i", "cut", undefined)],
      ["agent_finished", { status: "cancelled" }],
      ["status", { kind: "retrying", inMs: 5, reason: "overloaded" }],
    );
    expect(blocks[0]).toMatchObject({ kind: "assistant", text: "cut" });
  });

  it("says where a file is moved to", () => {
    const files = [{ path: "a.ts", move_path: "b.ts", kind: "move", diff: "" }];
    expect(after(["approval_request", { ...request, files }])).toMatchObject([{ files }]);
  });

  it("comes to the same however it got there", () => {
    const lines = session();
    const { replay, times } = replayOf(lines);
    const moments = Array.from(
      { length: 60 },
      (_, index) => START + ((index * 733) % (times.end - START + 50)),
    );
    for (const moment of moments) {
      replay.seek(moment);
      const fresh = replayOf(lines).replay;
      fresh.seek(moment);
      expect([moment, told(replay), replay.isWorking]).toEqual([moment, told(fresh), fresh.isWorking]);
    }
  });

  it("goes back in a long session as well", () => {
    const { tell, wait } = lineMaker(START);
    const lines = Array.from({ length: 3000 }, (_, index) => {
      wait(10);
      return tell("response_item", finished(`i${index}`, `text ${index}`));
    });
    const { replay, times } = replayOf(lines);
    replay.seek(times.end);
    expect(replay.blocks.length).toBe(3000);
    replay.seek(START + 17_005);
    expect(told(replay).at(-1)).toBe("text 1699");
    replay.seek(times.end);
    expect(told(replay)).toEqual(lines.map((_, index) => `text ${index}`));
  });

  it("stands still where a line is not there yet, and goes on when it is", () => {
    const lines = session();
    const { times } = replayOf(lines);
    let there = 2;
    const replay = new Replay(times.starts, (index) => (index < there ? lines[index] : undefined));
    expect(replay.seek(times.end)).toBe(2);
    expect(told(replay)).toEqual(["one two three"]);
    there = lines.length;
    expect(replay.seek(times.end)).toBeUndefined();
    expect(told(replay).at(-1)).toBe("done: abc");
  });

  it("is in order also where the clock was set back", () => {
    const { tell, wait } = lineMaker(START);
    const lines = [1, 2, 3].map((number) => {
      wait(-60_000);
      return tell("response_item", finished(`i${number}`, String(number)));
    });
    const { replay, times } = replayOf(lines);
    expect(times.starts).toEqual([...times.starts].sort((one, other) => one - other));
    replay.seek(times.end);
    expect(told(replay)).toEqual(["1", "2", "3"]);
  });

  it("survives lines of any shape", () => {
    const { line } = lineMaker(START);
    const types = [
      "response_item",
      "response_delta",
      "approval_request",
      "approval_resolved",
      "status",
      "error",
    ];
    const payloads = [
      undefined,
      null,
      5,
      "x",
      [],
      {},
      { kind: "tool_started" },
      { type: "function_call" },
      { files: [null] },
    ];
    const lines = types.flatMap((type) => payloads.map((payload) => line({ type, payload })));
    const { replay, times } = replayOf(lines);
    expect(replay.seek(times.end)).toBeUndefined();
  });
});
