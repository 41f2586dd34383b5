import { createMemoryLogStore } from "../audit/memory.ts";
import { DeltaBatches } from "../audit/redact/delta-batch.ts";
import { createRedactor } from "../audit/redact/redact.ts";
import { ClientMessage } from "../contract/message.ts";
import type { Session } from "../contract/session.ts";
import { createTestSessions, logLines, TestClient, type TestSessions } from "../testing/test-session.ts";

/** A session that runs everything unasked, and one client of it. */
export interface Talk {
  session: Session;
  client: TestClient;
  readonly send: (message: object) => void;
  /** Says something and waits until the turn is over. */
  readonly say: (text: string) => Promise<void>;
  /** All that stands in the log. */
  readonly logged: () => Promise<string>;
  /** All that the client was told, deltas once more put together. */
  readonly told: () => string;
}

/** Begins a talk with a redactor of these values, or with nothing that looks for secrets. */
export async function startTalk(
  setup: TestSessions,
  secrets: readonly { name: string; value: string }[] | "unprotected",
): Promise<Talk> {
  const logs = createMemoryLogStore();
  const unprotected = {
    createLog: (id: string) => new DeltaBatches(logs.create(id)),
    redactor: createRedactor([]),
  };
  const options = secrets === "unprotected" ? unprotected : { redactor: createRedactor(secrets) };
  const { sessions } = createTestSessions({
    ...setup,
    logs,
    options: { approvalPolicy: "full-auto", ...options },
  });
  const session = await sessions.create({});
  const client = new TestClient();
  session.attach(client);
  const send = (message: object) => {
    const json = JSON.stringify({ id: "m1", ...message });
    session.receive(ClientMessage.parse(JSON.parse(json)), json, client);
  };
  return {
    session,
    client,
    send,
    async say(text) {
      send({ type: "user_input", payload: { input: text } });
      await client.next("agent_finished");
    },
    logged: async () => JSON.stringify(await logLines(logs, session.id)),
    told: () => [...client.entries.map(({ json }) => json), ...streamsOf(client)].join("\n"),
  };
}

function streamsOf({ messages }: TestClient): string[] {
  const streams = new Map<string, string>();
  for (const { type, payload } of messages) {
    if (type !== "response_delta") continue;
    const key = `${payload.kind} ${payload.itemId}`;
    streams.set(key, (streams.get(key) ?? "") + payload.delta);
  }
  return [...streams.values()];
}
