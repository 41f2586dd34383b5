import { AgentError } from "../../contract/error.ts";
import type { Model, ModelEvent, ModelInfo, ModelRequest, TellDelta } from "../../contract/model.ts";
import { callError, providerError, streamBroken, type ModelRef, type StatusError } from "../errors.ts";
import { readEvents } from "../sse.ts";
import { endWithDone } from "../stream-check.ts";
import { createClient, type Send } from "./client.ts";
import type { GoogleCredentials } from "./credentials.ts";
import { failureOfResponse } from "./failure.ts";
import { toGoogleRequest } from "./request.ts";
import { responseReader } from "./stream.ts";

export interface GoogleModelOptions {
  /** `gemini-2.5-pro`, also with `models/` before it. */
  name: string;
  /** A key is for the Gemini API, a service account file for Vertex AI. */
  credentials: GoogleCredentials;
  /** Without the API's version (`/v1beta`). By default Google's own address. */
  baseUrl?: string | undefined;
  info: ModelInfo;
  /** The longest silence before the answer and within it, in milliseconds. */
  idleTimeoutMs: number;
}

/** A Gemini or Gemma model. Without retries. Throws AgentError `unknown_model` for what cannot be a name. */
export function createGoogleModel(options: GoogleModelOptions): Model {
  const { name, info } = options;
  if (!MODEL_NAME.test(name)) throw unusableName(name);
  const send = createClient(options);
  const model: Model = {
    provider: "google",
    name,
    info,
    stream: (request, signal, tell) =>
      endWithDone(model, respond(model, request, { ...options, send, signal, tell }), signal),
  };
  return model;
}

/** The name becomes a part of the request's address. */
const MODEL_NAME = /^(?!.*\.\.)[\w./@-]+$/;

interface Call {
  send: Send;
  idleTimeoutMs: number;
  signal: AbortSignal;
  tell: TellDelta | undefined;
}

async function* respond(
  model: ModelRef,
  request: ModelRequest,
  call: Call,
): AsyncGenerator<ModelEvent, void> {
  const parameters = toGoogleRequest(request, model.name);
  const response = await withinSilence(model, call, async (signal) => {
    const answer = await call.send(parameters, signal);
    if (!answer.ok) throw providerError(model, await failureOfResponse(answer));
    return answer;
  });
  yield* readEvents(response, responseReader(model, request.items), { ...call, model });
}

/** Neither the token's request nor ours ends by itself when the other side keeps silent. */
async function withinSilence<Answer>(
  model: ModelRef,
  { idleTimeoutMs, signal }: Call,
  work: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const silence = new AbortController();
  const noAnswer = streamBroken(model, `no answer came for ${idleTimeoutMs / 1000} seconds`);
  const timer = setTimeout(() => silence.abort(noAnswer), idleTimeoutMs);
  const ended = AbortSignal.any([signal, silence.signal]);
  const { promise: abandoned, reject } = Promise.withResolvers<never>();
  const abandon = () => reject(ended.reason);
  ended.addEventListener("abort", abandon);
  try {
    return await Promise.race([work(ended), abandoned]);
  } catch (error) {
    throw callError(model, ended.aborted ? ended.reason : error, signal, refusedToken);
  } finally {
    clearTimeout(timer);
    ended.removeEventListener("abort", abandon);
  }
}

/** Only the request for a token throws an answer's status: ours is handed on with every status. */
function refusedToken({ status }: StatusError) {
  return status < 500 && status !== 429 ? { code: "provider_auth" as const } : {};
}

function unusableName(name: string): AgentError {
  return new AgentError(
    "unknown_model",
    `A model of Google's has a name of letters, digits and . / @ _ - (gemini-2.5-pro); got ${JSON.stringify(name)}.`,
    { retryable: false },
  );
}
