import { type Answer, tokensOf, type WireEvent } from "../answer.ts";
import type { Issued } from "../issued.ts";
import { GoogleRequest, googleProblems, signedCall } from "../rules/google.ts";
import { type Head, pieces, unreadable, type Wire } from "./wire.ts";

/** The Gemini API. */
export const google: Wire = {
  provider: "google",
  path: /^\/v1beta\/models\/[^/:]+:streamGenerateContent$/,
  read(body, path, issued) {
    const parsed = GoogleRequest.safeParse(body);
    if (!parsed.success) return unreadable(parsed.error);
    const model = /models\/([^/:]+):/.exec(path)?.[1] ?? "";
    const { systemInstruction, tools, contents } = parsed.data;
    const spoken = contents.flatMap(({ role, parts }) =>
      parts.map((part) => `${role} ${JSON.stringify(part)}`),
    );
    const texts = [JSON.stringify(systemInstruction ?? ""), JSON.stringify(tools), ...spoken];
    return {
      model,
      problems: [...googleProblems(parsed.data, issued)],
      prompt: { key: model, segments: texts.map((text) => ({ text })), isKept: true },
      isAside: tools.length === 0,
    };
  },
  events(answer, head, issued) {
    const parts = [...thoughts(answer), ...texts(answer, issued), ...calls(answer, issued)];
    let told = 0;
    const events = parts.map(({ part, output }) => {
      told += output;
      return chunk(head, { candidates: [candidate([part])] }, { told, output });
    });
    const end = { candidates: [{ ...candidate([]), finishReason: "STOP" }] };
    return [...events, chunk(head, end, { told: head.outputTokens, output: 0 })];
  },
  refusal: (status, message) => ({ error: { code: status, message, status: STATUSES[status] ?? "UNKNOWN" } }),
};

const STATUSES: Record<number, string> = {
  400: "INVALID_ARGUMENT",
  429: "RESOURCE_EXHAUSTED",
  500: "INTERNAL",
  503: "UNAVAILABLE",
};

interface Part {
  part: object;
  output: number;
}

const thoughts = ({ thought }: Answer): Part[] =>
  thought === "" ? [] : [{ part: { text: thought, thought: true }, output: tokensOf(thought) }];

/** An answer without calls ends with a signature on an empty part. */
function texts({ text, calls: made }: Answer, issued: Issued): Part[] {
  const parts = pieces(text).map((piece) => ({ part: { text: piece }, output: tokensOf(piece) }));
  if (made.length > 0 || text === "") return parts;
  return [...parts, { part: { text: "", thoughtSignature: issued.sign("false ") }, output: 0 }];
}

/** Its ids are short, and come again with every answer; only the first call is signed. */
const calls = (answer: Answer, issued: Issued): Part[] =>
  answer.calls.map(({ name, arguments: args }, index) => {
    const signed = signedCall({ name, args });
    const thoughtSignature = index === 0 ? issued.sign(signed) : undefined;
    if (thoughtSignature !== undefined) issued.bind(signed, thoughtSignature);
    return {
      part: {
        functionCall: { id: `fc${index}`, name, args },
        ...(thoughtSignature !== undefined && { thoughtSignature }),
      },
      output: tokensOf(JSON.stringify(args)),
    };
  });

const candidate = (parts: object[]) => ({ content: { role: "model", parts }, index: 0 });

/** Counts are totals: `told` is the output so far. */
function chunk(
  { id, model, usage }: Head,
  data: object,
  { told, output }: { told: number; output: number },
): WireEvent {
  const usageMetadata = {
    promptTokenCount: usage.input,
    cachedContentTokenCount: usage.cached,
    candidatesTokenCount: told,
  };
  const body = { ...data, modelVersion: model, responseId: id, usageMetadata };
  return { body: `data: ${JSON.stringify(body)}\r\n\r\n`, output };
}
