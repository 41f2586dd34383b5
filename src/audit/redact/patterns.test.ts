import { describe, expect, it } from "vitest";
import { openTail, redactPatterns } from "./patterns.ts";

/** Letters and digits without meaning. Whole samples in a source file would be taken for leaked keys. */
const body = (length: number) => "aB3dE6gH9jK2".repeat(20).slice(0, length);
const upper = (length: number) => "AB3DE6GH7JK2".repeat(4).slice(0, length);
const PEM = ["BEGIN", "END"]
  .map((word) => `-----${word} RSA PRIVATE KEY-----`)
  .join(`\n${body(64)}\n${body(12)}==\n`);
const JWT = ["eyJ", "eyJ", ""].map((start) => `${start}${body(20)}`).join(".");

const SAMPLES: [kind: string, secret: string, before?: string, after?: string][] = [
  ["anthropic_key", `sk-ant-api03-${body(80)}`],
  ["openrouter_key", `sk-or-v1-${body(60)}`],
  ["openai_key", `sk-${body(48)}`],
  ["openai_key", `sk-proj-${body(100)}_-${body(20)}`],
  ["google_api_key", `AIza${body(35)}`],
  ["google_oauth_token", `ya29.${body(60)}`],
  ["github_token", `ghp_${body(36)}`],
  ["github_token", `github_pat_${body(22)}_${body(59)}`],
  ["gitlab_token", `glpat-${body(20)}`],
  ["slack_token", `xoxb-${"1234567890-".repeat(2)}${body(24)}`],
  ["slack_webhook", `T${upper(9)}/B${upper(9)}/${body(24)}`, "https://hooks.slack.com/services/"],
  ["stripe_key", `sk_live_${body(24)}`],
  ["aws_access_key", `AKIA${upper(16)}`],
  ["aws_secret_key", body(40), "aws_secret_access_key = "],
  ["aws_secret_key", body(40), '{"SecretAccessKey": "', '"}'],
  ["npm_token", `npm_${body(36)}`],
  ["pypi_token", `pypi-${body(60)}`],
  ["huggingface_token", `hf_${body(34)}`],
  ["xai_key", `xai-${body(60)}`],
  ["groq_key", `gsk_${body(50)}`],
  ["sendgrid_key", `SG.${body(22)}.${body(43)}`],
  ["jwt", JWT],
  ["bearer_token", body(30), 'curl -H "Authorization: Bearer ', '"'],
  ["url_password", "hunter2!", "postgres://someone:", "@db.example.com:5432/app"],
  ["private_key", PEM],
];

const inside = (text: string, depth: number): string =>
  depth === 0 ? text : JSON.stringify({ output: inside(text, depth - 1) });

describe("what looks like a secret", () => {
  it.each(SAMPLES)("is replaced by its kind, %s", (kind, secret, before = "", after = "") => {
    for (const depth of [1, 2, 3]) {
      const json = inside(`say ${before}${secret}${after} or "not".`, depth);
      const expected = inside(`say ${before}[redacted:${kind}]${after} or "not".`, depth);
      expect(redactPatterns(json)).toEqual({ text: expected, count: 1 });
    }
  });

  it.each([
    "a sk-loading-spinner-container-wide is a class, task-12345678901234567890 a name",
    "bearer authentication-mechanisms are explained at https://example.com:8080/a@b",
    "git clone ssh://git@github.com/a/b and see http://[::1]:80/ or user:pass@host",
    `commit ${"0123456789abcdef".repeat(3)}, AKIA, ghp_short, eyJ.eyJ.x`,
    "postgres://user:[redacted:DB]@host",
    `-----BEGIN PUBLIC KEY-----\n${body(64)}\n-----END PUBLIC KEY-----`,
  ])("is not found in %j", (text) => {
    expect(redactPatterns(JSON.stringify({ text })).count).toBe(0);
  });

  it("is replaced as far as it goes where its end is missing", () => {
    const cut = PEM.slice(0, -30);
    const { text } = redactPatterns(JSON.stringify({ text: cut, more: "stays" }));
    expect(JSON.parse(text)).toEqual({ text: "[redacted:private_key]", more: "stays" });
  });

  it("stays in what a provider wants back unchanged", () => {
    const json = JSON.stringify({
      type: "response_item",
      payload: { type: "reasoning", encrypted_content: JWT, origin: { opaque: [JWT] }, summary: [JWT] },
    });
    expect(redactPatterns(json).count).toBe(1);
    expect(redactPatterns(json).text).toContain('"summary":["[redacted:jwt]"]');
  });

  it.each([
    "sk-a-",
    "sk-1.",
    "eyJ-eyJ.",
    "://a:",
    "://aaaa",
    "Bearer 1",
    "-----BEGIN PRIVATE KEY-----",
    "hf_1a.",
  ])("is looked for in linear time among many of %o", (text) => {
    const json = JSON.stringify(text.repeat(1_000_000 / text.length));
    expect(redactPatterns(json).text.length).toBeLessThanOrEqual(json.length);
  });
});

describe("the open end of a text", () => {
  it.each(SAMPLES)("is what may be the beginning of a secret, %s", (_kind, secret, before = "") => {
    const text = `say ${before}${secret}`;
    const beginning = text.length - secret.length + 1;
    for (let cut = beginning; cut < text.length; cut += 1) {
      const kept = text.slice(0, cut - openTail(text.slice(0, cut)));
      // What comes before the cut is no part of the secret, so the two lines are redacted as one would be.
      expect(`say ${before}`.startsWith(kept)).toBe(true);
    }
  });

  it("is empty, or short, in ordinary text", () => {
    expect(openTail("The quick brown fox. ")).toBe(0);
    expect(openTail("A link: https://example.com/x is not a secret, and done. ")).toBe(0);
    expect(openTail("it ends with s")).toBe(1);
  });
});
