import type { Anthropic } from "@anthropic-ai/sdk";
import { AgentError } from "../../contract/error.ts";
import type { Model, ModelEvent, ModelInfo, ModelRequest, TellDelta } from "../../contract/model.ts";
import { callError, streamBroken, type ProviderFailure, type StatusError } from "../errors.ts";
import { fetchStream } from "../http.ts";
import { readEvents } from "../sse.ts";
import { endWithDone } from "../stream-check.ts";
import { toWireRequest } from "./request.ts";
import { responseReader } from "./stream.ts";
import { ErrorAnswer } from "./wire.ts";

export interface AnthropicOptions {
  /** As the API knows it, for example `claude-sonnet-4-5`. */
  name: string;
  apiKey: string;
  /** Without `/v1`. Default: the API of Anthropic. */
  baseUrl?: string;
  info: ModelInfo;
  /** The longest silence, before the answer and within it, in milliseconds. */
  idleTimeoutMs: number;
}

/** A Claude model behind the Messages API. It does not try again by itself. */
export function createAnthropicModel(options: AnthropicOptions): Model {
  return new AnthropicModel(options);
}

class AnthropicModel implements Model {
  readonly provider = "anthropic";
  readonly name: string;
  readonly info: ModelInfo;
  readonly #options: AnthropicOptions;
  #client: Promise<Anthropic> | undefined;

  constructor(options: AnthropicOptions) {
    this.name = options.name;
    this.info = options.info;
    this.#options = options;
  }

  stream(request: ModelRequest, signal: AbortSignal, tell?: TellDelta): AsyncIterable<ModelEvent> {
    return endWithDone(this, this.#events(request, signal, tell), signal);
  }

  async *#events(
    request: ModelRequest,
    signal: AbortSignal,
    tell: TellDelta | undefined,
  ): AsyncGenerator<ModelEvent, void> {
    const { idleTimeoutMs } = this.#options;
    const response = await this.#send(request, signal);
    yield* readEvents(response, responseReader(this), { model: this, idleTimeoutMs, signal, tell });
  }

  async #send(request: ModelRequest, signal: AbortSignal): Promise<Response> {
    const { body, betas } = toWireRequest(this, request);
    const headers = betas.length === 0 ? {} : { "anthropic-beta": betas.join(",") };
    this.#client ??= connect(this.#options);
    const client = await this.#client;
    const { idleTimeoutMs } = this.#options;
    const impatience = new AbortController();
    const timer = setTimeout(() => impatience.abort(), idleTimeoutMs);
    const either = AbortSignal.any([signal, impatience.signal]);
    try {
      // Not by way of `messages.create`: it prints its own advice on models to the terminal.
      return await client.post("/v1/messages", { body, headers, signal: either, stream: true }).asResponse();
    } catch (error) {
      // A provider that is silent from the start is no other case than one that falls silent.
      if (impatience.signal.aborted && !signal.aborted)
        throw streamBroken(this, `nothing came for ${idleTimeoutMs / 1000} seconds`, error);
      throw callError(this, error, signal, failureOf);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The SDK is loaded when its provider is first used. */
async function connect({ apiKey, baseUrl }: AnthropicOptions): Promise<Anthropic> {
  checkKey(apiKey);
  const { Anthropic } = await import("@anthropic-ai/sdk");
  return new Anthropic({
    apiKey,
    // Null and not absent: without an answer here the SDK looks into the environment.
    baseURL: baseUrl ?? null,
    maxRetries: 0,
    fetch: fetchStream,
    logLevel: "off",
  });
}

/** A header cannot hold such a key, and the error of the runtime would repeat it. */
function checkKey(apiKey: string): void {
  if (/^[\x21-\x7e]+$/.test(apiKey)) return;
  throw new AgentError(
    "provider_auth",
    "The key for anthropic must be of printable ASCII characters without spaces, and holds others. Check ANTHROPIC_API_KEY.",
    { retryable: false },
  );
}

/** The provider's own words from the body of its answer; the SDK's message repeats the whole body. */
function failureOf({ error }: StatusError): Partial<ProviderFailure> {
  const { data } = ErrorAnswer.safeParse(error);
  return data === undefined ? {} : { message: data.error.message, providerCode: data.error.type };
}
