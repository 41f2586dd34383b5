import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ResponseItem } from "../contract/item.ts";
import type { LogLine } from "../contract/log.ts";
import type { ServerMessage } from "../contract/message.ts";
import { type RealServer, startRealServer } from "../testing/real-server.ts";
import { SocketClient } from "../testing/socket-client.ts";

/** A server in a process of its own, with folders that go when it goes. */
export interface TestBed {
  server: RealServer;
  workspace: string;
  /** The folder of the session logs. */
  store: string;
  /** Opens a session; `query` may say with what. */
  connect(query?: string): Promise<SocketClient>;
  /** A session's log file as it stands. */
  log(sessionId: string): Promise<string>;
  /** A session's log as the server tells it; `query` may narrow it. */
  events(sessionId: string, query?: string): Promise<LogLine[]>;
  /** Ends what is left, and takes the folders away. */
  close(): Promise<void>;
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** With the scripted model, if the environment names no other. `files` are in the workspace before it starts. */
export async function startTestBed(
  environment: Record<string, string> = {},
  files: Record<string, string> = {},
): Promise<TestBed> {
  const folder = await temporaryFolder();
  const workspace = join(folder, "workspace");
  const store = join(folder, "sessions");
  await mkdir(workspace);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(workspace, name)), { recursive: true });
    await writeFile(join(workspace, name), content);
  }
  const env = { MODEL: "scripted", SESSION_STORE_PATH: store, ...environment };
  const remove = () => rm(folder, { recursive: true, force: true });
  const server = await startRealServer({ cwd: workspace, env }).catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  const close = async () => {
    await server.stop("SIGKILL");
    await remove();
  };
  return {
    server,
    workspace,
    store,
    connect: (query = "?stream=true") => SocketClient.connect(server.url + query),
    events: async (sessionId, query = "?limit=10000") => {
      const answer = await fetch(`${server.origin}/sessions/${sessionId}/events${query}`);
      if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
      return ((await answer.json()) as { events: LogLine[] }).events;
    },
    log: (sessionId) => readFile(join(store, `${sessionId}.jsonl`), "utf8"),
    close,
    [Symbol.asyncDispose]: close,
  };
}

export const temporaryFolder = async () => realpath(await mkdtemp(join(tmpdir(), "agentloop-e2e-")));

/** The lines of a log; each must be whole. */
export const linesOf = (log: string): LogLine[] =>
  log
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as LogLine);

type Of<Type extends ServerMessage["type"]> = Extract<ServerMessage, { type: Type }>["payload"];

/** The payloads of one type. */
export const payloads = <Type extends ServerMessage["type"]>(
  messages: readonly ServerMessage[],
  type: Type,
): Of<Type>[] =>
  messages.filter((message) => message.type === type).map((message) => message.payload as Of<Type>);

/** The finished items of one type. */
export const items = <Type extends ResponseItem["type"]>(messages: readonly ServerMessage[], type: Type) =>
  payloads(messages, "response_item").filter(
    (item): item is Extract<ResponseItem, { type: Type }> => item.type === type,
  );

/** What was streamed of a kind, put together. */
export const streamed = (messages: readonly ServerMessage[], kind: Of<"response_delta">["kind"]) =>
  payloads(messages, "response_delta")
    .filter((delta) => delta.kind === kind)
    .map(({ delta }) => delta)
    .join("");
