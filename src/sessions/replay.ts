import type { LogLine, Seq } from "../contract/log.ts";
import type { ServerMessage } from "../contract/message.ts";
import type { Entry } from "../contract/session.ts";

/** What the log says was told to every client, up to a line. The log is ours: its messages are not checked again. */
export async function* toldToEveryone(lines: AsyncIterable<LogLine>, upTo: Seq): AsyncGenerator<Entry> {
  for await (const { seq, direction, message_data: data, audit } of lines) {
    if (seq > upTo) return;
    // A client stands in an outgoing line when the message was for it alone.
    if (direction === "incoming" || audit?.client !== undefined) continue;
    const message = data as Partial<ServerMessage>;
    // Whom an erased line was for is not known any more, and there is nothing left to tell.
    if (!isWhole(message)) continue;
    // Deltas carry the number that they follow, now as when they were live.
    const told = message.type === "response_delta" ? seq - 1 : seq;
    yield { seq: told, message, json: JSON.stringify(data) };
  }
}

const isWhole = (message: Partial<ServerMessage>): message is ServerMessage => message.type !== undefined;
