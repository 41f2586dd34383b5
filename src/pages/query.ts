import { z } from "zod";
import { AgentError } from "../contract/error.ts";

/** A whole number within bounds; `expected` says which. */
export const number = (expected: string, min: number, max: number) =>
  z
    .string()
    .regex(/^-?\d{1,15}$/, expected)
    .transform(Number)
    .refine((value) => value >= min && value <= max, expected);

const TIME = "expected an ISO 8601 date or time such as 2026-01-31 or 2026-01-31T12:00:00Z";

/** As the logs write it: in UTC, with milliseconds. */
export const time = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], TIME)
  .transform((text) => new Date(text).toISOString());

export const words = z
  .string()
  .min(1, "expected words to search for")
  .max(1000, "expected at most 1000 characters");

/** Throws AgentError `invalid_message` that names each parameter, what was expected, and what came. */
export function readQuery<Schema extends z.ZodType>(
  schema: Schema,
  query: URLSearchParams,
): z.output<Schema> {
  const problems = [...new Set(query.keys())]
    .filter((name) => query.getAll(name).length > 1)
    .map((name) => `${name}: expected once, got ${query.getAll(name).length} times`);
  const read = schema.safeParse(Object.fromEntries(query));
  if (read.success && problems.length === 0) return read.data;
  problems.push(...(read.error?.issues ?? []).flatMap((issue) => describe(issue, query)));
  throw new AgentError("invalid_message", problems.join("; "));
}

function describe(issue: z.core.$ZodIssue, query: URLSearchParams): string[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((name) => `${name.slice(0, 64)}: unknown parameter`);
  const name = issue.path.join(".");
  const value = query.get(name);
  return [
    `${name}: ${issue.message}, got ${value === null ? "nothing" : JSON.stringify(value.slice(0, 64))}`,
  ];
}
