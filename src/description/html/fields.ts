import { type JsonSchema, referredIn } from "../json-schema.ts";
import { Html, html, prose } from "./html.ts";

/** The fields of a schema, nested ones with the name of the field that they stand in before theirs. */
export function fieldList(schema: JsonSchema): Html {
  const rows = rowsOf(schema, "");
  return rows.length === 0
    ? html``
    : html`<ul class="fields">
        ${rows}
      </ul>`;
}

function rowsOf(schema: JsonSchema, before: string): Html[] {
  const choices = choicesOf(schema).filter(hasFields);
  if (choices.length > 0 && schema.properties === undefined)
    return choices.flatMap((one) => choice(one, before));
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const row = html`<li>
      <code class="name">${before}${name}</code> <span class="type">${typeOf(field)}</span>${
        schema.required?.includes(name) === true ? html` <span class="mark">required</span>` : undefined
      }${field.description === undefined ? undefined : html`<p>${prose(field.description)}</p>`}
    </li>`;
    return [row, ...nestedRows(field, `${before}${name}`)];
  });
}

/** One of several forms: its fields under what tells it from the others. */
function choice(schema: JsonSchema, before: string): Html[] {
  const told = Object.entries(schema.properties ?? {}).filter(([, field]) => field.const !== undefined);
  const heading = told.map(([name, field]) => html`<code>${before}${name}</code> ${typeOf(field)}`);
  const rest = {
    ...schema,
    properties: without(
      schema.properties ?? {},
      told.map(([name]) => name),
    ),
  };
  const rows = rowsOf(rest, before);
  return [
    html`<li class="choice">${heading.length > 0 ? html`where ${joined(heading, ", ")}` : "or"}</li>`,
    ...rows,
  ];
}

const without = (fields: Record<string, JsonSchema>, names: string[]) =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));

function nestedRows(field: JsonSchema, name: string): Html[] {
  if (field.$ref !== undefined) return [];
  if (field.type === "array") return nestedRows(field.items ?? {}, `${name}[]`);
  const [only, ...others] = choicesOf(field).filter((one) => one.type !== "null");
  if (only !== undefined && others.length === 0) return nestedRows(only, name);
  return rowsOf(field, `${name}.`);
}

const choicesOf = ({ anyOf, oneOf }: JsonSchema): JsonSchema[] => anyOf ?? oneOf ?? [];

const hasFields = ({ properties }: JsonSchema): boolean => properties !== undefined;

/** In words. */
export function typeOf(schema: JsonSchema): Html {
  const name = referredIn(schema);
  if (name !== undefined) return html`<a href="#${name}">${name}</a>`;
  if (schema.const !== undefined) return html`<code>${JSON.stringify(schema.const)}</code>`;
  if (schema.enum !== undefined) {
    return joined(
      schema.enum.map((word) => html`<code>${JSON.stringify(word)}</code>`),
      " or ",
    );
  }
  const choices = choicesOf(schema);
  if (choices.length > 0) return joined(unique(choices.map(typeOf)), " or ");
  if (Array.isArray(schema.type)) return html`${schema.type.join(" or ")}`;
  if (schema.type === "array") return listOf(schema.items ?? {});
  return html`${schema.type ?? "anything"}`;
}

function listOf(items: JsonSchema): Html {
  const type = typeOf(items);
  return choicesOf(items).length > 1 ? html`list of (${type})` : html`list of ${type}`;
}

const unique = (parts: Html[]): Html[] =>
  parts.filter((part, index) => parts.findIndex(({ text }) => text === part.text) === index);

const joined = (parts: readonly Html[], between: string): Html =>
  new Html(parts.map(({ text }) => text).join(between));
