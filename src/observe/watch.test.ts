import { expect, test } from "vitest";
import type { SessionInfo } from "../contract/message.ts";
import type { Happening } from "./happening.ts";
import { observeBy } from "./watch.ts";

const INFO: SessionInfo = {
  session_id: "a",
  model: "gpt-5",
  provider: "openai",
  workspace: "/srv",
  approvalPolicy: "suggest",
  sandbox: "workspace-write",
  state: "idle",
  head_seq: 0,
  server_version: "0",
};
const USAGE = {
  input_tokens: 1,
  cached_input_tokens: 0,
  cache_write_input_tokens: 0,
  output_tokens: 1,
  reasoning_output_tokens: 0,
  cost_usd: null,
};

test("what a tool writes is not taken for the model's first word", () => {
  const happened: Happening["type"][] = [];
  const session = observeBy([{ happened: ({ type }) => happened.push(type) }]).begin(INFO);
  const answered = { responseId: "r", provider: "openai", model: "gpt-5", usage: USAGE } as const;
  session.told({ type: "loading_state", payload: { loading: true } });
  // The call comes as a whole.
  session.told({ type: "status", payload: { kind: "response_finished", ...answered } });
  session.told({ type: "status", payload: { kind: "tool_started", callId: "c", name: "shell" } });
  session.delta();
  session.told({
    type: "response_item",
    payload: { type: "function_call_output", id: "o", call_id: "c", output: "" },
  });
  expect(happened).toEqual(["session_began", "turn_began", "response", "tool"]);
  session.delta();
  expect(happened.at(-1)).toBe("first_delta");
});
