import { describe, expect, it } from "vitest";
import { providerError } from "../errors.ts";
import { failureOfResponse } from "./failure.ts";

const MODEL = { provider: "google", name: "gemini-2.5-pro" } as const;

async function errorOf(status: number, body: unknown) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return providerError(MODEL, await failureOfResponse(new Response(text, { status })));
}

describe("an error of Google's", () => {
  it("is about the key when it says so, although its status is 400", async () => {
    const error = await errorOf(400, {
      error: {
        code: 400,
        message: "API key not valid. Please pass a valid API key.",
        status: "INVALID_ARGUMENT",
        details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "API_KEY_INVALID" }],
      },
    });
    expect(error).toMatchObject({
      code: "provider_auth",
      retryable: false,
      details: { status: 400, provider_code: "API_KEY_INVALID" },
    });
  });

  it.each([
    "The input token count (1250074) exceeds the maximum number of tokens allowed (1048576).",
    "The input token count exceeds the maximum number of tokens allowed 1048576.",
    "Input token count is 40000 but model only supports up to 32768.",
  ])("tells that the conversation is too long: %s", async (message) => {
    const error = await errorOf(400, { error: { code: 400, message, status: "INVALID_ARGUMENT" } });
    expect(error).toMatchObject({ code: "context_window_exceeded", retryable: false });
  });

  it("says how long to wait", async () => {
    const details = [
      { "@type": "type.googleapis.com/google.rpc.Help", links: [] },
      { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "7.5s" },
    ];
    const error = await errorOf(429, { error: { code: 429, message: "Slow down.", details } });
    expect(error).toMatchObject({ code: "provider_rate_limited", retryable: true, retryAfterMs: 7500 });
  });

  it("is not worth a retry when the day's quota is used up", async () => {
    const details = [{ violations: [{ quotaId: "GenerateRequestsPerDayPerProjectPerModel-FreeTier" }] }];
    const error = await errorOf(429, { error: { code: 429, message: "Quota exceeded.", details } });
    expect(error).toMatchObject({ code: "provider_rate_limited", retryable: false });
  });

  it("is read as well from a list of one, and passes over details that it does not know", async () => {
    const body = [{ error: { code: 404, message: "No such model.", details: ["what", { reason: 7 }] } }];
    expect(await errorOf(404, body)).toMatchObject({
      code: "provider_bad_request",
      message: expect.stringContaining("No such model."),
    });
  });

  it.each(["<html>Bad gateway</html>", "", '{"error":"upstream"}'])(
    "need not be Google's: %s",
    async (body) => {
      expect(await errorOf(502, body)).toMatchObject({
        code: "provider_overloaded",
        retryable: true,
        message: expect.stringContaining(`HTTP 502): ${body}`),
      });
    },
  );
});
