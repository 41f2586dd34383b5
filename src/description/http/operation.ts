import type { z } from "zod";

export interface Answer {
  description: string;
  /** By media type; nothing where the answer has no body. */
  content?: Record<string, { schema: z.ZodType; example?: unknown }>;
  headers?: Record<string, string>;
}

/** One method of one path. */
export interface Operation {
  method: "get" | "post" | "put" | "delete";
  /** Places are written `{name}`. */
  path: string;
  /** Unique, for those who generate clients from it. */
  id: string;
  summary: string;
  /** What the summary leaves open; Markdown. */
  description?: string;
  /** Answered without the token. */
  open?: true;
  query?: z.ZodObject;
  headers?: z.ZodObject;
  /** By media type. */
  body?: { content: Record<string, z.ZodType>; examples: readonly unknown[]; optional?: true };
  answers: Record<number, Answer>;
}

/** Operations that belong together. */
export interface Chapter {
  name: string;
  description: string;
  operations: readonly Operation[];
}

export const json = (description: string, schema: z.ZodType, example?: unknown): Answer => ({
  description,
  content: { "application/json": { schema, ...(example !== undefined && { example }) } },
});

export const nothing = (description: string): Answer => ({ description });
