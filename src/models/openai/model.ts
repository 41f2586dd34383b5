import type OpenAI from "openai";
import type { Model, ModelEvent, ModelInfo, ModelRequest, TellDelta } from "../../contract/model.ts";
import { callError } from "../errors.ts";
import { fetchStream } from "../http.ts";
import { type EventReader, readEvents } from "../sse.ts";
import { endWithDone } from "../stream-check.ts";
import { toChatRequest } from "./chat/request.ts";
import { chatReader } from "./chat/stream.ts";
import { readFailure, refusesSummaries } from "./errors.ts";
import { toResponsesRequest, type RequestOptions } from "./request.ts";
import { responsesReader } from "./stream.ts";

export interface OpenAIModelOptions {
  /** As OpenAI knows it. */
  name: string;
  apiKey: string;
  /** With its path: `https://api.openai.com/v1`, which is the default. */
  baseUrl?: string | undefined;
  /** `chat`: chat completions, for servers that do not speak the Responses API. */
  wireApi: "responses" | "chat";
  info: ModelInfo;
  /** The longest silence, before the answer and within it, in milliseconds. */
  idleTimeoutMs: number;
  /** For models that reason; OpenAI's default when absent. */
  reasoningEffort?: RequestOptions["reasoningEffort"];
}

const OPENAI_URL = "https://api.openai.com/v1";

/** A model of OpenAI, or of a server that speaks one of its two APIs. Without retries. */
export function createOpenAIModel(options: OpenAIModelOptions): Model {
  const connection = new Connection(options);
  const open = options.wireApi === "chat" ? openChat : openResponses;
  const model: Model = {
    provider: "openai",
    name: options.name,
    info: options.info,
    stream: (request, signal, tell) =>
      endWithDone(model, open(connection, request, { signal, tell }), signal),
  };
  return model;
}

interface Taker {
  signal: AbortSignal;
  tell: TellDelta | undefined;
}

async function* openResponses(
  connection: Connection,
  request: ModelRequest,
  taker: Taker,
): AsyncGenerator<ModelEvent, void> {
  const response = await connection.post(taker.signal, (client, settings) => {
    const body = toResponsesRequest(connection.options, request, connection.abilities);
    return client.responses.create(body, settings).asResponse();
  });
  yield* connection.read(response, responsesReader(connection.ref, request.tools), taker);
}

async function* openChat(
  connection: Connection,
  request: ModelRequest,
  taker: Taker,
): AsyncGenerator<ModelEvent, void> {
  const response = await connection.post(taker.signal, (client, settings) => {
    const body = toChatRequest(connection.options, request);
    return client.chat.completions.create(body, settings).asResponse();
  });
  yield* connection.read(response, chatReader(connection.ref), taker);
}

interface CallSettings {
  signal: AbortSignal;
  maxRetries: 0;
  timeout: number;
}

/** The SDK's client of one model, made at its first use: the SDK is slow to load. */
class Connection {
  readonly options: OpenAIModelOptions;
  readonly ref: Pick<Model, "provider" | "name">;
  /** What the account may use, as far as it has told us. */
  readonly abilities = { summaries: true };
  #client: Promise<OpenAI> | undefined;

  constructor(options: OpenAIModelOptions) {
    this.options = options;
    this.ref = { provider: "openai", name: options.name };
  }

  async post(
    signal: AbortSignal,
    call: (client: OpenAI, settings: CallSettings) => Promise<Response>,
  ): Promise<Response> {
    this.#client ??= loadClient(this.options);
    const client = await this.#client;
    const settings: CallSettings = { signal, maxRetries: 0, timeout: Math.ceil(this.options.idleTimeoutMs) };
    try {
      return await call(client, settings);
    } catch (error) {
      // OpenAI gives summaries to verified organisations only, and refuses whoever asks for them without being one.
      if (this.abilities.summaries && !signal.aborted && refusesSummaries(error)) {
        this.abilities.summaries = false;
        return this.post(signal, call);
      }
      throw callError(this.ref, error, signal, readFailure);
    }
  }

  read(response: Response, reader: EventReader, taker: Taker): AsyncGenerator<ModelEvent, void> {
    return readEvents(response, reader, {
      model: this.ref,
      idleTimeoutMs: this.options.idleTimeoutMs,
      ...taker,
    });
  }
}

async function loadClient({ apiKey, baseUrl }: OpenAIModelOptions): Promise<OpenAI> {
  const { default: OpenAI } = await import("openai");
  // The log would tell prompts; another key from the environment is none of ours.
  return new OpenAI({
    apiKey,
    adminAPIKey: null,
    baseURL: baseUrl ?? OPENAI_URL,
    fetch: fetchStream,
    logLevel: "off",
  });
}
