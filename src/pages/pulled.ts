import type { EventAnswer, EventClient, StreamEvent } from "../contract/page.ts";

/** Events that are asked for one by one, as fast as the client reads. The signal says that it has gone. */
export const pulled = (events: (gone: AbortSignal) => AsyncIterable<StreamEvent>): EventAnswer => ({
  async open(client) {
    const gone = new AbortController();
    void pass(events(gone.signal), client);
    return { closed: () => gone.abort() };
  },
});

async function pass(events: AsyncIterable<StreamEvent>, client: EventClient): Promise<void> {
  try {
    for await (const event of events) {
      client.send(event);
      await client.drained();
    }
    client.end("session_ended");
  } catch (error) {
    client.fail(error);
  }
}
