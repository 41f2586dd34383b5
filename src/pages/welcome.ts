import type { Page, PageAnswer } from "../contract/page.ts";

/** For whoever opens the port: a browser is led to the web UI, and all others are told how to connect. */
export const welcome: Page = ({ headers }) =>
  Promise.resolve(isBrowser(headers) ? TO_UI : textAnswer(headers["host"] ?? "localhost"));

/** It asks for a page to show. */
export const isBrowser = ({ accept = "" }: Readonly<Record<string, string | undefined>>): boolean =>
  accept.toLowerCase().includes("text/html");

const VARY = { Vary: "Accept" };

const TO_UI: PageAnswer = { status: 302, headers: { ...VARY, Location: "/ui/" }, body: "" };

const textAnswer = (host: string): PageAnswer => ({
  status: 200,
  headers: { ...VARY, "Content-Type": "text/plain; charset=utf-8" },
  body: textFor(host),
});

const textFor = (host: string) => `AgentLoop Server: a coding agent behind an API.

WebSocket   ws://${host}/   a new session; JSON messages such as
            {"id":"1","type":"user_input","payload":{"input":"What is in this folder?"}}
            Add ?stream=true for text as it is generated.
Web UI      http://${host}/ui/
Sessions    http://${host}/sessions
            http://${host}/sessions/{session_id}/events
Health      http://${host}/health

If the server has a token, send it: Authorization: Bearer <token>, or as the WebSocket subprotocol bearer.<token>
beside the subprotocol agentloop.
`;
