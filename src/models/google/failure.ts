import { z } from "zod";
import type { ErrorCode } from "../../contract/error.ts";
import type { ProviderFailure } from "../errors.ts";
import { GoogleError } from "./chunk.ts";

/** What an error of Google's says, beside its words: most of it stands in `details`. */
export function failureOf(error: GoogleError): ProviderFailure {
  const details = error.details ?? [];
  const reasons = details.flatMap(({ reason }) => (reason === undefined ? [] : [reason]));
  const failure: ProviderFailure = {
    status: error.code,
    message: error.message,
    providerCode: reasons[0] ?? error.status,
    retryAfterMs: details
      .map(({ retryDelay }) => milliseconds(retryDelay))
      .find((delay) => delay !== undefined),
  };
  const code = codeOf(error, reasons);
  if (code !== undefined) failure.code = code;
  const quotas = details.flatMap(({ violations }) => violations ?? []);
  if (quotas.some(({ quotaId }) => quotaId?.includes("PerDay"))) failure.retryable = false;
  return failure;
}

/** The failure of an answer that is no success. Its body is JSON, but for what a proxy puts in its place. */
export async function failureOfResponse(response: Response): Promise<ProviderFailure> {
  const body = await response.text();
  const error = ErrorBody.safeParse(body).data ?? { message: body.slice(0, 500) || response.statusText };
  return { ...failureOf(error), status: response.status, headers: response.headers };
}

/** Also as the only entry of a list, which is how an answer comes that was asked for as a stream. */
const ErrorBody = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue("no JSON");
      return z.NEVER;
    }
  })
  .pipe(z.union([z.object({ error: GoogleError }), z.tuple([z.object({ error: GoogleError })])]))
  .transform((body) => (Array.isArray(body) ? body[0].error : body.error));

function codeOf({ message }: GoogleError, reasons: string[]): ErrorCode | undefined {
  // A wrong key is told by status 400.
  if (reasons.some((reason) => reason.startsWith("API_KEY_"))) return "provider_auth";
  if (/^API key (not valid|expired)/.test(message)) return "provider_auth";
  return undefined;
}

/** A duration as protobuf writes it, "48s" or "0.5s". */
function milliseconds(duration: string | undefined): number | undefined {
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(duration ?? "")?.[1];
  return seconds === undefined ? undefined : Math.ceil(Number(seconds) * 1000);
}
