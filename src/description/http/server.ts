import { z } from "zod";
import { Provider } from "../../contract/item.ts";
import { type Answer, type Chapter, json, nothing, type Operation } from "./operation.ts";

const Health = z.object({ status: z.enum(["ok", "stopping"]) }).meta({ id: "Health" });
const OK = json("It runs.", Health, { status: "ok" });

const SignedIn = z
  .object({
    required: z.boolean().describe("The server has a token."),
    signedIn: z.boolean().describe("This browser may ask without it."),
  })
  .meta({ id: "SignedIn" });

const html = (description: string): Answer => ({
  description,
  content: { "text/html": { schema: z.string() } },
});

const toUi: Answer = { description: "To the web UI.", headers: { Location: "`/ui/`" } };

const probe = (path: string, id: string, summary: string): Operation => ({
  method: "get",
  path,
  id,
  summary,
  open: true,
  answers: { 200: OK },
});

export const SERVER: Chapter = {
  name: "The server",
  description: "Whether it runs, and what it offers.",
  operations: [
    probe("/health", "health", "Whether the server runs"),
    probe("/livez", "live", "The same, by the name that orchestrators use"),
    {
      ...probe("/readyz", "ready", "Whether the server takes new clients"),
      answers: { 200: OK, 503: json("It is stopping.", Health, { status: "stopping" }) },
    },
    {
      method: "get",
      path: "/models",
      id: "listModels",
      summary: "The models that may be asked for, the server's own first",
      answers: {
        200: json(
          "The models.",
          z.object({
            models: z.array(
              z.object({
                name: z.string(),
                provider: Provider,
                context_window: z.number().describe("Tokens."),
              }),
            ),
          }),
          { models: [{ name: "gpt-5.1", provider: "openai", context_window: 400_000 }] },
        ),
      },
    },
    {
      method: "get",
      path: "/metrics",
      id: "metrics",
      summary: "What operators measure, as Prometheus reads it",
      answers: { 200: { description: "The metrics.", content: { "text/plain": { schema: z.string() } } } },
    },
  ],
};

/** What the pages of the web UI ask for; other sites' pages may not. */
const signIn = (method: Operation["method"], id: string, summary: string): Operation => ({
  method,
  path: "/ui/session",
  id,
  summary,
  open: true,
  answers: { 200: json("How it stands now.", SignedIn, { required: true, signedIn: true }) },
});

export const WEB_UI: Chapter = {
  name: "The web UI",
  description: "For people.",
  operations: [
    {
      method: "get",
      path: "/",
      id: "welcome",
      summary: "How to connect; a browser is led to the web UI",
      answers: {
        200: {
          description: "In words.",
          content: { "text/plain": { schema: z.string() } },
        },
        302: toUi,
      },
    },
    {
      method: "get",
      path: "/ui",
      id: "toWebUi",
      summary: "The web UI, without the last slash",
      open: true,
      answers: { 302: toUi },
    },
    {
      method: "get",
      path: "/ui/{path}",
      id: "webUi",
      summary: "A file of the web UI, or its page at every other path",
      open: true,
      answers: {
        200: html("The page, or the file."),
        304: nothing("The client has it."),
        404: nothing("There is no such file."),
        503: nothing("The web UI is not built."),
      },
    },
    signIn("get", "showSignIn", "Whether this browser is signed in"),
    {
      ...signIn("post", "signIn", "Sign in: sets a cookie"),
      description: "For the web UI's own pages. Programs send the token with each request.",
      body: { content: { "application/json": z.object({ token: z.string() }) }, examples: [{ token: "…" }] },
    },
    {
      ...signIn("delete", "signOut", "Sign out: takes the cookie away"),
      description: "For the web UI's own pages.",
    },
  ],
};

export const DESCRIPTIONS: Chapter = {
  name: "Descriptions",
  description: "What you are reading.",
  operations: [
    {
      method: "get",
      path: "/docs",
      id: "docs",
      summary: "All of this for people",
      open: true,
      answers: { 200: html("A page without scripts."), 304: nothing("The client has it.") },
    },
    ...[
      { path: "/openapi.json", id: "openapi", summary: "The HTTP requests, as OpenAPI 3.1" },
      { path: "/asyncapi.json", id: "asyncapi", summary: "The WebSocket messages, as AsyncAPI 3.0" },
      {
        path: "/schemas/{schema}",
        id: "schema",
        summary: "JSON Schema of one message, or of a line of the logs",
      },
    ].map((one): Operation => ({
      ...one,
      method: "get",
      open: true,
      answers: {
        200: json("The document.", z.looseObject({})),
        304: nothing("The client has it."),
        ...(one.id === "schema" && { 404: nothing("There is no such schema.") }),
      },
    })),
  ],
};
