import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";

/** What the model says next: text, a thought, a call, or the HTTP status with which it refuses (first of all). */
export type Said =
  | string
  | { reasoning: string }
  | { call: "shell" | "apply_patch"; arguments: object }
  | { refuse: number };

export interface Asked {
  /** The newest message of the user. */
  words: string;
  /** How many answers the model has given since. */
  round: number;
  /** Absent: it is asked beside the conversation, to explain or to sum up. */
  hasTools: boolean;
  model: string;
}

/** What the model answers; it may wait between two things that it says. */
export type Answer = (asked: Asked) => AsyncIterable<Said> | Iterable<Said>;

export interface ChatModel {
  /** What points a server at it: the models of OpenAI are this one. */
  environment: Record<string, string>;
  [Symbol.asyncDispose](): Promise<void>;
}

const Body = z.object({
  model: z.string(),
  messages: z.array(z.object({ role: z.string(), content: z.string().nullish().catch(undefined) })),
  tools: z.unknown().optional(),
});

/** A model behind the chat completions of a provider on 127.0.0.1, which says what the test wants. */
export async function startChatModel(answer: Answer): Promise<ChatModel> {
  const server = createServer((incoming, outgoing) => {
    serve(answer, incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    environment: {
      MODEL: "gpt-5",
      OPENAI_API_KEY: "sk-chat-model-0123456789abcdef",
      OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`,
      OPENAI_WIRE_API: "chat",
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function serve(answer: Answer, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const chunks: Buffer[] = await incoming.toArray();
  const body = Body.parse(JSON.parse(Buffer.concat(chunks).toString()));
  const stream = new Stream(outgoing, body.model);
  for await (const said of answer(askedOf(body))) {
    if (outgoing.destroyed) return;
    stream.say(said);
  }
  stream.end();
}

function askedOf({ model, messages, tools }: z.infer<typeof Body>): Asked {
  const last = messages.findLastIndex(({ role }) => role === "user");
  return {
    words: messages[last]?.content ?? "",
    round: messages.slice(last + 1).filter(({ role }) => role === "assistant").length,
    hasTools: tools !== undefined,
    model,
  };
}

/** One answer on its way. */
class Stream {
  readonly #outgoing: ServerResponse;
  readonly #model: string;
  #calls = 0;

  constructor(outgoing: ServerResponse, model: string) {
    this.#outgoing = outgoing;
    this.#model = model;
  }

  say(said: Said): void {
    if (typeof said === "string") return this.#delta({ content: said });
    if ("reasoning" in said) return this.#delta({ reasoning_content: said.reasoning });
    if ("refuse" in said) {
      this.#outgoing.writeHead(said.refuse, { "content-type": "application/json" });
      this.#outgoing.end(
        JSON.stringify({ error: { message: "The test refuses.", type: "test", code: null } }),
      );
      return undefined;
    }
    const index = this.#calls;
    this.#calls += 1;
    const call = { name: said.call, arguments: JSON.stringify(said.arguments) };
    const id = `call_${crypto.randomUUID()}`;
    return this.#delta({ tool_calls: [{ index, id, type: "function", function: call }] });
  }

  end(): void {
    if (this.#outgoing.writableEnded) return;
    this.#send({
      choices: [{ index: 0, delta: {}, finish_reason: this.#calls > 0 ? "tool_calls" : "stop" }],
    });
    this.#send({ choices: [], usage: { prompt_tokens: 1200, completion_tokens: 34, total_tokens: 1234 } });
    this.#outgoing.end("data: [DONE]\n\n");
  }

  #delta(delta: object): void {
    this.#send({ choices: [{ index: 0, delta, finish_reason: null }] });
  }

  #send(chunk: object): void {
    if (!this.#outgoing.headersSent) this.#outgoing.writeHead(200, { "content-type": "text/event-stream" });
    const common = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: this.#model };
    this.#outgoing.write(`data: ${JSON.stringify({ ...common, ...chunk })}\n\n`);
  }
}
