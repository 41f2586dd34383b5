import type { GenerateContentParameters, GoogleGenAI } from "@google/genai";
import { fetchStream } from "../http.ts";
import { sdkOptions, type GoogleCredentials } from "./credentials.ts";

export interface ClientOptions {
  credentials: GoogleCredentials;
  /** Without the API's version. By default Google's own address. */
  baseUrl?: string | undefined;
}

/** Sends one request; resolves with the provider's answer, also when that is an error, as soon as it has a status. */
export type Send = (parameters: GenerateContentParameters, signal: AbortSignal) => Promise<Response>;

/** The SDK is loaded, and the credentials are read, with the first request. */
export function createClient(options: ClientOptions): Send {
  let client: Promise<GoogleGenAI> | undefined;
  const forget = (error: unknown) => {
    client = undefined;
    throw error;
  };
  return async (parameters, signal) => {
    // A file that is missing now may be there the next time.
    client ??= connect(options).catch(forget);
    return answerTo(await client, parameters, signal);
  };
}

async function connect({ credentials, baseUrl }: ClientOptions): Promise<GoogleGenAI> {
  const [{ GoogleGenAI }, options] = await Promise.all([import("@google/genai"), sdkOptions(credentials)]);
  return new GoogleGenAI(baseUrl === undefined ? options : { ...options, httpOptions: { baseUrl } });
}

/**
 * The SDK makes the address, the headers, the token and the body, and sends them through a `fetch` of ours, which is
 * its public option. So the answer can be read as it is: the SDK's own reader costs 24 µs an event, loses the headers
 * of an error, and takes an end in the midst of a response for a good one.
 */
async function answerTo(
  client: GoogleGenAI,
  parameters: GenerateContentParameters,
  signal: AbortSignal,
): Promise<Response> {
  let answer: Response | undefined;
  const send: typeof fetch = async (input, init) => {
    answer = await fetchStream(input, { ...init, signal });
    return new Response();
  };
  await client.models.generateContentStream({
    ...parameters,
    // It would ask again by itself, behind our back.
    config: { ...parameters.config, automaticContinuation: false, httpOptions: { fetch: send } },
  });
  if (answer === undefined) throw new Error("The SDK of Google returned without sending the request.");
  return answer;
}
