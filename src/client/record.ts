import type { Address } from "./address.ts";
import { fetchPage } from "./explain-refusal.ts";

interface Asked {
  address: Address;
  token: string | undefined;
  sessionId: string;
}

/** What the log of a session says of the time after a line; undefined when it cannot be read. */
async function readEvents({ address, token, sessionId }: Asked, query: string): Promise<Line[] | undefined> {
  try {
    const answer = await fetchPage(address.page(`/sessions/${sessionId}/events?${query}`), token);
    return answer.ok ? ((await answer.json()) as { events: Line[] }).events : undefined;
  } catch {
    return undefined;
  }
}

interface Line {
  message_data: { id?: unknown } | string;
}

/** The ids of the messages that clients sent after a line. */
export async function readSent(asked: Asked, after: number): Promise<ReadonlySet<unknown> | undefined> {
  const lines = await readEvents(asked, `direction=incoming&limit=10000&after=${after}`);
  return lines && new Set(lines.map(({ message_data: data }) => (typeof data === "string" ? data : data.id)));
}

/** Whether a turn ended after a line. */
export async function readTurnEnd(asked: Asked, after: number): Promise<boolean | undefined> {
  const lines = await readEvents(asked, `type=agent_finished&limit=1&after=${after}`);
  return lines && lines.length > 0;
}
