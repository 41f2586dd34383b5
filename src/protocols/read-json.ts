import type { z } from "zod";
import { AgentError } from "../contract/error.ts";

/** Throws AgentError `invalid_json` or `invalid_message`, which says what was expected where. */
export function readJson<Value>(text: string, schema: z.ZodType<Value>): Value {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new AgentError("invalid_json", "Expected one JSON object; it is not JSON.");
  }
  return readValue(value, schema);
}

/** Throws AgentError `invalid_message`, which says what was expected where. */
export function readValue<Value>(value: unknown, schema: z.ZodType<Value>): Value {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const problems = read.error.issues.map(({ path, message }) => ({ path: path.join("."), message }));
  const words = problems.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
  throw new AgentError("invalid_message", words.join("; "), { details: { problems } });
}
