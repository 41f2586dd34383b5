import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FakeProvider, startFakeProvider } from "../testing/fake-provider.ts";
import { startRealServer } from "../testing/real-server.ts";
import { SocketClient } from "../testing/socket-client.ts";
import { anthropic } from "./fixtures/anthropic.ts";
import { chat } from "./fixtures/chat.ts";
import { google } from "./fixtures/google.ts";
import { openai } from "./fixtures/openai.ts";
import { startTestBed, type TestBed } from "./test-bed.ts";

const INSTRUCTIONS = { "AGENTS.md": "Use tabs. Grüße 👋" };

/** Two starts of a server, on a busy machine. */
const PATIENCE_MS = 120_000;

/** A mark moves on with each request, and is no part of what is cached. */
const withoutMarks = (value: unknown) =>
  JSON.stringify(value, (key, field: unknown) => (key === "cache_control" ? undefined : field));

describe.each([openai, chat, anthropic, google])(
  "the requests to $name",
  { timeout: PATIENCE_MS },
  (fixture) => {
    let provider: FakeProvider;
    let bed: TestBed;
    // Older ones of Anthropic's are asked to think only as long as they have thought before each call.
    const model = fixture === anthropic ? "claude-sonnet-5" : fixture.model;
    const environment = () => ({ MODEL: model, ...fixture.environment(provider.url) });

    beforeAll(async () => {
      provider = await startFakeProvider();
      bed = await startTestBed(environment(), INSTRUCTIONS);
    }, PATIENCE_MS);
    afterAll(async () => {
      await bed.close();
      await provider.close();
    });

    const run = (id: string, script: string) => ({
      id,
      name: "shell" as const,
      arguments: { command: ["bash", "-lc", script] },
    });

    /** A request as its provider's cache sees it: what stands before the conversation, and the conversation. */
    function seen(nth: number) {
      const body = provider.requests[nth]?.body ?? {};
      const conversation = fixture.conversation(body).map(withoutMarks);
      const rest = Object.entries(body).filter(([, value]) => value !== fixture.conversation(body));
      return { conversation, rest: rest.map(([key, value]) => `${key}: ${withoutMarks(value)}`) };
    }

    function expectToContinue(nth: number) {
      const [before, after] = [seen(nth - 1), seen(nth)];
      expect(after.rest).toEqual(before.rest);
      expect(after.conversation.length).toBeGreaterThan(before.conversation.length);
      expect(after.conversation.slice(0, before.conversation.length)).toEqual(before.conversation);
    }

    it("begin with the same bytes across approvals, turns, and a restart of the server", async () => {
      provider.script(
        fixture.calls(run("call_1", "echo one; touch made"), run("call_2", "echo 'zwei ✓'; touch made")),
        fixture.text("The first is done."),
        fixture.calls(run("call_3", "exit 3")),
        fixture.text("The second failed."),
        fixture.calls(run("call_4", "echo four; touch made")),
        fixture.text("That is all."),
      );
      const client = await bed.connect();
      await client.turn("Do the first");
      await client.turn("Now the second\n\twith a tab");
      await bed.server.stop();

      const again = await startRealServer({
        cwd: bed.workspace,
        env: { ...environment(), SESSION_STORE_PATH: bed.store },
      });
      const resumed = await SocketClient.connect(`${again.url}ws/${client.sessionId}?stream=true`);
      const { finished } = await resumed.turn("And a third");
      await again.stop();
      expect(finished.status).toBe("completed");
      expect(provider.requests).toHaveLength(6);
      for (let nth = 1; nth < 6; nth += 1) expectToContinue(nth);
      expect(seen(5).conversation.join()).toContain("Use tabs. Grüße");
    });
  },
);

describe("the marks for Anthropic's cache", { timeout: PATIENCE_MS }, () => {
  const marksOf = async (approvalPolicy: string) => {
    await using provider = await disposable(startFakeProvider());
    await using bed = await startTestBed({
      MODEL: anthropic.model,
      ...anthropic.environment(provider.value.url),
    });
    provider.value.script(
      anthropic.calls({ id: "call_1", name: "shell", arguments: { command: ["ls"] } }),
      anthropic.text("Here."),
    );
    const client = await bed.connect(`?approvalPolicy=${approvalPolicy}`);
    await client.turn("What is there?");
    const { tools, system, messages } = provider.value.requests[1]?.body ?? {};
    const marks = (part: unknown) =>
      [...JSON.stringify(part).matchAll(/"cache_control":\{"type":"ephemeral"(?:,"ttl":"(\w+)")?\}/g)].map(
        ([, ttl]) => ttl ?? "5m",
      );
    return { tools: marks(tools), system: marks(system), messages: marks(messages) };
  };

  it("are kept for an hour where a person may be waited for", async () => {
    expect(await marksOf("suggest")).toEqual({ tools: ["1h"], system: ["1h"], messages: ["1h", "1h"] });
  });
});

async function disposable<Value extends { close(): Promise<void> }>(made: Promise<Value>) {
  const value = await made;
  return { value, [Symbol.asyncDispose]: () => value.close() };
}
