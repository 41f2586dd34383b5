import type { LogLine } from "../../contract/log.ts";

/** Makes lines as a log has them, one after the other. */
export function lineMaker(start = Date.UTC(2026, 0, 1)) {
  let seq = 0;
  let at = start;
  const line = (message_data: unknown, direction: LogLine["direction"] = "outgoing"): LogLine => {
    const event_type = direction === "incoming" ? "websocket_message_received" : "websocket_message_sent";
    const made = { timestamp: new Date(at).toISOString(), event_type, direction, message_data, seq } as const;
    seq += 1;
    return made;
  };
  return {
    wait: (ms: number) => void (at += ms),
    tell: (type: string, payload?: unknown, id = `m${seq}`) => line({ id, type, payload }),
    hear: (type: string, payload?: unknown) => line({ id: `m${seq}`, type, payload }, "incoming"),
    line,
  };
}
