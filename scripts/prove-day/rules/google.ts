import { z } from "zod";
import type { Issued } from "../issued.ts";

const FunctionCall = z.strictObject({
  id: z.string().optional(),
  name: z.string().regex(/^[a-zA-Z_][\w.:-]{0,127}$/),
  args: z.record(z.string(), z.unknown()),
});
const FunctionResponse = z.strictObject({
  id: z.string().optional(),
  name: z.string(),
  response: z.record(z.string(), z.unknown()),
});

const Part = z.looseObject({
  text: z.string().optional(),
  thought: z.boolean().optional(),
  thoughtSignature: z.string().optional(),
  functionCall: FunctionCall.optional(),
  functionResponse: FunctionResponse.optional(),
});
type Part = z.infer<typeof Part>;

const Content = z.strictObject({ role: z.enum(["user", "model"]), parts: z.array(Part) });
type Content = z.infer<typeof Content>;

export const GoogleRequest = z.looseObject({
  contents: z.array(Content),
  systemInstruction: z.looseObject({ parts: z.array(Part).min(1) }).optional(),
  tools: z
    .array(z.looseObject({ functionDeclarations: z.array(z.looseObject({ name: z.string() })) }))
    .default([]),
});
export type GoogleRequest = z.infer<typeof GoogleRequest>;

/** Documented for calls that another model made. */
const FOREIGN = "skip_thought_signature_validator";

/** What the Gemini API would refuse in a request to a model of the third generation. */
export function* googleProblems({ contents }: GoogleRequest, issued: Issued): Generator<string> {
  if (contents[0]?.role !== "user") yield "contents: the first must be the user's";
  if (contents.at(-1)?.role !== "user") yield "contents: the last must be the user's";
  for (const [index, content] of contents.entries()) {
    const place = { before: contents[index - 1], after: contents[index + 1] };
    for (const problem of contentProblems(content, place, issued)) yield `contents[${index}]: ${problem}`;
  }
}

interface Place {
  before: Content | undefined;
  after: Content | undefined;
}

function* contentProblems({ role, parts }: Content, place: Place, issued: Issued): Generator<string> {
  if (parts.length === 0) yield "parts must not be empty";
  if (role === "model" && place.before?.role === "model") yield "two contents of the model in a row";
  const calls = callsOf({ role, parts });
  const responses = responsesOf({ role, parts });
  if (calls.length > 0 && role !== "model") yield "a call of the user";
  if (calls.length > 0 && responsesOf(place.after).join() !== calls.join())
    yield "the function responses do not fit the function calls of the turn";
  if (responses.length > 0 && callsOf(place.before).join() !== responses.join())
    yield "a function response turn must come immediately after a function call turn";
  yield* signatureProblems(parts, issued);
  for (const part of parts) {
    if (part.text === "" && part.thoughtSignature === undefined) yield "an empty text";
  }
}

/** The first call of a content is signed; what we have signed comes back with its own signature and unchanged. */
function* signatureProblems(parts: readonly Part[], issued: Issued): Generator<string> {
  const first = parts.find(({ functionCall }) => functionCall);
  if (first && first.thoughtSignature === undefined) yield "function call is missing a thought_signature";
  for (const part of parts) {
    const { thoughtSignature: signature, functionCall: call } = part;
    const signed = call ? signedCall(call) : `${part.thought === true} ${part.text ?? ""}`;
    const bound = call && issued.boundTo(signed);
    if (bound !== undefined && signature !== bound) yield `the call ${call?.name} has lost its own signature`;
    if (signature === undefined || signature === FOREIGN) continue;
    const problem = issued.problem(signature, signed);
    if (problem) yield `thought_signature: ${problem}`;
  }
}

/** By its name and arguments, as Google's ids are not unique. */
export const signedCall = ({ name, args }: { name: string; args: Record<string, unknown> }) =>
  JSON.stringify([name, args]);

const callsOf = (content: Content | undefined) =>
  (content?.parts ?? []).flatMap(({ functionCall: call }) => (call ? [`${call.id} ${call.name}`] : []));

const responsesOf = (content: Content | undefined) =>
  (content?.parts ?? []).flatMap(({ functionResponse: response }) =>
    response ? [`${response.id} ${response.name}`] : [],
  );
