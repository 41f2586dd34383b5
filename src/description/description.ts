import { type AsyncApi, asyncApi } from "./asyncapi.ts";
import { doors, type DoorSchemas } from "./http/doors.ts";
import { descriptionPage } from "./html/page.ts";
import { STYLE } from "./html/style.ts";
import { RECORD } from "./http/record.ts";
import { DESCRIPTIONS, SERVER, WEB_UI } from "./http/server.ts";
import { toSchemaDocument } from "./json-schema.ts";
import { type OpenApi, openApi } from "./openapi.ts";
import { SCHEMA_DOCUMENTS } from "./schemas.ts";

export type { DoorSchemas } from "./http/doors.ts";

export interface Description {
  openapi: OpenApi;
  asyncapi: AsyncApi;
  /** The JSON Schema (draft 2020-12) of each message and of a log's line, by its name. */
  schemas: Record<string, object>;
}

/** The same for people: a page without scripts, whose links are relative, and the style that stands in it. */
export const toPage = (description: Description): { html: string; style: string } => ({
  html: descriptionPage(description),
  style: STYLE,
});

/** What a server answers to, generated from the schemas that it reads and writes by. */
export function describeServer(version: string, schemas: DoorSchemas): Description {
  const documents = SCHEMA_DOCUMENTS.map(({ name, schema }) => [name, toSchemaDocument(name, schema)]);
  return {
    openapi: openApi(version, [RECORD, doors(schemas), SERVER, WEB_UI, DESCRIPTIONS]),
    asyncapi: asyncApi(version),
    schemas: Object.fromEntries(documents),
  };
}
