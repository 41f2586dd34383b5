import { ABOUT, TOKEN } from "../about.ts";
import type { AsyncApi } from "../asyncapi.ts";
import type { Description } from "../description.ts";
import type { JsonSchema } from "../json-schema.ts";
import type { OpenApi } from "../openapi.ts";
import { fieldList, typeOf } from "./fields.ts";
import { Html, html, prose } from "./html.ts";
import { channels, messages } from "./messages.ts";
import { chapters } from "./requests.ts";
import { STYLE } from "./style.ts";

/** The descriptions for people: a whole page without scripts. Its links are relative. */
export function descriptionPage(description: Description): string {
  const { openapi, asyncapi, schemas } = description;
  const version = openapi.info.version;
  const types = typesOf(openapi, asyncapi);
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <link rel="icon" href="data:," />
        <title>AgentLoop Server ${version}: messages and requests</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        <header>
          <h1>AgentLoop Server ${version}</h1>
          <p>${prose(ABOUT)}</p>
          <p>${prose(TOKEN)}</p>
          <p>
            For programs: <a href="openapi.json">openapi.json</a>, <a href="asyncapi.json">asyncapi.json</a>,
            and a JSON Schema of each message and of a log's line.
          </p>
        </header>
        <nav aria-label="Contents">${contents(description, Object.keys(types))}</nav>
        <main>
          ${channels(asyncapi)} ${messages(asyncapi)} ${chapters(openapi)}
          <h2 id="types">Types</h2>
          ${Object.entries(types).map(([name, schema]) => type(name, schema))}
          <h2 id="schemas">JSON Schemas</h2>
          <ul>
            ${Object.keys(schemas).map((name) => html`<li><a href="schemas/${name}.json">${name}.json</a></li>`)}
          </ul>
        </main>
      </body>
    </html> `.text;
}

/** Its policy names a hash of just these characters. */
const STYLE_ELEMENT = new Html(`<style>${STYLE}</style>`);

/** All that is referred to, but for the messages, which stand by themselves. */
function typesOf(openapi: OpenApi, asyncapi: AsyncApi): Record<string, JsonSchema> {
  const all = Object.entries({ ...asyncapi.components.schemas, ...openapi.components.schemas });
  const others = all.filter(([name]) => asyncapi.components.messages[name] === undefined);
  return Object.fromEntries(others.sort(([one], [other]) => (one < other ? -1 : 1)));
}

const type = (name: string, schema: JsonSchema): Html =>
  html`<section class="one" id="${name}">
    <h3>${name}</h3>
    ${schema.description === undefined ? undefined : html`<p>${prose(schema.description)}</p>`}
    ${schema.properties === undefined ? html`<p class="type">${typeOf(schema)}</p>` : undefined}
    ${fieldList(schema)}
  </section>`;

function contents({ openapi, asyncapi }: Description, types: string[]): Html {
  const list = (entries: { id: string; words: string }[]) =>
    html`<ul>
      ${entries.map(({ id, words }) => html`<li><a href="#${id}">${words}</a></li>`)}
    </ul>`;
  const operations = Object.entries(openapi.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId: id, tags }]) => ({
      id,
      words: `${method.toUpperCase()} ${path}`,
      tags,
    })),
  );
  const messageNames = Object.keys(asyncapi.components.messages).map((id) => ({ id, words: id }));
  return html`<strong><a href="#connect">WebSocket</a></strong>
    ${list(messageNames)}
    ${openapi.tags.map(
      ({ name }) =>
        html`<strong>${name}</strong>${list(operations.filter(({ tags }) => tags.includes(name)))}`,
    )}
    <strong><a href="#types">Types</a></strong>
    ${list(types.map((id) => ({ id, words: id })))}`;
}
