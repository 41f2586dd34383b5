import type { ClientInfo } from "../../contract/client.ts";
import type { ResponseItem, Usage } from "../../contract/item.ts";
import type { LogLine, SessionListing } from "../../contract/log.ts";
import type { ClientMessage, ServerMessage } from "../../contract/message.ts";
import { block, span } from "./blocks.ts";
import { type Call, describeCall, describeClient, type Question } from "./call.ts";
import { messageOf, typeOf } from "./message.ts";
import { stringsOf } from "../search-text.ts";

/** A transcript for reviewers: what was asked, what ran, what changed, who allowed it and when, what it cost. */
export async function* markdownOf(
  session: SessionListing,
  lines: AsyncIterable<LogLine>,
): AsyncGenerator<string> {
  yield head(session);
  const transcript = new Transcript();
  for await (const line of lines) {
    const text = transcript.take(line);
    if (text !== "") yield `${text}\n`;
  }
  yield transcript.end();
}

function head(session: SessionListing): string {
  const { session_id, title, start_time, last_activity, state, event_count, model, provider } = session;
  return [
    `# Session ${span(session_id)}\n`,
    `- Title: ${span(title ?? "")}`,
    `- From ${start_time} to ${last_activity}, ${event_count} lines, ${state}`,
    `- Model: ${span(model ?? "unknown")} of ${span(provider ?? "unknown")}`,
    `- Turns: ${session.turns}, approvals asked for: ${session.approvals}`,
    `- Tokens: ${tokensOf(session.tokens)}`,
    `- Cost: ${costOf(session.cost)}`,
    ...(session.legal_hold ? ["- Under legal hold"] : []),
    "",
    "Line numbers are those of the log. Left out are pieces of text that the finished item repeats, and loading states.\n\n",
  ].join("\n");
}

const tokensOf = ({
  input_tokens,
  cached_input_tokens,
  output_tokens,
  reasoning_output_tokens,
}: SessionListing["tokens"]) =>
  `${input_tokens} in (${cached_input_tokens} cached), ${output_tokens} out (${reasoning_output_tokens} reasoning)`;

const costOf = (cost: number | null) =>
  cost === null ? "not known: the price of a response is not known" : `$${cost.toFixed(6)}`;

type Payload<Type extends ServerMessage["type"]> = Extract<ServerMessage, { type: Type }>["payload"];

interface ModelCost {
  responses: number;
  input: number;
  output: number;
  cost: number | null;
}

/** Writes each line when all that belongs to it is known: a call when its result is. */
class Transcript {
  readonly #clients = new Map<string, ClientInfo>();
  readonly #calls = new Map<string, Call>();
  readonly #questions = new Map<string, Question>();
  readonly #costs = new Map<string, ModelCost>();

  take(line: LogLine): string {
    const { client } = line.audit ?? {};
    if (client) this.#clients.set(client.id, client);
    const known = messageOf(line);
    if (known === undefined) return this.#other(line);
    return known.from === "client"
      ? this.#fromClient(line, known.message)
      : this.#fromServer(line, known.message);
  }

  /** Calls without a result, and the sums. */
  end(): string {
    const open = [...this.#calls.values()].map((call) => describeCall(call, undefined, this.#clients));
    const costs = [...this.#costs].map(
      ([model, { responses, input, output, cost }]) =>
        `- ${span(model)}: ${responses} responses, ${input} tokens in, ${output} out, ${costOf(cost)}`,
    );
    const clients = [...this.#clients.keys()].map((id) => `- ${describeClient(id, this.#clients)}`);
    return [
      ...open,
      "## Cost by model\n",
      ...(costs.length === 0 ? ["No response."] : costs),
      "\n## Clients\n",
      ...(clients.length === 0 ? ["None."] : clients),
      "",
    ].join("\n");
  }

  #other(line: LogLine): string {
    const type = typeOf(line);
    if (type === "session_started") return `Session started at ${line.timestamp}.\n`;
    if (type === "session_ended") return `Session ended at ${line.timestamp}.\n`;
    if (type === "erased")
      return `The content of line ${line.seq} (${line.timestamp}) was erased:\n\n${block(JSON.stringify(line.message_data), "json")}`;
    const what = line.direction === "incoming" ? `Line from ${this.#sender(line)}` : "Line of the server";
    return `${what} ${place(line)}:\n\n${block(JSON.stringify(line.message_data, undefined, 2), "json")}`;
  }

  #fromClient(line: LogLine, message: ClientMessage): string {
    const who = this.#sender(line);
    switch (message.type) {
      case "user_input": {
        const { input, model } = message.payload;
        const change = model === undefined ? "" : `, for model ${span(model)}`;
        return `## Asked by ${who} ${place(line)}${change}\n\n${block(stringsOf(input))}`;
      }
      case "approval_response": {
        const { review, customDenyMessage } = message.payload;
        const words = customDenyMessage ? `, with these words:\n\n${block(customDenyMessage)}` : ".\n";
        return `${who} answered ${review} ${place(line)}${words}`;
      }
      case "cancel":
        return `${who} cancelled the turn ${place(line)}.\n`;
      case "get_context_info":
        return "";
      case "manual_compact":
        return `${who} had the context compacted ${place(line)}.\n`;
    }
  }

  #fromServer(line: LogLine, message: ServerMessage): string {
    switch (message.type) {
      case "response_item":
        return this.#item(line, message.payload);
      case "approval_request":
        return this.#question(line, message.id, message.payload);
      case "approval_resolved":
        return this.#answer(line, message.payload);
      case "status":
        return this.#status(line, message.payload);
      case "error": {
        const code = message.payload.details?.code;
        return `**Error** ${code === undefined ? "" : span(code)} ${place(line)}:\n\n${block(message.payload.message)}`;
      }
      case "agent_finished": {
        const { status, usage } = message.payload;
        const used = usage === undefined ? "" : `: ${tokensOf(usage)}, ${costOf(usage.cost_usd)}`;
        return `**Turn ${status}** ${place(line)}${used}\n`;
      }
      case "session_info": {
        const { model, provider, approvalPolicy, sandbox, workspace } = message.payload;
        return (
          `Client ${this.#sender(line)} attached ${place(line)}: model ${span(model)} of ${provider}, ` +
          `policy ${approvalPolicy}, sandbox ${sandbox}, workspace ${span(workspace)}.\n`
        );
      }
      case "context_compacted": {
        const { oldTokenCount, newTokenCount } = message.payload;
        return `The context was compacted from ${oldTokenCount} to ${newTokenCount} tokens ${place(line)}.\n`;
      }
      case "loading_state":
      case "context_info":
      case "response_delta":
        return "";
    }
  }

  #item(line: LogLine, item: ResponseItem): string {
    switch (item.type) {
      case "message": {
        // A user's words have been shown when they came.
        if (item.role === "user") return "";
        const who = item.role === "assistant" ? "Assistant" : "Note to the model";
        return `**${who}** ${place(line)}:\n\n${block(stringsOf(item.content))}`;
      }
      case "reasoning": {
        const text = stringsOf([item.summary, item.content ?? []]);
        return text === "" ? "" : `**Reasoning** ${place(line)}:\n\n${block(text)}`;
      }
      case "function_call":
        this.#callOf(line, item.call_id, item);
        return "";
      case "function_call_output": {
        const call = this.#callOf(line, item.call_id);
        this.#calls.delete(item.call_id);
        return describeCall(call, { line, item }, this.#clients);
      }
      case "provider_item":
        return `An item that only ${item.origin.provider} understands ${place(line)}.\n`;
    }
  }

  #callOf(line: LogLine, id: string, { name = "unknown", arguments: json = "" } = {}): Call {
    const call = this.#calls.get(id) ?? {
      id,
      name,
      arguments: json,
      seq: line.seq,
      at: line.timestamp,
      questions: [],
    };
    this.#calls.set(id, call);
    return call;
  }

  #question(line: LogLine, id: string, asked: Payload<"approval_request">): string {
    const question: Question = { asked, askedAt: line.timestamp, seq: line.seq };
    this.#questions.set(id, question);
    this.#callOf(line, asked.callId, { name: asked.tool }).questions.push(question);
    return "";
  }

  #answer(line: LogLine, payload: Payload<"approval_resolved">): string {
    const question = this.#questions.get(payload.requestId);
    if (question) question.answer = { payload, at: line.timestamp, facts: line.audit?.approval };
    return "";
  }

  #status(line: LogLine, status: Payload<"status">): string {
    switch (status.kind) {
      case "retrying":
        return `Retrying after ${status.inMs} ms, attempt ${status.attempt} ${place(line)}: ${span(status.reason)}\n`;
      case "tool_started":
        this.#callOf(line, status.callId, { name: status.name }).started = status;
        return "";
      case "response_finished":
        // What was copied from another session that one has paid for.
        if (line.audit?.copied !== true) this.#addCost(`${status.provider} ${status.model}`, status.usage);
        return "";
      case "rewound":
        return `The conversation goes on from response ${span(status.responseId)} ${place(line)}: what came later is no part of it.\n`;
      case "model_changed":
        return `From here on model ${span(status.model)} of ${status.provider} ${place(line)}${reasonOf(status.reason)}.\n`;
      case "named":
        return `The session was named ${span(status.name)} ${place(line)}.\n`;
      case "archived":
        return `A client ${status.archived ? "put the session away" : "took the session up again"} ${place(line)}.\n`;
      case "forked":
        return `The conversation goes on from session ${span(status.from)}, whose log has what came before ${place(line)}.\n`;
    }
  }

  #addCost(model: string, { input_tokens, output_tokens, cost_usd }: Usage): void {
    const sum = this.#costs.get(model) ?? { responses: 0, input: 0, output: 0, cost: 0 };
    this.#costs.set(model, {
      responses: sum.responses + 1,
      input: sum.input + input_tokens,
      output: sum.output + output_tokens,
      cost: sum.cost === null || cost_usd === null ? null : sum.cost + cost_usd,
    });
  }

  #sender({ audit }: LogLine): string {
    return audit?.client === undefined ? "an unknown client" : describeClient(audit.client.id, this.#clients);
  }
}

const reasonOf = (reason: string | undefined) => (reason === undefined ? "" : `, because: ${span(reason)}`);

const place = ({ timestamp, seq }: LogLine) => `(line ${seq}, ${timestamp})`;
