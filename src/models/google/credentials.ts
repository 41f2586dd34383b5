import { createPrivateKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { GoogleGenAIOptions } from "@google/genai";
import { z } from "zod";
import { AgentError } from "../../contract/error.ts";

/**
 * A key of the Gemini API, or a service account file for Vertex AI. `project` is by default the file's own, `location`
 * by default `global`.
 */
export type GoogleCredentials =
  | { apiKey: string }
  | { serviceAccountPath: string; project?: string | undefined; location?: string | undefined };

/** What we read of the file; the rest is the SDK's, which also takes other kinds of credentials. */
const CredentialsFile = z.object({
  project_id: z.string().optional(),
  token_uri: z.url().optional(),
  private_key: z.string().refine(isPrivateKey, "Invalid input: expected a private key in PEM").optional(),
});

const GOOGLE_TOKEN_URI = "https://oauth2.googleapis.com/token";

/** All choices are named, for what is left out the SDK takes from the environment. */
export async function sdkOptions(credentials: GoogleCredentials): Promise<GoogleGenAIOptions> {
  if ("apiKey" in credentials) return { vertexai: false, apiKey: credentials.apiKey, apiVersion: "v1beta" };
  const { serviceAccountPath: path, location = "global" } = credentials;
  const file = await readCredentials(path);
  const project = credentials.project ?? file.project_id;
  if (project === undefined) throw unusable(`${path} names no project_id: set GOOGLE_CLOUD_PROJECT`);
  return {
    vertexai: true,
    apiVersion: "v1beta1",
    project,
    location,
    googleAuthOptions: { keyFilename: path, ...tokenServer(file.token_uri) },
  };
}

/** The SDK asks Google for the token whatever the file says. */
function tokenServer(uri = GOOGLE_TOKEN_URI) {
  if (uri === GOOGLE_TOKEN_URI) return {};
  const fetchImplementation: typeof fetch = (_url, init) => fetch(uri, init);
  return { clientOptions: { additionalClaims: { aud: uri }, transporterOptions: { fetchImplementation } } };
}

async function readCredentials(path: string): Promise<z.infer<typeof CredentialsFile>> {
  const file = CredentialsFile.safeParse(await readJson(path));
  if (!file.success) throw unusable(`${path} is no service account file: ${z.prettifyError(file.error)}`);
  return file.data;
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    // The parser's words would repeat what stands in the file.
    if (error instanceof SyntaxError) throw unusable(`${path} is no JSON`);
    throw unusable(`${path} cannot be read (${String(error)})`);
  }
}

/** The SDK would find out with the first request, and say it in the words of OpenSSL. */
function isPrivateKey(pem: string): boolean {
  try {
    createPrivateKey(pem);
    return true;
  } catch {
    return false;
  }
}

function unusable(what: string): AgentError {
  return new AgentError("missing_api_key", `GOOGLE_APPLICATION_CREDENTIALS: ${what}.`, { retryable: false });
}
