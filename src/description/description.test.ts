import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { describe as group, expect, it } from "vitest";
import { describe } from "../server/description.ts";
import { SCHEMA_DOCUMENTS } from "./schemas.ts";

const { openapi, asyncapi, schemas } = describe();

const ajv = new Ajv2020({ validateFormats: false, allowUnionTypes: true }).addVocabulary(["components"]);

/** What takes the parts of a document, with all that they refer to. */
function partsOf(name: string, { components }: { components: { schemas: object } }) {
  const inDocument = (schema: object): object =>
    JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', `"$ref":"${name}#/`));
  ajv.addSchema({ $id: name, components: { schemas: components.schemas } });
  return (schema: object): ValidateFunction => ajv.compile(inDocument(schema));
}

const openapiPart = partsOf("openapi.json", openapi);
const asyncapiPart = partsOf("asyncapi.json", asyncapi);

/** Every place that something refers to. */
function references(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const own = "$ref" in value && typeof value.$ref === "string" ? [value.$ref] : [];
  return [...own, ...Object.values(value).flatMap(references)];
}

/** Follows `#/a/b/c`. */
const lookUp = (document: unknown, reference: string): unknown =>
  reference
    .slice(2)
    .split("/")
    .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], document);

const operations = Object.entries(openapi.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, path, operation })),
);

group("the JSON Schemas", () => {
  it.each(SCHEMA_DOCUMENTS)("$name takes its examples, and nothing else", ({ name, examples }) => {
    const validate = ajv.compile(schemas[name] ?? {});
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      expect(validate(example), JSON.stringify(validate.errors)).toBe(true);
      expect(validate({ ...(example as object), type: "nonsense", direction: "nonsense" })).toBe(false);
    }
  });

  it("take what the server takes, and a field more", () => {
    const validate = ajv.compile(schemas["ClientMessage"] ?? {});
    const message = { id: "1", type: "approval_response", payload: { review: "no-exit", requestId: null } };
    expect(validate(message)).toBe(true);
    expect(validate({ ...message, more: 1 })).toBe(true);
    expect(validate({ ...message, payload: {} })).toBe(false);
  });
});

group("the OpenAPI document", () => {
  it("refers to nothing that is not there", () => {
    const lost = references(openapi).filter((reference) => lookUp(openapi, reference) === undefined);
    expect(lost).toEqual([]);
  });

  it("has a name of its own for every operation", () => {
    const names = operations.map(({ operation }) => operation.operationId);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z][A-Za-z]+$/);
  });

  it.each(operations)("$name says all that a caller must know", ({ path, operation }) => {
    const { parameters = [], responses, summary, tags } = operation;
    const places = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const inPath = parameters.filter((parameter) => parameter.in === "path");
    expect(inPath.map(({ name }) => name)).toEqual(places);
    expect(inPath.every(({ required }) => required)).toBe(true);
    expect(new Set(parameters.map(({ in: where, name }) => `${where} ${name}`)).size).toBe(parameters.length);
    expect(Object.keys(responses).some((status) => /^[23]\d\d$/.test(status))).toBe(true);
    expect(responses).toHaveProperty("default");
    expect(summary.length).toBeGreaterThan(0);
    for (const tag of tags) expect(openapi.tags.map(({ name }) => name)).toContain(tag);
  });

  it.each(operations)("$name shows only what is valid", ({ operation }) => {
    const { requestBody, responses, parameters = [] } = operation;
    const answers = Object.values(responses).flatMap((answer) => ("$ref" in answer ? [] : [answer]));
    for (const { schema = {}, example, examples = {} } of [requestBody, ...answers].flatMap((one) =>
      Object.values(one?.content ?? {}),
    )) {
      const validate = openapiPart(schema);
      const shown = Object.values(examples).map(({ value }) => value);
      if (example !== undefined) shown.push(example);
      for (const one of shown) expect(validate(one), JSON.stringify(validate.errors)).toBe(true);
    }
    for (const { schema } of parameters) expect(() => openapiPart(schema)).not.toThrow();
    for (const { content } of requestBody === undefined ? [] : [requestBody]) {
      for (const { examples = {} } of Object.values(content)) expect(examples).not.toEqual({});
    }
  });

  it("has only valid schemas, all of which are used", () => {
    const used = new Set(references(openapi));
    for (const [name, schema] of Object.entries(openapi.components.schemas)) {
      expect(() => openapiPart(schema), name).not.toThrow();
      expect(used, name).toContain(`#/components/schemas/${name}`);
    }
  });
});

group("the AsyncAPI document", () => {
  it("refers to nothing that is not there", () => {
    const lost = references(asyncapi).filter((reference) => lookUp(asyncapi, reference) === undefined);
    expect(lost).toEqual([]);
  });

  it.each(Object.entries(asyncapi.components.messages))("shows valid payloads of %s", (name, message) => {
    const validate = asyncapiPart(message.payload);
    expect(message.examples.length).toBeGreaterThan(0);
    for (const { payload } of message.examples) {
      expect(validate(payload), JSON.stringify(validate.errors)).toBe(true);
    }
    expect(message.summary).not.toBe(name);
  });

  it.each(Object.entries(asyncapi.operations))("%s carries messages of its channel", (_name, operation) => {
    const channel = lookUp(asyncapi, operation.channel.$ref) as { messages: object };
    expect(operation.messages.length).toBeGreaterThan(0);
    for (const { $ref } of operation.messages) {
      expect($ref).toMatch(new RegExp(`^${operation.channel.$ref}/messages/\\w+$`));
      expect(channel.messages).toHaveProperty([$ref.split("/").at(-1) ?? ""]);
    }
  });

  it("names the places of its addresses", () => {
    for (const { address, parameters = {} } of Object.values(asyncapi.channels)) {
      const places = [...address.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(Object.keys(parameters)).toEqual(places);
    }
  });
});

it("a schema's name stands for one schema in all documents", () => {
  const both = Object.keys(asyncapi.components.schemas).filter((name) => name in openapi.components.schemas);
  expect(both).toContain("SessionInfo");
  for (const name of both) {
    expect(asyncapi.components.schemas[name]).toEqual(openapi.components.schemas[name]);
  }
});
