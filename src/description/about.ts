/** What both descriptions begin with. */

export const ABOUT =
  "A coding agent behind an API. A session is one conversation with the agent; it is its log, and any number of " +
  "clients may be attached to it. Messages go over a WebSocket; the other doors and the record are plain HTTP on the " +
  "same port. More fields than are described may come: leave them aside.";

export const TOKEN =
  "A server with an `AUTH_TOKEN` wants it with every request: `Authorization: Bearer <token>`. Browsers send it as the " +
  "WebSocket subprotocol `bearer.<token>` beside `agentloop`, or sign in at `/ui/`.";

export const LICENSE = { name: "Apache-2.0", identifier: "Apache-2.0" };
