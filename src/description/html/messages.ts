import type { AsyncApi } from "../asyncapi.ts";
import { fieldList } from "./fields.ts";
import { example, type Html, html, prose } from "./html.ts";

/** Where WebSockets are asked for. */
export const channels = ({ channels: all }: AsyncApi): Html =>
  html`<h2 id="connect">WebSocket</h2>
    ${Object.entries(all).map(
      ([name, { address, title, description, bindings }]) =>
        html`<section class="one" id="${name}">
          <h3><span class="method">ws</span> <code>${address}</code></h3>
          <p>${title}. ${prose(description)}</p>
          ${
            bindings.ws.query &&
            html`<h4>Query</h4>
              ${fieldList(bindings.ws.query)}`
          }
          ${
            bindings.ws.headers &&
            html`<h4>Headers</h4>
              ${fieldList(bindings.ws.headers)}`
          }
        </section>`,
    )}`;

/** Every message with its fields and examples, by who sends it. */
export function messages(asyncapi: AsyncApi): Html {
  const { operations } = asyncapi;
  const sent = (channel: string, action: "receive" | "send"): string[] =>
    (operations[`${action}.${channel}`]?.messages ?? []).map(({ $ref }) => $ref.split("/").at(-1) ?? "");
  const list = (names: string[]) => names.map((name) => message(name, asyncapi));
  return html`<h2 id="asks">What a client sends</h2>
    ${list(sent("session", "receive"))}
    <h2 id="tells">What the server sends</h2>
    ${list(sent("session", "send"))}
    <h2 id="json-rpc">What clients of the Codex app-server send and are sent</h2>
    ${list(sent("codexRpc", "send"))}`;
}

function message(name: string, { components }: AsyncApi): Html {
  const { summary = "", payload, examples = [] } = components.messages[name] ?? {};
  const schema = components.schemas[payload?.$ref.split("/").at(-1) ?? ""] ?? {};
  return html`<section class="one" id="${name}">
    <h3>${name}</h3>
    <p>${prose(summary)}</p>
    ${fieldList(schema)}
    <h4>Examples</h4>
    ${examples.map((one) => example(one.payload))}
  </section>`;
}
