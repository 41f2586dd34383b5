import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { callItem, outcomeOf, outputItem } from "../agents/codex/items.ts";
import { readRawItem } from "../agents/codex/wire.ts";
import { AgentError } from "../contract/error.ts";
import { MessageItem, type ResponseItem } from "../contract/item.ts";
import type { Model, ModelEvent, ModelRequest } from "../contract/model.ts";
import { createScriptedModel } from "../models/scripted/model.ts";

/** What a codex process was asked to send. */
interface ResponsesRequest extends ModelRequest {
  /** The name of the model that it asked for. */
  model: string;
  body: Record<string, unknown>;
}

export interface ResponsesServer {
  /** Ends in `/v1`. */
  url: string;
  readonly requests: ResponsesRequest[];
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * The Responses API on 127.0.0.1 with one of our models behind it, for the codex program: its tools are offered to the
 * model under the names of ours, and calls of ours become calls of its tools.
 */
export async function startResponsesServer(model: Model = createScriptedModel()): Promise<ResponsesServer> {
  const requests: ResponsesRequest[] = [];
  const server = createServer((incoming, outgoing) => {
    serve(model, requests, incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/v1`, requests, close, [Symbol.asyncDispose]: close };
}

async function serve(
  model: Model,
  requests: ResponsesRequest[],
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = await incoming.toArray();
  if (incoming.method !== "POST") {
    outgoing.writeHead(404).end();
    return;
  }
  const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
  const request = requestOf(body);
  requests.push({ ...request, model: String(body["model"]), body });
  const gone = new AbortController();
  outgoing.on("close", () => gone.abort(new DOMException("The client has left.", "AbortError")));
  const answer = new Answer(outgoing);
  try {
    for await (const event of model.stream(request, gone.signal)) answer.take(event);
  } catch (error) {
    if (!gone.signal.aborted) answer.fail(error);
  }
}

const TOOLS = ["shell", "apply_patch"].map((name) => ({
  name,
  description: "",
  parameters: { type: "object" },
}));

function requestOf(body: Record<string, unknown>): ModelRequest {
  const input = Array.isArray(body["input"]) ? (body["input"] as unknown[]) : [];
  const items = input.flatMap(itemOf);
  return { instructions: "", items, tools: body["tools"] ? TOOLS : [], sessionId: "codex" };
}

/** What the engine itself puts before the conversation is left out. */
function itemOf(raw: unknown): ResponseItem[] {
  const message = MessageItem.safeParse(raw).data;
  if (message) return isOfEngine(message) ? [] : [message];
  const item = readRawItem(raw);
  switch (item?.type) {
    case "function_call":
    case "custom_tool_call":
      return [callItem(item, "")];
    case "function_call_output":
    case "custom_tool_call_output":
      return [readOutput(item.call_id, item.output)];
    case "message":
    case "reasoning":
    case undefined:
      return [];
  }
}

/** What our server put into the engine's history is as we write it. */
function readOutput(callId: string, output: unknown): ResponseItem {
  const isOurs = typeof output === "string" && output.startsWith('{"output":');
  return isOurs
    ? { type: "function_call_output", call_id: callId, output }
    : outputItem(callId, `fco_${callId}`, outcomeOf(output));
}

const isOfEngine = ({ role, content }: MessageItem) =>
  role === "developer" ||
  content.some((part) => "text" in part && /^(?:<[a-z_]+>|# AGENTS\.md)/.test(part.text));

let responses = 0;

/** One response, event by event. */
class Answer {
  readonly #outgoing: ServerResponse;
  readonly #id = `resp_${Date.now().toString(36)}_${(responses += 1)}`;
  readonly #output: object[] = [];
  readonly #begun = new Map<number, { id: string; text: string }>();

  constructor(outgoing: ServerResponse) {
    this.#outgoing = outgoing;
  }

  take(event: ModelEvent): void {
    switch (event.type) {
      case "delta":
        if (event.kind === "text") this.#text(event.index, event.delta);
        break;
      case "item":
        this.#item(event.index, event.item);
        break;
      case "done":
        this.#send("response.completed", {
          response: { ...this.#response("completed"), usage: wireUsage(event.usage) },
        });
        this.#outgoing.end();
        break;
      case "begun":
      case "retry":
        break;
    }
  }

  /** As a provider does: with a status before anything was said, else with a broken stream. */
  fail(error: unknown): void {
    const code = error instanceof AgentError ? error.code : "internal";
    if (this.#outgoing.headersSent) {
      this.#outgoing.destroy();
      return;
    }
    const message = error instanceof Error ? error.message : String(error);
    this.#outgoing.writeHead(STATUS[code] ?? 500, { "content-type": "application/json" });
    this.#outgoing.end(JSON.stringify({ error: { message, type: code, code } }));
  }

  #text(index: number, delta: string): void {
    const item = this.#begun.get(index) ?? this.#begin(index);
    item.text += delta;
    this.#send("response.output_text.delta", {
      item_id: item.id,
      output_index: index,
      content_index: 0,
      delta,
    });
  }

  #begin(index: number): { id: string; text: string } {
    const item = { id: `msg_${this.#id}_${index}`, text: "" };
    this.#begun.set(index, item);
    this.#send("response.output_item.added", { output_index: index, item: messageOf(item, "in_progress") });
    return item;
  }

  #item(index: number, item: ResponseItem): void {
    const wire = this.#wire(index, item);
    if (item.type === "reasoning") {
      this.#send("response.output_item.added", { output_index: index, item: { ...wire, summary: [] } });
      for (const [summary_index, { text: delta }] of item.summary.entries()) {
        this.#send("response.reasoning_summary_text.delta", { output_index: index, summary_index, delta });
      }
    }
    this.#output.push(wire);
    this.#send("response.output_item.done", { output_index: index, item: wire });
  }

  #wire(index: number, item: ResponseItem): object {
    const id = `${this.#id}_${index}`;
    if (item.type === "message") {
      return messageOf(this.#begun.get(index) ?? { id: `msg_${id}`, text: "" }, "completed");
    }
    if (item.type === "reasoning") {
      return { type: "reasoning", id: `rs_${id}`, summary: item.summary, encrypted_content: "c2VjcmV0" };
    }
    if (item.type !== "function_call") throw new Error(`no provider says ${item.type}`);
    const call = {
      type: "function_call",
      id: `fc_${id}`,
      call_id: `${item.call_id}_${id}`,
      status: "completed",
    };
    return { ...call, ...engineCall(item.name, item.arguments) };
  }

  #send(type: string, more: object): void {
    if (!this.#outgoing.headersSent) {
      this.#outgoing.writeHead(200, { "content-type": "text/event-stream" });
      this.#event("response.created", { response: this.#response("in_progress") });
    }
    this.#event(type, more);
  }

  #event(type: string, more: object): void {
    this.#outgoing.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`);
  }

  #response(status: string) {
    return { id: this.#id, object: "response", status, model: "model", output: this.#output };
  }
}

const STATUS: Readonly<Record<string, number>> = {
  provider_auth: 401,
  provider_rate_limited: 429,
  provider_bad_request: 400,
};

const messageOf = ({ id, text }: { id: string; text: string }, status: string) => ({
  type: "message",
  id,
  status,
  role: "assistant",
  content: status === "completed" ? [{ type: "output_text", text, annotations: [] }] : [],
});

/** `escalate` in the arguments of our `shell` asks to leave the sandbox, as models of the engine can. */
function engineCall(name: string, json: string): { name: string; arguments: string } {
  const args = JSON.parse(json) as { command?: string[]; input?: string; escalate?: boolean };
  if (name === "apply_patch") {
    return execCommand(`apply_patch <<'PATCH'\n${args.input ?? ""}\nPATCH`);
  }
  if (name !== "shell") return { name, arguments: json };
  const [program, flag, script, ...rest] = args.command ?? [];
  const isScript = program === "bash" && flag === "-lc" && script !== undefined && rest.length === 0;
  const command = isScript ? script : (args.command ?? []).join(" ");
  return execCommand(command, args.escalate ? { sandbox_permissions: "require_escalated" } : {});
}

const execCommand = (cmd: string, more: object = {}) => ({
  name: "exec_command",
  arguments: JSON.stringify({ cmd, ...more }),
});

function wireUsage(usage: { input_tokens: number; output_tokens: number; cached_input_tokens: number }) {
  const { input_tokens, output_tokens, cached_input_tokens } = usage;
  return {
    input_tokens,
    input_tokens_details: { cached_tokens: cached_input_tokens },
    output_tokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input_tokens + output_tokens,
  };
}
