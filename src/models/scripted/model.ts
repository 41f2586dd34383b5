import { AgentError } from "../../contract/error.ts";
import type { Model, ModelInfo, ModelRequest } from "../../contract/model.ts";
import { SCRIPTED_INFO } from "../known-models.ts";
import { endWithDone } from "../stream-check.ts";
import { answerPlainRequest } from "./plain-request.ts";
import type { Pace, ScriptedResponse } from "./script.ts";
import { play } from "./stream.ts";

/** Answers a request; `index` counts the requests of this model from 0. */
export type Respond = (request: ModelRequest, index: number) => ScriptedResponse | Promise<ScriptedResponse>;

export interface ScriptedModelOptions extends Pace {
  /** Absent: understands a few plain requests and does them with the tools that it is offered. */
  script?: readonly ScriptedResponse[] | Respond;
  /** Begins a list of responses again after its end, which is otherwise an error. */
  repeat?: boolean;
  name?: string;
  info?: ModelInfo;
  /** Sees every request before it is answered. */
  onRequest?: (request: ModelRequest) => void;
}

/** A model without a network: what it says is written down, or follows from the conversation alone. */
export function createScriptedModel(options: ScriptedModelOptions = {}): Model {
  const { script, repeat, name = "scripted", info = SCRIPTED_INFO, onRequest, ...pace } = options;
  const respond = responder(script, repeat);
  const origin = { provider: "scripted", model: name } as const;
  let requests = 0;
  const model: Model = {
    provider: "scripted",
    name,
    info,
    stream: (request, signal) => endWithDone(model, answer(request, signal), signal),
  };
  async function* answer(request: ModelRequest, signal: AbortSignal) {
    onRequest?.(request);
    const index = requests;
    requests += 1;
    const responseId = `resp_${request.items.length}_${index}`;
    yield* play(await respond(request, index), { request, responseId, origin, pace }, signal);
  }
  return model;
}

function responder(script: ScriptedModelOptions["script"], repeat = false): Respond {
  if (script === undefined) return answerPlainRequest;
  if (typeof script === "function") return script;
  return (_request, index) => {
    const response = script[repeat ? index % script.length : index];
    if (response) return response;
    throw new AgentError(
      "provider_bad_request",
      `The script has ${script.length} responses, and this is request ${index + 1}.`,
      { retryable: false },
    );
  };
}
