import { generateKeyPairSync, verify } from "node:crypto";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { AgentError } from "../../contract/error.ts";
import {
  eventStream,
  startFakeProvider,
  type FakeAnswer,
  type FakeProvider,
} from "../../testing/fake-provider.ts";
import { QUESTION, runModel } from "../suite/outcome.ts";
import type { GoogleCredentials } from "./credentials.ts";
import { createGoogleModel } from "./model.ts";

const json = (body: object, status = 200): FakeAnswer => ({
  status,
  headers: { "content-type": "application/json" },
  body: [JSON.stringify(body)],
});
const token = json({ access_token: "token-of-the-test", expires_in: 3599, token_type: "Bearer" });
const answer: FakeAnswer = {
  body: eventStream({ candidates: [{ content: { parts: [{ text: "Hi" }] }, finishReason: "STOP" }] }),
};

describe("a Google model", () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  let folder: string;
  let provider: FakeProvider | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "google-credentials-"));
  });
  afterAll(() => rm(folder, { recursive: true }));
  afterEach(async () => {
    await provider?.close();
    provider = undefined;
  });

  async function start(...answers: FakeAnswer[]): Promise<FakeProvider> {
    provider = await startFakeProvider(...answers);
    return provider;
  }

  async function credentialsFile(fields: object): Promise<string> {
    const path = join(folder, `${Math.random()}.json`);
    const account = {
      type: "service_account",
      project_id: "project-of-the-file",
      private_key_id: "1",
      private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
      client_email: "agent@project-of-the-file.iam.gserviceaccount.com",
      ...fields,
    };
    await writeFile(path, JSON.stringify(account));
    return path;
  }

  const modelWith = (credentials: GoogleCredentials, baseUrl: string, idleTimeoutMs = 15_000) =>
    createGoogleModel({
      name: "gemini-2.5-pro",
      credentials,
      baseUrl,
      info: { contextWindow: 1, maxOutputTokens: 1 },
      idleTimeoutMs,
    });

  it("with a key speaks to the Gemini API, version v1beta", async () => {
    const { url, requests } = await start(answer);
    const model = modelWith({ apiKey: "key-of-the-test" }, url);
    expect((await runModel(model)).done?.stop).toBe("completed");
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      method: "POST",
      path: "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
      headers: { "x-goog-api-key": "key-of-the-test" },
      body: {
        contents: [{ role: "user", parts: [{ text: "Hello" }] }],
        systemInstruction: { parts: [{ text: "Answer briefly." }] },
        generationConfig: { thinkingConfig: { includeThoughts: true } },
      },
    });
  });

  it.each(["../files", "gemini?key=x", "gemini:countTokens", "", "gemini pro"])(
    "cannot have a name that leads elsewhere: %s",
    (name) => {
      const make = () =>
        createGoogleModel({
          name,
          credentials: { apiKey: "key-of-the-test" },
          info: { contextWindow: 1, maxOutputTokens: 1 },
          idleTimeoutMs: 1,
        });
      expect(make).toThrow(expect.objectContaining({ code: "unknown_model" }));
    },
  );

  it("sends the schema of a tool as it is", async () => {
    const { url, requests } = await start(answer);
    const parameters = {
      type: "object",
      properties: { n: { type: ["integer", "null"], exclusiveMinimum: 0 } },
      additionalProperties: false,
    };
    const model = modelWith({ apiKey: "key-of-the-test" }, url);
    await runModel(model, { ...QUESTION, tools: [{ name: "count", description: "Counts.", parameters }] });
    expect(requests[0]?.body["tools"]).toEqual([
      { functionDeclarations: [{ name: "count", description: "Counts.", parametersJsonSchema: parameters }] },
    ]);
  });

  it("with a service account gets a token by a signed assertion and speaks to Vertex AI", async () => {
    const { url, requests } = await start(token, answer, answer);
    const path = await credentialsFile({ token_uri: `${url}/token` });
    const model = modelWith({ serviceAccountPath: path, location: "europe-west4" }, url);
    expect((await runModel(model)).done?.stop).toBe("completed");
    expect((await runModel(model)).done?.stop).toBe("completed");

    const [asked, first, second] = requests;
    expect(asked?.path).toBe("/token");
    expect(asked?.body["grant_type"]).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
    const [header = "", claims = "", signature = ""] = String(asked?.body["assertion"]).split(".");
    expect(
      verify(
        "RSA-SHA256",
        Buffer.from(`${header}.${claims}`),
        publicKey,
        Buffer.from(signature, "base64url"),
      ),
    ).toBe(true);
    expect(JSON.parse(Buffer.from(claims, "base64url").toString())).toMatchObject({
      iss: "agent@project-of-the-file.iam.gserviceaccount.com",
      scope: "https://www.googleapis.com/auth/cloud-platform",
      aud: `${url}/token`,
    });
    expect(first).toMatchObject({
      method: "POST",
      path: "/v1beta1/projects/project-of-the-file/locations/europe-west4/publishers/google/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
      headers: { authorization: "Bearer token-of-the-test" },
    });
    expect(first?.headers).not.toHaveProperty("x-goog-api-key");
    // The token is good for an hour.
    expect(second?.path).toBe(first?.path);
  });

  it("takes the project that it is given, and the location that serves everywhere", async () => {
    const { url, requests } = await start(token, answer);
    const path = await credentialsFile({ token_uri: `${url}/token` });
    await runModel(modelWith({ serviceAccountPath: path, project: "another-project" }, url));
    expect(requests[1]?.path).toMatch(/\/projects\/another-project\/locations\/global\//);
  });

  it("says that the credentials were refused when it gets no token", async () => {
    const refusal = json({ error: "invalid_grant", error_description: "Invalid JWT Signature." }, 400);
    const { url, requests } = await start(refusal);
    const path = await credentialsFile({ token_uri: `${url}/token` });
    const { error } = await runModel(modelWith({ serviceAccountPath: path }, url));
    expect(error).toMatchObject({
      code: "provider_auth",
      retryable: false,
      message: expect.stringMatching(/invalid_grant: Invalid JWT Signature.*GOOGLE_APPLICATION_CREDENTIALS/),
    });
    expect(JSON.stringify(error)).not.toContain("PRIVATE KEY");
    expect(requests.every((request) => request.path === "/token")).toBe(true);
  });

  it("does not wait for a silent token server when it is aborted", async () => {
    const server = await start({ ending: "silence" });
    const path = await credentialsFile({ token_uri: `${server.url}/token` });
    const controller = new AbortController();
    const running = runModel(
      modelWith({ serviceAccountPath: path }, server.url),
      QUESTION,
      controller.signal,
    );
    await server.received(1);
    const reason = new Error("the person pressed stop");
    controller.abort(reason);
    expect((await running).error).toBe(reason);
  });

  it.each<FakeAnswer>([{ ending: "silence" }, { status: 503, body: ["The server is"], ending: "stall" }])(
    "gives a provider up that does not answer, or does not end its error: $ending",
    async (answer) => {
      const server = await start(answer);
      const model = modelWith({ apiKey: "key-of-the-test" }, server.url, 100);
      expect((await runModel(model)).error).toMatchObject({
        code: "provider_stream_broken",
        retryable: true,
        message: expect.stringContaining("no answer came for 0.1 seconds"),
      });
    },
  );

  it.each([
    ["that is not there", undefined, /cannot be read \(Error: ENOENT/],
    ["that is no JSON", "private_key: secret", /is no JSON\.$/],
    ["with a broken key", { private_key: "secret" }, /no service account file.*private key in PEM/s],
    ["without a project", { project_id: undefined }, /names no project_id: set GOOGLE_CLOUD_PROJECT/],
  ])("says what is wrong with a file %s, and repeats nothing of it", async (_, content, problem) => {
    let path = join(folder, "missing.json");
    if (typeof content === "string") await writeFile((path = join(folder, "text.json")), content);
    if (typeof content === "object") path = await credentialsFile(content);
    const { url, requests } = await start(answer);
    const error = (await runModel(modelWith({ serviceAccountPath: path }, url))).error as AgentError;
    expect(error).toMatchObject({ code: "missing_api_key", retryable: false });
    expect(error.message).toMatch(problem);
    expect(error.message).toContain(`GOOGLE_APPLICATION_CREDENTIALS: ${path}`);
    expect(error.message).not.toContain("secret");
    expect(requests).toEqual([]);
  });

  it("takes a file that came later", async () => {
    const { url } = await start(token, answer);
    const path = join(folder, "later.json");
    const model = modelWith({ serviceAccountPath: path }, url);
    expect((await runModel(model)).error).toMatchObject({ code: "missing_api_key" });
    const written = await credentialsFile({ token_uri: `${url}/token` });
    await rename(written, path);
    expect((await runModel(model)).done?.stop).toBe("completed");
  });
});
