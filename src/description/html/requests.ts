import type { OpenApi, OpenApiOperation } from "../openapi.ts";
import { fieldList, typeOf } from "./fields.ts";
import { example, type Html, html, prose } from "./html.ts";

/** Every request with its parameters and answers. */
export const chapters = ({ tags, paths }: OpenApi): Html =>
  html`${tags.map(
      ({ name, description }) =>
        html`<h2>${name}</h2>
          <p>${prose(description)}</p>
          ${Object.entries(paths).flatMap(([path, methods]) =>
            Object.entries(methods)
              .filter(([, operation]) => operation.tags.includes(name))
              .map(([method, operation]) => request(`${method} ${path}`, operation)),
          )}`,
    )}
    <p class="muted">
      Where <code>GET</code> is answered, <code>HEAD</code> is, too; and <code>OPTIONS</code> everywhere. An
      error is a <a href="#Refusal">Refusal</a>.
    </p>`;

function request(target: string, operation: OpenApiOperation): Html {
  const [method = "", path = ""] = target.split(" ");
  const { operationId, summary, description, security, parameters, requestBody, responses } = operation;
  return html`<section class="one" id="${operationId}">
    <h3><span class="method">${method}</span> <code>${path}</code></h3>
    <p>${prose(summary)}.${security && html` <span class="muted">Needs no token.</span>`}</p>
    ${description === undefined ? undefined : html`<p>${prose(description)}</p>`}
    ${
      parameters &&
      html`<h4>Parameters</h4>
        <ul class="fields">
          ${parameters.map(parameter)}
        </ul>`
    }
    ${
      requestBody &&
      html`<h4>Body</h4>
        ${Object.entries(requestBody.content).map(([type, media], index) => body(type, media, index === 0))}`
    }
    <h4>Answers</h4>
    <ul class="fields">
      ${Object.entries(responses).map(([status, one]) => ("$ref" in one ? undefined : answer(status, one)))}
    </ul>
  </section>`;
}

type Parameter = NonNullable<OpenApiOperation["parameters"]>[number];

const parameter = ({ name, in: where, required, description, schema }: Parameter): Html =>
  html`<li>
    <code class="name">${name}</code> <span class="type">${where}: ${typeOf(schema)}</span>${
      required ? html` <span class="mark">required</span>` : undefined
    }${description === undefined ? undefined : html`<p>${prose(description)}</p>`}
  </li>`;

type Media = NonNullable<OpenApiOperation["requestBody"]>["content"][string];

/** Of several types of the same content, one is shown whole. */
const body = (type: string, { schema = {}, examples = {} }: Media, whole: boolean): Html =>
  html`<p><code>${type}</code>${schema.$ref === undefined ? undefined : html`: ${typeOf(schema)}`}</p>
    ${whole ? html`${fieldList(schema)}${Object.values(examples).map(({ value }) => example(value))}` : undefined}`;

type Answer = Exclude<OpenApiOperation["responses"][string], { $ref: string }>;

const answer = (status: string, { description, content = {}, headers = {} }: Answer): Html =>
  html`<li>
    <span class="status">${status}</span> ${prose(description)}
    ${Object.entries(headers).map(([name, one]) => html`<p><code>${name}</code>: ${prose(one.description)}</p>`)}
    ${
      Number(status) >= 400
        ? undefined
        : Object.entries(content).map(
            ([type, { schema = {}, example: shown }]) =>
              html`<p>
                  <code>${type}</code>${schema.type === "string" ? undefined : html`: ${typeOf(schema)}`}
                </p>
                ${fieldList(schema)}${shown === undefined ? undefined : example(shown)}`,
          )
    }
  </li>`;
