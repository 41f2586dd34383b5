import { z } from "zod";
import type { Answer, Chapter, Operation } from "./http/operation.ts";
import { ABOUT, LICENSE, TOKEN } from "./about.ts";
import { type JsonSchema, SharedSchemas } from "./json-schema.ts";
import { SCHEMA_DOCUMENTS } from "./schemas.ts";

interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  required: boolean;
  description?: string;
  schema: JsonSchema;
}

interface MediaType {
  schema?: JsonSchema;
  example?: unknown;
  examples?: Record<string, { value: unknown }>;
}

interface Response {
  description: string;
  headers?: Record<string, { description: string; schema: JsonSchema }>;
  content?: Record<string, MediaType>;
}

export interface OpenApiOperation {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  security?: [];
  parameters?: Parameter[];
  requestBody?: { required: boolean; content: Record<string, MediaType> };
  responses: Record<string, Response | { $ref: string }>;
}

/** As much of OpenAPI 3.1 as the description is made of. */
export interface OpenApi {
  openapi: "3.1.0";
  info: {
    title: string;
    version: string;
    description: string;
    license: { name: string; identifier: string };
  };
  servers: { url: string; description: string }[];
  security: Record<string, []>[];
  tags: { name: string; description: string }[];
  paths: Record<string, Partial<Record<Operation["method"], OpenApiOperation>>>;
  components: {
    schemas: Record<string, JsonSchema>;
    responses: Record<string, Response>;
    securitySchemes: Record<string, { type: "http"; scheme: string; description: string }>;
  };
}

/** The body of every answer that is not what was wished for. */
const Refusal = z
  .object({
    error: z.object({
      code: z.string().describe("For programs."),
      message: z.string().describe("What was expected, and what came."),
      details: z.record(z.string(), z.unknown()).optional(),
    }),
  })
  .meta({ id: "Refusal", description: "Why a request is not answered as it wished." });

const REFUSAL_EXAMPLE = {
  error: { code: "invalid_message", message: 'limit: expected a number from 1 to 1000, got "x"' },
};

/** What stands in the places of the paths. */
const PLACES: Record<string, z.ZodType> = {
  session_id: z
    .string()
    .regex(/^[0-9a-f]{32,64}$/)
    .describe("The session's id."),
  path: z.string().describe("A file's name, or a path of the application."),
  schema: z.enum(SCHEMA_DOCUMENTS.map(({ name }) => `${name}.json`)),
};

/** The HTTP requests of a server. */
export function openApi(version: string, chapters: readonly Chapter[]): OpenApi {
  const shared = new SharedSchemas();
  const paths: OpenApi["paths"] = {};
  for (const { name, operations } of chapters) {
    for (const operation of operations) {
      paths[operation.path] = {
        ...paths[operation.path],
        [operation.method]: describeOperation(operation, name, shared),
      };
    }
  }
  const refusal = {
    description:
      "Anything else: 400 for what cannot be read, 401 without the token, 403 for a foreign `Host` or `Origin`, 405, 413, " +
      "414, 415, 429, 431 for what is too much or of the wrong kind, 500 for a fault of the server, 502 for one of a " +
      "model's provider, 503 for a server that is stopping or full.",
    content: { "application/json": { schema: shared.add(Refusal), example: REFUSAL_EXAMPLE } },
  };
  return {
    openapi: "3.1.0",
    info: { title: "AgentLoop Server", version, description: ABOUT, license: LICENSE },
    servers: [{ url: "./", description: "Where this document lies." }],
    security: [{}, { token: [] }],
    tags: chapters.map(({ name, description }) => ({ name, description })),
    paths,
    components: {
      schemas: shared.all(),
      responses: { Refusal: refusal },
      securitySchemes: { token: { type: "http", scheme: "bearer", description: TOKEN } },
    },
  };
}

function describeOperation(operation: Operation, tag: string, shared: SharedSchemas): OpenApiOperation {
  const { id, summary, description, open, body, answers } = operation;
  const parameters = parametersOf(operation, shared);
  const responses = Object.entries(answers).map(([status, answer]) => [
    status,
    describeAnswer(answer, Number(status) >= 400, shared),
  ]);
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    ...(open && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: describeBody(body, shared) }),
    responses: { ...Object.fromEntries(responses), default: { $ref: "#/components/responses/Refusal" } },
  };
}

function parametersOf({ path, query, headers }: Operation, shared: SharedSchemas): Parameter[] {
  const places = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]): [string, z.ZodType] => {
    const schema = PLACES[name];
    if (schema === undefined) throw new Error(`nothing is known of the place {${name}} of ${path}`);
    return [name, schema];
  });
  return [
    ...places.map((entry) => describeParameter("path", entry, shared)),
    ...Object.entries(query?.shape ?? {}).map((entry) => describeParameter("query", entry, shared)),
    ...Object.entries(headers?.shape ?? {}).map((entry) => describeParameter("header", entry, shared)),
  ];
}

function describeParameter(
  where: Parameter["in"],
  [name, type]: [string, z.core.$ZodType],
  shared: SharedSchemas,
): Parameter {
  const { description, ...schema } = shared.add(type as z.ZodType);
  const required = where === "path" || !z.safeParse(type, undefined).success;
  return { name, in: where, required, ...(description !== undefined && { description }), schema };
}

function describeBody(
  { content, examples, optional }: NonNullable<Operation["body"]>,
  shared: SharedSchemas,
): NonNullable<OpenApiOperation["requestBody"]> {
  const named = Object.fromEntries(examples.map((value, index) => [`example${index + 1}`, { value }]));
  const types = Object.entries(content).map(([type, schema]): [string, MediaType] => [
    type,
    { schema: shared.add(schema), examples: named },
  ]);
  return { required: optional !== true, content: Object.fromEntries(types) };
}

function describeAnswer(
  { description, content, headers }: Answer,
  refuses: boolean,
  shared: SharedSchemas,
): Response {
  const given = content ?? (refuses ? { "application/json": { schema: Refusal } } : undefined);
  const types = Object.entries(given ?? {}).map(([type, { schema, example }]): [string, MediaType] => [
    type,
    { schema: shared.add(schema), ...(example !== undefined && { example }) },
  ]);
  const fields = Object.entries(headers ?? {}).map(([name, text]) => [
    name,
    { description: text, schema: { type: "string" } },
  ]);
  return {
    description,
    ...(fields.length > 0 && { headers: Object.fromEntries(fields) }),
    ...(types.length > 0 && { content: Object.fromEntries(types) }),
  };
}
