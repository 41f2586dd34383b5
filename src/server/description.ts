import { type Description, describeServer, toPage } from "../description/description.ts";
import type { Documents } from "../pages/description.ts";
import { ClientFrame } from "../protocols/agent-stream/frames.ts";
import { MessagesRequest } from "../protocols/codex-events/request.ts";
import { INVESTIGATE_BODIES } from "../protocols/investigate/investigate.ts";
import { VERSION } from "../version.ts";

/** Of this server, with what its doors read. */
export const describe = (): Description =>
  describeServer(VERSION, {
    agentStream: ClientFrame,
    messages: MessagesRequest,
    investigate: INVESTIGATE_BODIES.stream,
    investigateSend: INVESTIGATE_BODIES.send,
  });

/** With the page for people. */
export function documents(): Description & Documents {
  const description = describe();
  return { ...description, page: toPage(description) };
}
