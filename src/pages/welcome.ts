import type { Page, PageAnswer } from "../contract/page.ts";

/** For whoever opens the port: a browser is led to the web UI, and all others are told how to connect. */
export const welcome =
  (basePath = ""): Page =>
  ({ headers }) =>
    Promise.resolve(isBrowser(headers) ? TO_UI : textAnswer((headers["host"] ?? "localhost") + basePath));

/** It asks for a page to show. */
export const isBrowser = ({ accept = "" }: Readonly<Record<string, string | undefined>>): boolean =>
  accept.toLowerCase().includes("text/html");

const VARY = { Vary: "Accept" };

const TO_UI: PageAnswer = { status: 302, headers: { ...VARY, Location: "/ui/" }, body: "" };

const textAnswer = (place: string): PageAnswer => ({
  status: 200,
  headers: { ...VARY, "Content-Type": "text/plain; charset=utf-8" },
  body: textFor(place),
});

const textFor = (place: string) => `AgentLoop Server: a coding agent behind an API.

WebSocket   ws://${place}/   a new session; JSON messages such as
            {"id":"1","type":"user_input","payload":{"input":"What is in this folder?"}}
            Add ?stream=true for text as it is generated.
Web UI      http://${place}/ui/
Sessions    http://${place}/sessions
            http://${place}/sessions/{session_id}/events
Described   http://${place}/docs
Health      http://${place}/health

If the server has a token, send it: Authorization: Bearer <token>, or as the WebSocket subprotocol bearer.<token>
beside the subprotocol agentloop.
`;
