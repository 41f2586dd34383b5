import { onTestFinished } from "vitest";
import type { ServerBody } from "../contract/message.ts";
import { type FakeServer, startFakeServer } from "./fake-agentloop-server.ts";
import { openTerminal, type Terminal } from "./terminal.ts";

const CLEAN_ENVIRONMENT = ["env", "-u", "NO_COLOR", "-u", "AUTH_TOKEN", "-u", "WS_URL"];
const CLIENT = [process.execPath, new URL("../../examples/ws-client-example.js", import.meta.url).pathname];

type Options = Parameters<typeof startFakeServer>[0] & {
  /** `NAME=value`. */
  env?: string[];
  prompt?: string;
};

/** The terminal client in a terminal, connected to a fake server; both end with the test. */
export async function openClient(options: Options = {}): Promise<{ server: FakeServer; terminal: Terminal }> {
  const server = await startFakeServer(options);
  onTestFinished(() => server.close());
  const prompt = options.prompt === undefined ? [] : [options.prompt];
  const terminal = openTerminal([
    ...CLEAN_ENVIRONMENT,
    ...(options.env ?? []),
    ...CLIENT,
    server.url,
    ...prompt,
  ]);
  onTestFinished(() => terminal.close());
  if (prompt.length === 0) await terminal.shows(/AgentLoop[^]*› Ask for something/);
  return { server, terminal };
}

/** The same, with a turn that has begun. */
export async function openTurn(options: Options = {}): ReturnType<typeof openClient> {
  const opened = await openClient(options);
  opened.terminal.type("do it");
  opened.terminal.press("Enter");
  await opened.server.take("user_input");
  opened.server.beginTurn();
  return opened;
}

export const delta = (kind: "text" | "reasoning" | "output", text: string): ServerBody => ({
  type: "response_delta",
  payload: { itemId: kind, kind, delta: text, callId: "call-1" },
});

export const callOutput = (output: string, metadata: object = {}): ServerBody => ({
  type: "response_item",
  payload: { type: "function_call_output", call_id: "call-1", output: JSON.stringify({ output, metadata }) },
});

export const occurrences = (text: string, part: string): number => text.split(part).length - 1;
