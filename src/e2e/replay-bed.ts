import { expect } from "vitest";
import type { ServerMessage } from "../contract/message.ts";
import { type Replay, type ReplayFamily, startReplay } from "../testing/replay.ts";
import { anthropic } from "./fixtures/anthropic.ts";
import { google } from "./fixtures/google.ts";
import { openai } from "./fixtures/openai.ts";
import { RECORDED } from "./fixtures/recorded.ts";
import { items, startTestBed, type TestBed } from "./test-bed.ts";

/** A recording, or one with a fault in its midst. */
export type Step = string | { file: string; cut?: number; "cut-mode"?: string; inject?: number };

/** A server whose providers replay recordings, and check every request as the real ones do. */
export interface ReplayBed extends Pick<TestBed, "connect" | "close"> {
  replay: Replay;
  /** What is answered to requests that name no recording: in order, and the last one again and again. */
  script(steps: Partial<Record<ReplayFamily, readonly Step[]>>): Promise<void>;
  /** One turn in a session of its own, whose messages have been checked for their order. */
  turn(model: string): Promise<Turn>;
  recordedText(family: ReplayFamily, file: string): string;
}

interface Turn {
  finished: Extract<ServerMessage, { type: "agent_finished" }>["payload"];
  messages: ServerMessage[];
}

export async function startReplayBed(environment: Record<string, string> = {}): Promise<ReplayBed> {
  const replay = await startReplay();
  replay.set({ strict: true });
  const bed = await startTestBed({
    MODEL: RECORDED.openai.model,
    ...openai.environment(replay.url),
    ...anthropic.environment(replay.url),
    ...google.environment(replay.url),
    // Some recordings call a tool again and again.
    MAX_TURN_STEPS: "4",
    ...environment,
  });
  return {
    connect: (query) => bed.connect(query),
    replay,
    script: async (steps) => {
      await fetch(`${replay.url}/__reset`, { method: "POST", body: JSON.stringify(steps) });
    },
    turn: async (model) => {
      const client = await bed.connect(`?stream=true&model=${encodeURIComponent(model)}`);
      const turn = await client.turn("Hello");
      client.close();
      expectWhole(turn.messages);
      return turn;
    },
    recordedText: (family, file) =>
      replay.corpus[family].find((recorded) => recorded.file === file)?.expect.text ?? "",
    close: async () => {
      await bed.close();
      await replay.close();
    },
  };
}

/** The messages of a turn: it begins with loading, ends with agent_finished, and each call has one output. */
export function expectWhole(messages: readonly ServerMessage[]): void {
  const types = messages.map(({ type }) => type).filter((type) => type !== "session_info");
  expect(types[0]).toBe("loading_state");
  expect(types.slice(-2)).toEqual(["loading_state", "agent_finished"]);
  expect(types.filter((type) => type === "loading_state" || type === "agent_finished")).toHaveLength(3);
  const calls = items(messages, "function_call").map(({ call_id }) => call_id);
  expect(items(messages, "function_call_output").map(({ call_id }) => call_id)).toEqual(calls);
  expect(new Set(calls).size).toBe(calls.length);
}

/** Requests that a real provider would have refused. */
export const refused = (replay: Replay) => replay.requests().filter((request) => request.case === "strict");
