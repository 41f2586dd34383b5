import type { Sessions } from "../contract/session.ts";
import { openAgentStream } from "../protocols/agent-stream/agent-stream.ts";
import { messages } from "../protocols/codex-events/codex-events.ts";
import { investigate } from "../protocols/investigate/investigate.ts";
import { readImage } from "./read-image.ts";
import type { Door, PageRoute } from "./routes.ts";

export interface StreamDoorOptions {
  /** How long an investigation's stream stays open while no turn runs, in milliseconds. */
  sseIdleMs: number;
}

/** The doors that need no WebSocket: frames over HTTP/2, and event streams. */
export function streamDoors(
  sessions: Sessions,
  { sseIdleMs }: StreamDoorOptions,
): { doors: Door[]; pages: PageRoute[] } {
  const { stream, send } = investigate({ sessions, idleMs: sseIdleMs });
  const path = "/api/stream/investigate";
  return {
    doors: [{ name: "agent-stream", path: "/agent/stream", over: "http2", open: openAgentStream(readImage) }],
    pages: [
      { method: "GET", path, page: stream, door: "investigate" },
      { method: "POST", path, page: stream, door: "investigate" },
      { method: "POST", path: `${path}/send`, page: send },
      { method: "POST", path: "/messages", page: messages(sessions), door: "codex-events" },
    ],
  };
}
