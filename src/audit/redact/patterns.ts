import type { Redacted } from "../../contract/redact.ts";
import { mapStrings } from "../json-strings.ts";

interface Pattern {
  kind: string;
  /** How it begins: one of these stands in every text that holds the pattern. */
  begins: readonly string[];
  /** What also stands in it, where the beginning alone stands in many other texts. */
  hint?: string;
  /** Its first group, if there is one, is kept. None of its characters may be one that JSON escapes. */
  pattern: RegExp;
}

/**
 * What keys and tokens of well-known services look like. A word that has no digit is no key. The tests before a
 * beginning let each run of such characters be tried once only, however long it is.
 */
const PATTERNS: readonly Pattern[] = [
  {
    kind: "private_key",
    begins: ["-----BEGIN "],
    // As text, and within JSON, where `\n` stands between the lines. Without its end: as far as it goes.
    pattern:
      /-----BEGIN [A-Z ]{0,24}PRIVATE KEY(?: BLOCK)?-----[\w+/=\\\s:,.-]*?(?:-----END [A-Z ]{0,24}PRIVATE KEY(?: BLOCK)?-----|(?=[^\w+/=\\\s:,.-])|$)/g,
  },
  {
    kind: "url_password",
    begins: ["://"],
    hint: String.raw`:\/\/[^\s:@/"'\\<>]{0,128}:[^\s@/"'\\<>]{1,256}@`,
    pattern: /(:\/\/[^\s:@/"'\\<>]{0,128}:)(?!\[redacted:)[^\s@/"'\\<>]{1,256}(?=@)/g,
  },
  {
    kind: "bearer_token",
    begins: ["Bearer", "bearer", "BEARER"],
    pattern: /\b((?:[Bb]earer|BEARER)[ :=]{1,4})(?=[\w.~+/-]*\d)[\w.~+/-]{16,}=*/g,
  },
  {
    kind: "aws_secret_key",
    begins: ["aws_secret_access_key", "AWS_SECRET_ACCESS_KEY", "SecretAccessKey", "secretAccessKey"],
    pattern:
      /((?:aws_secret_access_key|AWS_SECRET_ACCESS_KEY|[Ss]ecretAccessKey)[\\"' :=]{1,12})[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])/g,
  },
  { kind: "jwt", begins: ["eyJ"], pattern: /(?<![\w.-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*/g },
  word("anthropic_key", ["sk-ant-"], 16),
  word("openrouter_key", ["sk-or-"], 16),
  word("openai_key", ["sk-"], 20),
  word("google_api_key", ["AIza"], 30),
  word("google_oauth_token", ["ya29."], 20),
  word("github_token", ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"], 20),
  word("gitlab_token", ["glpat-", "gldt-", "glrt-", "glptt-"], 16),
  word("slack_token", ["xoxa-", "xoxb-", "xoxp-", "xoxr-", "xoxs-", "xoxe-", "xapp-"], 10),
  {
    kind: "slack_webhook",
    begins: ["hooks.slack.com"],
    pattern: /(hooks\.slack\.com\/(?:services|workflows)\/)[\w/-]{20,}/g,
  },
  word("stripe_key", ["sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_"], 16),
  { kind: "aws_access_key", begins: ["AKIA", "ASIA"], pattern: /(?<![\w-])A[KS]IA[A-Z2-7]{16}(?![\w-])/g },
  word("npm_token", ["npm_"], 30),
  word("pypi_token", ["pypi-"], 40),
  word("huggingface_token", ["hf_"], 30),
  word("xai_key", ["xai-"], 20),
  word("groq_key", ["gsk_"], 20),
  word("sendgrid_key", ["SG."], 40),
];

/** A key that is one word: a beginning, and at least so many letters, digits, dots, `-` and `_` with a digit in them. */
function word(kind: string, begins: readonly string[], least: number): Pattern {
  const beginning = begins.map((text) => text.replaceAll(".", "\\.")).join("|");
  const pattern = new RegExp(
    `(?<![\\w.-])(?:${beginning})(?=[\\w.-]*\\d)[\\w-][\\w.-]{${least - 2},}[\\w-]`,
    "g",
  );
  return { kind, begins, pattern };
}

const BEGINNINGS = PATTERNS.flatMap(({ begins }) => begins);

const HINTS = PATTERNS.flatMap(
  ({ begins, hint }) => hint ?? begins.map((text) => text.replaceAll(".", "\\.")),
);

const ANY_HINT = new RegExp(HINTS.join("|"));

/** Replaces what looks like a secret in the strings of a JSON text by `[redacted:KIND]`. */
export function redactPatterns(json: string): Redacted {
  if (!ANY_HINT.test(json)) return { text: json, count: 0 };
  let count = 0;
  const text = mapStrings(json, (value) => {
    let redacted = value;
    for (const { kind, begins, pattern } of PATTERNS) {
      if (!begins.some((beginning) => value.includes(beginning))) continue;
      redacted = redacted.replace(pattern, (_whole, kept: unknown) => {
        count += 1;
        return `${typeof kept === "string" ? kept : ""}[redacted:${kind}]`;
      });
    }
    return redacted;
  });
  return { text, count };
}

/** The longest end of a text that is looked at as the beginning of a secret, in characters. */
const MAX_TAIL = 4096;

/** How many characters at the end of a text could belong to a secret that goes on after it. */
export function openTail(text: string): number {
  const tail = text.slice(-MAX_TAIL);
  const afterKey = endOfLastKey(tail);
  const lastWords = startOfLastWords(tail);
  const lengths = BEGINNINGS.map((beginning) => {
    const start = tail.indexOf(beginning, beginning.startsWith("-----") ? afterKey : lastWords);
    return start < 0 ? overlap(tail, beginning) : tail.length - start;
  });
  return Math.max(...lengths);
}

function endOfLastKey(text: string): number {
  const start = text.lastIndexOf("-----END ");
  return start < 0 ? 0 : Math.max(0, text.indexOf("-----", start + 9));
}

/** Between the beginning of a secret and its end there may be a space, or two around a sign. */
function startOfLastWords(text: string): number {
  let spaces = 0;
  for (let at = text.length; at > 0; at -= 1) {
    if (text.charCodeAt(at - 1) <= 0x20) spaces += 1;
    if (spaces === 3) return at;
  }
  return 0;
}

/** How many characters of `beginning` the text ends with. */
function overlap(text: string, beginning: string): number {
  for (let length = beginning.length - 1; length > 0; length -= 1) {
    if (text.endsWith(beginning.slice(0, length))) return length;
  }
  return 0;
}
