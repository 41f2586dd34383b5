import { z } from "zod";
import { AgentError, type AgentErrorOptions, type ErrorCode } from "../contract/error.ts";
import type { Provider } from "../contract/item.ts";
import type { Model } from "../contract/model.ts";
import { askedDelay } from "./retry-after.ts";

/** What an error must name. */
export type ModelRef = Pick<Model, "provider" | "name">;

/** A provider's "no", from an HTTP answer or from an error event within a stream. */
export interface ProviderFailure {
  /** HTTP status; for an error event the status that the same error has as an answer, where the adapter knows it. */
  status?: number | undefined;
  /** The provider's own words. */
  message: string;
  /** The provider's own code or type. */
  providerCode?: string | undefined;
  headers?: Headers | undefined;
  /** Where the adapter knows better than the status. */
  code?: ErrorCode | undefined;
  retryable?: boolean | undefined;
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

/** What an SDK throws for an HTTP answer that is an error; the same in the SDKs of OpenAI, Anthropic and Google. */
const StatusError = z.object({
  status: z.number(),
  message: z.string(),
  headers: z.instanceof(Headers).optional(),
  /** The parsed body, or a part of it. */
  error: z.unknown().optional(),
});
export type StatusError = z.infer<typeof StatusError>;

const CONTEXT_WINDOW =
  /context[ _](window|length)|maximum context|prompt is too long|input token count|too many (input )?tokens|exceeds? the (maximum|available) (number of tokens|context)/i;

/** Codes by status. A status that is not listed: below 500 the request is at fault, above it the provider. */
const CODE_OF_STATUS: Record<number, ErrorCode> = {
  401: "provider_auth",
  402: "provider_rate_limited",
  403: "provider_auth",
  408: "provider_overloaded",
  409: "provider_overloaded",
  413: "context_window_exceeded",
  429: "provider_rate_limited",
};

const RETRYABLE = new Set<ErrorCode>([
  "provider_rate_limited",
  "provider_overloaded",
  "provider_unreachable",
  "provider_stream_broken",
]);

/**
 * The AgentError of a provider's failure. It names the provider and the model, repeats the provider's words without
 * anything that looks like a key, and says what to do.
 */
export function providerError(model: ModelRef, failure: ProviderFailure): AgentError {
  const code = failure.code ?? codeOf(failure);
  const retryable = failure.retryable ?? shouldRetry(failure) ?? RETRYABLE.has(code);
  const retryAfterMs = retryable
    ? (failure.retryAfterMs ?? askedDelay(failure.headers, failure.message))
    : undefined;
  const status = failure.status === undefined ? "" : ` (HTTP ${failure.status})`;
  const words = maskKeys(failure.message).slice(0, 2000);
  const options: AgentErrorOptions = {
    retryable,
    details: {
      provider: model.provider,
      model: model.name,
      ...(failure.status === undefined ? {} : { status: failure.status }),
      ...(failure.providerCode === undefined ? {} : { provider_code: failure.providerCode }),
    },
  };
  if (retryAfterMs !== undefined) options.retryAfterMs = retryAfterMs;
  if (failure.cause !== undefined) options.cause = failure.cause;
  return new AgentError(
    code,
    `${model.provider} ${verdict(code, model)}${status}: ${words}${advice(code, model, retryable)}`,
    options,
  );
}

/** A stream that ended too early or cannot be read. `what` says in words what happened. */
export function streamBroken(model: ModelRef, what: string, cause?: unknown): AgentError {
  return new AgentError(
    "provider_stream_broken",
    `The response stream of ${model.provider} ${model.name} broke: ${what}.`,
    { retryable: true, details: { provider: model.provider, model: model.name }, cause },
  );
}

/**
 * What to throw for anything that a call of an SDK threw: the signal's reason after an abort, an AgentError as it is,
 * the error of an HTTP answer by way of `read`, else `provider_unreachable` for a network's failure. What is none of
 * these is a fault of ours and returned as it is.
 */
export function callError(
  model: ModelRef,
  error: unknown,
  signal: AbortSignal,
  read: (error: StatusError) => Partial<ProviderFailure> = () => ({}),
): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof AgentError) return error;
  const answer = StatusError.safeParse(error);
  if (answer.success) {
    const { status, message, headers } = answer.data;
    return providerError(model, { status, message, headers, cause: error, ...read(answer.data) });
  }
  const network = networkFault(error);
  if (network === undefined) return error;
  return new AgentError(
    "provider_unreachable",
    `${model.provider} could not be reached for ${model.name}: ${network}. Check the network and the base URL.`,
    { retryable: true, details: { provider: model.provider, model: model.name }, cause: error },
  );
}

/** One event's data as JSON. What is no JSON was cut off or garbled on its way. */
export function parseEventData(model: ModelRef, data: string): unknown {
  try {
    return JSON.parse(data);
  } catch (error) {
    throw streamBroken(model, "an event is no JSON", error);
  }
}

/** Providers repeat a wrong key, or a part of it, in their answer. */
export function maskKeys(text: string): string {
  return text
    .replace(/(api[ _-]?key(?: provided)?\s*[:=]\s*)["']?[^\s"',]{4,}/gi, "$1[key]")
    .replace(/\b(?:sk|pk|rk|gsk|xai|key)-[\w*.-]{6,}/gi, "[key]")
    .replace(/\bAIza[\w*-]{10,}/g, "[key]")
    .replace(/\bBearer\s+[^\s"',]+/gi, "Bearer [key]");
}

function codeOf({ status, message, providerCode = "" }: ProviderFailure): ErrorCode {
  if (status === undefined || status === 400 || status === 422) {
    if (CONTEXT_WINDOW.test(providerCode) || CONTEXT_WINDOW.test(message)) return "context_window_exceeded";
  }
  if (status === undefined) return "provider_overloaded";
  return CODE_OF_STATUS[status] ?? (status >= 500 ? "provider_overloaded" : "provider_bad_request");
}

function shouldRetry({ status, headers }: ProviderFailure): boolean | undefined {
  const header = headers?.get("x-should-retry");
  if (header === "true") return true;
  if (header === "false" || status === 402) return false;
  return undefined;
}

const NetworkError = z.object({
  name: z.string().optional(),
  message: z.string(),
  code: z.string().optional(),
  cause: z.unknown().optional(),
});

/** What failed below HTTP, in words; undefined when the error is of another kind. */
function networkFault(error: unknown): string | undefined {
  const chain: z.infer<typeof NetworkError>[] = [];
  for (let link: unknown = error; link !== undefined && chain.length < 5; link = chain.at(-1)?.cause) {
    const parsed = NetworkError.safeParse(link);
    if (!parsed.success) break;
    chain.push(parsed.data);
  }
  const isNetwork = chain.some(
    ({ name, message, code }) =>
      /^(ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EPIPE|EHOST|ENET|UND_ERR|ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(
        code ?? "",
      ) ||
      /^APIConnection.*Error$/.test(name ?? "") ||
      /^(fetch failed|terminated|Connection error\.|Request timed out\.)$/.test(message),
  );
  if (!isNetwork) return undefined;
  const deepest = chain.at(-1);
  const words = deepest?.message === "" ? deepest.code : deepest?.message;
  return maskKeys(words ?? "connection error").replace(/\.$/, "");
}

const KEY_VARIABLE: Record<Provider, string | undefined> = {
  openai: "OPENAI_API_KEY",
  anthropic: "ANTHROPIC_API_KEY",
  google: "GOOGLE_API_KEY or GOOGLE_APPLICATION_CREDENTIALS",
  scripted: undefined,
  codex: undefined,
};

function verdict(code: ErrorCode, { name }: ModelRef): string {
  if (code === "provider_auth") return `refused the credentials for ${name}`;
  if (code === "provider_rate_limited") return `limits the rate of ${name}`;
  if (code === "provider_overloaded") return `could not serve ${name}`;
  if (code === "context_window_exceeded") return `says that the conversation is too long for ${name}`;
  if (code === "content_filtered") return `filtered the conversation with ${name}`;
  return `refused the request for ${name}`;
}

function advice(code: ErrorCode, { provider }: ModelRef, retryable: boolean): string {
  if (code === "provider_auth") {
    const variable = KEY_VARIABLE[provider];
    return ` Check ${variable === undefined ? "the credentials" : variable} and what it may use.`;
  }
  if (code === "provider_rate_limited" && !retryable)
    return " Check the plan and the billing of the account.";
  if (code === "context_window_exceeded")
    return " Compact the conversation or choose a model with a larger window.";
  return "";
}
