import { onTestFinished } from "vitest";
import { type AgentClient, connect, type ConnectOptions } from "../client/client.ts";
import type { ServerMessage } from "../contract/message.ts";

/** A typed client that remembers what it was told. */
export interface Following {
  client: AgentClient;
  told: ServerMessage[];
  states: string[];
  /** The first message that fits, told or to come. */
  readonly first: (fits: (message: ServerMessage) => boolean) => Promise<ServerMessage>;
}

/** It is closed with the test. */
export function followClient(options: ConnectOptions): Following {
  const client = connect(options);
  onTestFinished(() => client.close());
  const [told, states]: [ServerMessage[], string[]] = [[], []];
  const waiting = new Set<() => void>();
  client.subscribe((message) => {
    told.push(message);
    for (const look of waiting) look();
  });
  client.onState((state) => states.push(state));
  const first = (fits: (message: ServerMessage) => boolean) =>
    new Promise<ServerMessage>((resolve) => {
      const look = () => {
        const found = told.find(fits);
        if (!found) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  return { client, told, states, first };
}

/** What is given until the end. */
export async function all(messages: AsyncIterable<ServerMessage>): Promise<ServerMessage[]> {
  const list: ServerMessage[] = [];
  for await (const message of messages) list.push(message);
  return list;
}
