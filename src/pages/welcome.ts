import type { Page } from "../contract/page.ts";

/** For whoever opens the port in a browser or with curl. */
export const welcome: Page = ({ headers }) =>
  Promise.resolve({
    status: 200,
    headers: { "Content-Type": "text/plain; charset=utf-8" },
    body: textFor(headers["host"] ?? "localhost"),
  });

const textFor = (host: string) => `AgentLoop Server: a coding agent behind an API.

WebSocket   ws://${host}/   a new session; JSON messages such as
            {"id":"1","type":"user_input","payload":{"input":"What is in this folder?"}}
            Add ?stream=true for text as it is generated.
Sessions    http://${host}/sessions
            http://${host}/sessions/{session_id}/events
Health      http://${host}/health

If the server has a token, send it: Authorization: Bearer <token>, or as the WebSocket subprotocol bearer.<token>
beside the subprotocol agentloop.
`;
