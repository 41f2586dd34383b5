import { readFile } from "node:fs/promises";
import { z } from "zod";
import { ErrorCode } from "../../contract/error.ts";
import { ResponseItem } from "../../contract/item.ts";
import { StopReason, type TokenUsage } from "../../contract/model.ts";

/** In how many pieces something is streamed, and how long to wait before each. Default: word by word, at once. */
export const Pace = z.strictObject({
  deltas: z.exactOptional(z.int().min(1)),
  delayMs: z.exactOptional(z.number().min(0)),
});
export type Pace = z.infer<typeof Pace>;

const count = z.exactOptional(z.number());

const Tokens = z.strictObject({
  input_tokens: count,
  cached_input_tokens: count,
  cache_write_input_tokens: count,
  hour_cache_write_input_tokens: count,
  output_tokens: count,
  reasoning_output_tokens: count,
} satisfies Record<keyof TokenUsage, typeof count>);

const Call = z.strictObject({
  name: z.string(),
  /** An object, or the text as a model would have written it. */
  arguments: z.union([z.string(), z.record(z.string(), z.unknown())]),
  call_id: z.string().optional(),
  /** `incomplete`: the arguments were cut off. */
  status: z.enum(["completed", "incomplete"]).optional(),
});

const ScriptedError = z.strictObject({
  code: ErrorCode,
  message: z.string().optional(),
  retryable: z.boolean().optional(),
  retryAfterMs: z.number().optional(),
});

/**
 * One thing that a scripted model does. `error` breaks the stream off; `hang` waits until it is aborted; `usage`
 * replaces the estimate, `stop` the reason that follows from the items.
 */
export const ScriptedStep = z.union(
  [
    Pace.extend({ text: z.string(), phase: z.string().optional() }),
    Pace.extend({ reasoning: z.string() }),
    Pace.extend({ call: Call }),
    z.strictObject({ item: ResponseItem }),
    z.strictObject({ wait: z.number().min(0) }),
    z.strictObject({ hang: z.literal(true) }),
    z.strictObject({ error: ScriptedError }),
    z.strictObject({ usage: Tokens }),
    z.strictObject({ stop: StopReason }),
  ],
  {
    error:
      "expected a step: an object with text, reasoning, call {name, arguments}, item, wait (ms), hang, error {code}, usage or stop",
  },
);
export type ScriptedStep = z.infer<typeof ScriptedStep>;

/** What a scripted model answers to one request. */
export type ScriptedResponse = readonly ScriptedStep[];

/** `repeat`: begin again after the last response. */
const Script = Pace.extend({
  responses: z.array(z.array(ScriptedStep)),
  repeat: z.exactOptional(z.boolean()),
});
export type Script = z.infer<typeof Script>;

/**
 * Reads a script: a list of responses, or an object with `responses` and how to play them. `path` is relative to the
 * folder that the server was started in.
 */
export async function readScript(path: string): Promise<Script> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new Error(
      `The script ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  const script = Script.safeParse(Array.isArray(json) ? { responses: json } : json);
  if (!script.success) throw new Error(`The script ${path} is not valid:\n${z.prettifyError(script.error)}`);
  return script.data;
}
