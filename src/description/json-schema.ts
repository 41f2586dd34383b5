import { z } from "zod";

/** As much of JSON Schema (draft 2020-12) as the descriptions are made of. */
export interface JsonSchema {
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
  title?: string;
  description?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  [keyword: string]: unknown;
}

/** What a reader may send or must understand: more fields than these may come. Schemas with an id are in `$defs`. */
const toJsonSchema = (schema: z.ZodType): JsonSchema =>
  z.toJSONSchema(schema, { io: "input", override: ({ jsonSchema }) => leaveOut(jsonSchema) }) as JsonSchema;

/** What says more of our types than of what is sent. */
function leaveOut(schema: Record<string, unknown>): void {
  delete schema["readOnly"];
  delete schema["propertyNames"];
  if (schema["format"] === "date" || schema["format"] === "date-time") delete schema["pattern"];
  if (schema["minimum"] === Number.MIN_SAFE_INTEGER) delete schema["minimum"];
  if (schema["maximum"] === Number.MAX_SAFE_INTEGER) delete schema["maximum"];
}

/** A document of its own, which refers to nothing outside. */
export function toSchemaDocument(name: string, schema: z.ZodType): JsonSchema {
  const { $schema, $ref: _, $defs = {}, ...inline } = toJsonSchema(schema);
  const { [name]: root = inline, ...others } = $defs;
  return { $schema, title: name, ...root, ...(Object.keys(others).length > 0 && { $defs: others }) };
}

/** The schemas that the parts of one document share, each by its id. */
export class SharedSchemas {
  readonly #shared = new Map<string, JsonSchema>();

  /** A reference, or the schema itself where it has no id. */
  add(schema: z.ZodType): JsonSchema {
    const { $schema: _, $defs = {}, ...own } = toJsonSchema(schema);
    for (const [name, one] of Object.entries($defs)) this.#shared.set(name, pointToComponents(one));
    return pointToComponents(own);
  }

  all(): Record<string, JsonSchema> {
    const byName = [...this.#shared].sort(([one], [other]) => (one < other ? -1 : 1));
    return Object.fromEntries(byName);
  }
}

const pointToComponents = (schema: JsonSchema): JsonSchema =>
  JSON.parse(
    JSON.stringify(schema).replaceAll('"$ref":"#/$defs/', '"$ref":"#/components/schemas/'),
  ) as JsonSchema;

/** The name of what a schema refers to. */
export const referredIn = ({ $ref }: JsonSchema): string | undefined => $ref?.split("/").at(-1);
