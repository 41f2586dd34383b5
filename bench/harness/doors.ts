import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { connect } from "node:http2";
import type { Duplex } from "node:stream";
import { openSocket } from "./socket.ts";

/** One client and its session. */
export interface Conversation {
  say(text: string): void;
  /** Reads nothing from now on, or again. */
  pause(): void;
  resume(): void;
  close(): void;
}

/** How clients of one kind connect, and by which words their frames are known. */
interface Door {
  delta: string;
  end: string;
  /** Resolves when the client may speak. */
  open(origin: URL, onFrame: (frame: string) => void): Promise<Conversation>;
}

export const DOORS = {
  agentloop: { delta: '"type":"response_delta"', end: '"type":"agent_finished"', open: openAgentloop },
  "codex-rpc": { delta: '"item/agentMessage/delta"', end: '"turn/completed"', open: openCodex },
  "agent-stream": { delta: '"delta":{', end: '"turn finished"', open: openFrames },
  investigate: { delta: "event: ai_message_delta", end: "event: ai_answer_end", open: openInvestigation },
  messages: { delta: "event: agent_message_delta", end: "event: task_complete", open: openMessages },
} satisfies Record<string, Door>;

export type DoorName = keyof typeof DOORS;

/** Waits for the first frame that holds these words. */
class Awaiter {
  #wanted: { words: string; resolve: (frame: string) => void } | undefined;

  until(words: string): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#wanted = { words, resolve };
    return promise;
  }

  see(frame: string): void {
    if (this.#wanted === undefined || !frame.includes(this.#wanted.words)) return;
    this.#wanted.resolve(frame);
    this.#wanted = undefined;
  }
}

async function openAgentloop(origin: URL, onFrame: (frame: string) => void): Promise<Conversation> {
  const awaiter = new Awaiter();
  const ready = awaiter.until('"session_info"');
  const { socket, send } = await openSocket(new URL("/ws?stream=true", origin), (frame) => {
    awaiter.see(frame);
    onFrame(frame);
  });
  await ready;
  return {
    say: (text) => send(JSON.stringify({ id: "1", type: "user_input", payload: { input: text } })),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => void socket.destroy(),
  };
}

async function openCodex(origin: URL, onFrame: (frame: string) => void): Promise<Conversation> {
  const awaiter = new Awaiter();
  const { socket, send } = await openSocket(new URL("/api/v1/sre/socket", origin), (frame) => {
    awaiter.see(frame);
    onFrame(frame);
  });
  const call = async (id: number, method: string, params: object) => {
    const answered = awaiter.until(`"id":${id}`);
    send(JSON.stringify({ id, method, params }));
    return await answered;
  };
  await call(1, "initialize", { clientInfo: { name: "bench", version: "1" } });
  send(JSON.stringify({ method: "initialized" }));
  const started = JSON.parse(await call(2, "thread/start", {})) as { result: { thread: { id: string } } };
  const threadId = started.result.thread.id;
  let id = 2;
  return {
    say(text) {
      id += 1;
      const input = [{ type: "text", text, text_elements: [] }];
      send(JSON.stringify({ id, method: "turn/start", params: { threadId, input } }));
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => void socket.destroy(),
  };
}

/** Gives the frames of a stream of text, which end with `separator`. */
function splitFrames(
  stream: Duplex | IncomingMessage,
  separator: string,
  onFrame: (frame: string) => void,
): void {
  let rest = "";
  stream.setEncoding("latin1");
  stream.on("error", () => undefined);
  stream.on("data", (text: string) => {
    const frames = (rest + text).split(separator);
    rest = frames.pop() ?? "";
    for (const frame of frames) onFrame(frame);
  });
}

async function openFrames(origin: URL, onFrame: (frame: string) => void): Promise<Conversation> {
  const session = connect(origin);
  session.on("error", () => undefined);
  const stream = session.request({
    ":method": "POST",
    ":path": "/agent/stream",
    "content-type": "application/x-ndjson",
  });
  const [{ ":status": status }] = (await once(stream, "response")) as [{ ":status"?: number }];
  if (status !== 200) throw new Error(`/agent/stream answered ${status}`);
  splitFrames(stream, "\n", onFrame);
  const configOverrides = { stream: true };
  return {
    say: (content) =>
      void stream.write(`${JSON.stringify({ type: "user_message", content, configOverrides })}\n`),
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    close: () => session.destroy(),
  };
}

const agent = new Agent({ keepAlive: true });

async function post(url: URL, body: object): Promise<IncomingMessage> {
  const headers = { "content-type": "application/json", accept: "text/event-stream, application/json" };
  const asked = request(url, { method: "POST", agent, headers });
  asked.end(JSON.stringify(body));
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  if (answer.statusCode !== 200) throw new Error(`${url.pathname} answered ${answer.statusCode}`);
  return answer;
}

async function openInvestigation(origin: URL, onFrame: (frame: string) => void): Promise<Conversation> {
  const awaiter = new Awaiter();
  const acknowledged = awaiter.until("connection_ack");
  const stream = await post(new URL("/api/stream/investigate", origin), {});
  splitFrames(stream, "\n\n", (frame) => {
    awaiter.see(frame);
    onFrame(frame);
  });
  const connectionId = /"connectionId":"([^"]+)"/.exec(await acknowledged)?.[1];
  const sendTo = new URL("/api/stream/investigate/send", origin);
  return {
    say: (text) =>
      void post(sendTo, { connectionId, payload: { text } }).then((answer) => answer.resume(), console.error),
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    close: () => void stream.destroy(),
  };
}

function openMessages(origin: URL, onFrame: (frame: string) => void): Promise<Conversation> {
  let stream: IncomingMessage | undefined;
  const say = async (message: string) => {
    stream = await post(new URL("/messages", origin), { type: "user_message", message });
    splitFrames(stream, "\n\n", onFrame);
  };
  return Promise.resolve({
    say: (text: string) => void say(text).catch(console.error),
    pause: () => void stream?.pause(),
    resume: () => void stream?.resume(),
    close: () => void stream?.destroy(),
  });
}
