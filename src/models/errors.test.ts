import { describe, expect, it } from "vitest";
import { AgentError } from "../contract/error.ts";
import { callError, maskKeys, providerError } from "./errors.ts";

const MODEL = { provider: "openai", name: "gpt-test" } as const;
const LIVE = new AbortController().signal;

describe("providerError", () => {
  it.each([
    [400, "bad thing", "provider_bad_request", false],
    [400, "This model's maximum context length is 8192 tokens.", "context_window_exceeded", false],
    [400, "prompt is too long: 3333404 tokens > 200000 maximum", "context_window_exceeded", false],
    [401, "no", "provider_auth", false],
    [402, "pay", "provider_rate_limited", false],
    [403, "no", "provider_auth", false],
    [404, "no", "provider_bad_request", false],
    [408, "slow", "provider_overloaded", true],
    [409, "conflict", "provider_overloaded", true],
    [413, "too large", "context_window_exceeded", false],
    [429, "slow down", "provider_rate_limited", true],
    [500, "oops", "provider_overloaded", true],
    [529, "overloaded", "provider_overloaded", true],
  ])("takes HTTP %i %o for %s", (status, message, code, retryable) => {
    expect(providerError(MODEL, { status, message })).toMatchObject({ code, retryable });
  });

  it("names provider, model, status and the provider's words", () => {
    const error = providerError(MODEL, {
      status: 429,
      message: "Too many. Try again in 2s.",
      providerCode: "rate",
    });
    expect(error.message).toBe("openai limits the rate of gpt-test (HTTP 429): Too many. Try again in 2s.");
    expect(error.retryAfterMs).toBe(2000);
    expect(error.details).toEqual({
      provider: "openai",
      model: "gpt-test",
      status: 429,
      provider_code: "rate",
    });
  });

  it("names the variable of a refused key, and never the key", () => {
    const message =
      "Incorrect API key provided: sk-proj-abc*********xyz. You can find your API key at https://x.";
    const error = providerError(MODEL, { status: 401, message });
    expect(error.message).toContain("OPENAI_API_KEY");
    expect(error.message).not.toContain("abc");
    expect(error.message).toContain("https://x");
  });

  it("obeys a provider that says whether to retry", () => {
    const no = new Headers({ "x-should-retry": "false", "retry-after": "3" });
    expect(providerError(MODEL, { status: 500, message: "x", headers: no })).toMatchObject({
      retryable: false,
      retryAfterMs: undefined,
    });
    const yes = new Headers({ "x-should-retry": "true" });
    expect(providerError(MODEL, { status: 400, message: "x", headers: yes }).retryable).toBe(true);
  });
});

describe("callError", () => {
  it("gives the reason of an abort", () => {
    const reason = new Error("stop");
    expect(callError(MODEL, new Error("x"), AbortSignal.abort(reason))).toBe(reason);
  });

  it("says what failed below HTTP", () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED 10.0.0.1:443"), { code: "ECONNREFUSED" });
    const error = callError(MODEL, new TypeError("fetch failed", { cause: refused }), LIVE);
    expect(error).toMatchObject({ code: "provider_unreachable", retryable: true });
    expect(error).toHaveProperty("message", expect.stringContaining("connect ECONNREFUSED 10.0.0.1:443"));
  });

  it("reads what an SDK throws for an HTTP answer, with the adapter's own knowledge", () => {
    const thrown = Object.assign(new Error("503 raw"), {
      status: 503,
      headers: new Headers({ "retry-after": "1" }),
    });
    const error = callError(MODEL, thrown, LIVE, () => ({ message: "refined" }));
    expect(error).toMatchObject({ code: "provider_overloaded", retryAfterMs: 1000, cause: thrown });
    expect(error).toHaveProperty("message", expect.stringContaining("refined"));
  });

  it("leaves an AgentError and a fault of ours as they are", () => {
    const agentError = new AgentError("turn_limit", "x");
    expect(callError(MODEL, agentError, LIVE)).toBe(agentError);
    const fault = new TypeError("undefined is not a function");
    expect(callError(MODEL, fault, LIVE)).toBe(fault);
  });
});

describe("maskKeys", () => {
  it.each([
    [
      "Incorrect API key provided: invalid-key. See https://x.",
      "Incorrect API key provided: [key] See https://x.",
    ],
    ["the key sk-ant-api03-abcdefgh is bad", "the key [key] is bad"],
    ["key AIzaSyABCDEFGHIJKLMNOP", "key [key]"],
    ["Authorization: Bearer abc.def", "Authorization: Bearer [key]"],
    ["API key not valid. Please pass a valid API key.", "API key not valid. Please pass a valid API key."],
  ])("%o", (text, masked) => {
    expect(maskKeys(text)).toBe(masked);
  });
});
