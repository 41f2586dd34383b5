import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { LogLine } from "../contract/log.ts";
import type { ServerMessage } from "../contract/message.ts";
import { temporaryFolder } from "../e2e/test-bed.ts";
import { all, followClient, type Following } from "../testing/follow-client.ts";
import { startLiveSite } from "../testing/live-site.ts";
import { startRealServer } from "../testing/real-server.ts";
import { Relay } from "../testing/relay.ts";

const CUTS = 20;

/** Words of many lengths, some of which look like the beginning of a key. */
const words = (count: number) =>
  Array.from({ length: count }, (_, nth) => `${"s".repeat(nth % 3)}word${nth} gh sk- `).join("");

/** Thinks and speaks for about a second. */
const speak = () => [
  { reasoning: words(20), deltas: 60, delayMs: 2 },
  { text: words(100), deltas: 200, delayMs: 2 },
];

/** The text that was streamed of each item. */
function streamed(messages: readonly ServerMessage[]): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { type, payload } of messages) {
    if (type !== "response_delta") continue;
    const key = `${payload.kind} ${payload.itemId}`;
    texts.set(key, (texts.get(key) ?? "") + payload.delta);
  }
  return texts;
}

/** What everyone was told, by the log. */
const outgoing = (lines: LogLine[]) =>
  lines
    .filter(({ direction, audit }) => direction === "outgoing" && audit?.client === undefined)
    .map(({ message_data: data }) => data as ServerMessage);

const lasting = (messages: readonly ServerMessage[]) =>
  messages.filter(({ type }) => !["response_delta", "session_info"].includes(type)).map(({ id }) => id);

describe("a connection that is cut at any moment", () => {
  it.each(["batch", "each", "final"] as const)(
    "loses nothing and repeats nothing (AUDIT_DELTAS=%s)",
    { timeout: 120_000 },
    async (deltas) => {
      const seed = Date.now() % 100_000;
      const random = randomFrom(seed);
      const site = await startLiveSite({ script: speak, deltas });
      onTestFinished(() => site.stop());
      using relay = await Relay.start(site.port);
      const { client, told } = followClient({ url: relay.url });
      let untilCut = 20;
      client.subscribe(() => {
        untilCut -= 1;
        if (untilCut !== 0 || relay.count > CUTS) return;
        relay.cut();
        untilCut = 1 + Math.floor(random() * 60);
      });
      let turns = 0;
      for (; relay.count <= CUTS && turns < CUTS; turns += 1) {
        const turn = await all(client.turn("go on"));
        expect(turn.at(-1)?.payload, `seed ${seed}`).toMatchObject({ status: "completed" });
      }
      expect(relay.count, `seed ${seed}`).toBeGreaterThan(CUTS);
      const log = await site.log(client.sessionId ?? "");
      const logged = outgoing(log);
      expect(lasting(told), `seed ${seed}`).toEqual(lasting(logged));
      expect(log.filter(isInput), `seed ${seed}`).toHaveLength(turns);
      if (deltas === "final") return;
      const texts = streamed(logged);
      expect(streamed(told).size).toBe(texts.size);
      for (const [item, text] of streamed(told)) {
        expect(text === texts.get(item), `seed ${seed}: ${item}`).toBe(true);
      }
    },
  );
});

const isInput = ({ message_data: data }: LogLine) => (data as { type?: string }).type === "user_input";

describe("a server that is started again in mid-conversation", () => {
  async function twoLives(): Promise<
    Following & { url: string; stop: (signal: NodeJS.Signals) => Promise<void>; start: () => Promise<void> }
  > {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "script.json"), JSON.stringify({ repeat: true, responses: [speak()] }));
    const env = { MODEL: "scripted:script.json", SESSION_STORE_PATH: "sessions" };
    let server = await startRealServer({ cwd: folder, env });
    const relay = await Relay.start(server.port);
    const following = followClient({ url: relay.url });
    onTestFinished(async () => {
      following.client.close();
      relay[Symbol.dispose]();
      await server.stop("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    });
    return {
      ...following,
      url: relay.url,
      stop: async (signal) => {
        relay.target = undefined;
        await server.stop(signal);
      },
      start: async () => {
        server = await startRealServer({ cwd: folder, env });
        relay.target = server.port;
      },
    };
  }

  it("ends the turn and goes on with the session", { timeout: 120_000 }, async () => {
    const { client, told, states, first, stop, start } = await twoLives();
    const reasons: (string | undefined)[] = [];
    client.onState((_state, reason) => reasons.push(reason));
    const turn = all(client.turn("go on"));
    await first(({ type }) => type === "response_delta");
    await stop("SIGTERM");
    await start();
    expect((await turn).at(-1)?.payload).toMatchObject({ status: "cancelled" });
    const sessionId = client.sessionId;
    const second = await all(client.turn("go on"));
    expect(second.at(-1)?.payload).toMatchObject({ status: "completed" });
    expect(client.sessionId).toBe(sessionId);
    expect(new Set(lasting(told)).size).toBe(lasting(told).length);
    expect(states).toContain("reconnecting");
    expect(reasons).toContain("the server closed the connection: server_restart (1012)");
  });

  it(
    "after a crash says that the turn is lost, and goes on with the session",
    { timeout: 120_000 },
    async () => {
      const { client: before, url, stop, start } = await twoLives();
      await all(before.turn("go on"));
      const { client, told, first } = followClient({ url, sessionId: before.sessionId ?? "", after: -1 });
      const turn = all(client.turn("go on"));
      const isReasoning = ({ type, payload }: ServerMessage) =>
        type === "response_item" && payload.type === "reasoning";
      await first((message) => isReasoning(message) && told.filter(isReasoning).length === 2);
      await stop("SIGKILL");
      await start();
      await expect(turn).rejects.toMatchObject({ code: "turn_lost" });
      const second = await all(client.turn("go on"));
      expect(second.at(-1)?.payload).toMatchObject({ status: "completed" });
    },
  );
});

/** Numbers from 0 to 1, the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}
