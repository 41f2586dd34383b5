import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type FakeProvider, startFakeProvider } from "../testing/fake-provider.ts";
import { assistantText, type SocketClient } from "../testing/socket-client.ts";
import { anthropic } from "./fixtures/anthropic.ts";
import { chat } from "./fixtures/chat.ts";
import { google } from "./fixtures/google.ts";
import { openai } from "./fixtures/openai.ts";
import type { FixtureCall } from "./fixtures/provider.ts";
import { items, payloads, startTestBed, streamed, type TestBed } from "./test-bed.ts";

describe.each([openai, chat, anthropic, google])("a server on $name", (fixture) => {
  let provider: FakeProvider;
  let bed: TestBed;
  let client: SocketClient;

  beforeAll(async () => {
    provider = await startFakeProvider();
    bed = await startTestBed({ MODEL: fixture.model, ...fixture.environment(provider.url) });
  });
  afterEach(() => client.close());
  afterAll(async () => {
    await bed.close();
    await provider.close();
  });

  const run = (id: string, script: string): FixtureCall => ({
    id,
    name: "shell",
    arguments: { command: ["bash", "-lc", script] },
  });

  const inWorkspace = (file: string) => readFile(join(bed.workspace, file), "utf8");

  /** What the model was told last, in its provider's words: as much of it as is expected. */
  function expectLast(count: number, exchange: unknown[]) {
    expect(provider.requests).toHaveLength(count);
    const conversation = fixture.conversation(provider.requests.at(-1)?.body ?? {});
    expect(conversation.slice(-exchange.length)).toMatchObject(exchange);
  }

  it("streams a text, asked for with the key", async () => {
    const text = "Grüße from the model 👋, in three pieces.";
    provider.script(fixture.text(text));
    client = await bed.connect();
    const { finished, messages } = await client.turn("Say hello");

    expect(assistantText(messages)).toBe(text);
    expect(streamed(messages, "text")).toBe(text);
    expect(payloads(messages, "response_delta").length).toBeGreaterThan(1);
    expect(finished).toMatchObject({
      status: "completed",
      usage: { input_tokens: 120, cached_input_tokens: 100, output_tokens: 30 },
    });
    const order = messages.map(({ type }) => type);
    expect(order.filter((type) => type !== "session_info")).toEqual([
      "loading_state",
      "response_item",
      ...payloads(messages, "response_delta").map(() => "response_delta"),
      "response_item",
      "status",
      "loading_state",
      "agent_finished",
    ]);
    const [request] = provider.requests;
    expect(request?.headers).toMatchObject(fixture.credentials);
    expect(JSON.stringify(request?.body)).toContain("Say hello");
  });

  it("runs an approved command in the workspace and tells the model what it printed", async () => {
    const call = run("call_1", "echo 'made by the model' > made.txt; cat made.txt; exit 3");
    provider.script(fixture.calls(call), fixture.text("The command failed."));
    client = await bed.connect();
    const { finished, messages } = await client.turn("Make a file");

    const [request] = payloads(messages, "approval_request");
    expect(request).toMatchObject({ tool: "shell", callId: "call_1", cwd: bed.workspace });
    expect(request?.command).toEqual(call.arguments["command"]);
    const [told] = items(messages, "function_call");
    expect(JSON.parse(told?.arguments ?? "")).toEqual(call.arguments);
    expect(await inWorkspace("made.txt")).toBe("made by the model\n");
    const [output] = items(messages, "function_call_output");
    expect(output?.call_id).toBe("call_1");
    expect(JSON.parse(output?.output ?? "")).toMatchObject({
      output: "made by the model\n",
      metadata: { exit_code: 3 },
    });
    expectLast(2, fixture.exchange([call], [output?.output ?? ""]));
    expect(assistantText(messages)).toBe("The command failed.");
    expect(finished.status).toBe("completed");
  });

  it("runs parallel calls one after the other and answers them in their order", async () => {
    const calls = [run("call_a", "echo one >> order.txt; echo A"), run("call_b", "cat order.txt; echo B")];
    provider.script(fixture.calls(...calls), fixture.text("Both are done."));
    client = await bed.connect();
    const { messages } = await client.turn("Do two things");

    const outputs = items(messages, "function_call_output");
    expect(outputs.map(({ call_id }) => call_id)).toEqual(["call_a", "call_b"]);
    const texts = outputs.map(({ output }) => (JSON.parse(output) as { output: string }).output);
    expect(texts).toEqual(["A\n", "one\nB\n"]);
    expectLast(
      2,
      fixture.exchange(
        calls,
        outputs.map(({ output }) => output),
      ),
    );
  });

  it("applies a patch once it is approved, and not before", async () => {
    await writeFile(join(bed.workspace, "greeting.txt"), "good morning\nworld\n");
    const patch = [
      "*** Begin Patch",
      "*** Update File: greeting.txt",
      "@@",
      "-good morning",
      "+good evening",
      " world",
      "*** End Patch",
    ].join("\n");
    const call: FixtureCall = { id: "call_p", name: "apply_patch", arguments: { input: patch } };
    provider.script(fixture.calls(call), fixture.text("Changed."));
    client = await bed.connect();
    client.say("It is late");

    const { id: requestId, payload } = await client.next("approval_request");
    expect(payload).toMatchObject({ tool: "apply_patch", applyPatch: { patch } });
    expect(payload.files).toMatchObject([{ path: "greeting.txt", kind: "update" }]);
    expect(payload.files?.[0]?.diff).toContain("-good morning\n+good evening\n");
    expect(await inWorkspace("greeting.txt")).toBe("good morning\nworld\n");
    client.send("approval_response", { review: "YES", requestId });
    await client.next("agent_finished");

    expect(await inWorkspace("greeting.txt")).toBe("good evening\nworld\n");
    const [output] = items(client.messages, "function_call_output");
    expectLast(2, fixture.exchange([call], [output?.output ?? ""]));
  });

  it("waits as long as a 429 asks for, tells so, and goes on", async () => {
    provider.script(fixture.rateLimited, fixture.text("Here I am."));
    client = await bed.connect();
    const asked = performance.now();
    const { finished, messages } = await client.turn("Are you there?");

    const [retrying] = payloads(messages, "status").filter(({ kind }) => kind === "retrying");
    expect(retrying).toMatchObject({ kind: "retrying", attempt: 1, reason: expect.stringContaining("429") });
    expect(performance.now() - asked).toBeGreaterThanOrEqual(1000);
    expect(assistantText(messages)).toBe("Here I am.");
    expect(finished.status).toBe("completed");
    expect(provider.requests).toHaveLength(2);
  });

  it("fails a turn whose key is refused without repeating the key, and takes the next one", async () => {
    provider.script(fixture.unauthorized, fixture.text("Now it fits."));
    client = await bed.connect();
    const { finished, messages } = await client.turn("Hello?");

    expect(payloads(messages, "error")).toMatchObject([
      { details: { code: "provider_auth" }, retryable: false },
    ]);
    for (const value of Object.values(fixture.credentials)) {
      expect(JSON.stringify(messages)).not.toContain(value.replace("Bearer ", ""));
    }
    expect(finished.status).toBe("failed");
    expect(messages.slice(-3).map(({ type }) => type)).toEqual(["error", "loading_state", "agent_finished"]);
    expect(provider.requests).toHaveLength(1);
    const next = await client.turn("Again");
    expect(assistantText(next.messages)).toBe("Now it fits.");
  });

  it("leaves the provider's stream when the turn is cancelled, and keeps what was said", async () => {
    provider.script(fixture.begin("Once upon a time"), fixture.text("The end."));
    client = await bed.connect();
    client.say("Tell a story");
    while (streamed(client.messages, "text") !== "Once upon a time") await client.next("response_delta");
    client.send("cancel");
    const { payload: finished } = await client.next("agent_finished");

    expect(finished.status).toBe("cancelled");
    await provider.abandoned();
    expect(items(client.messages, "message").at(-1)).toMatchObject({
      status: "incomplete",
      content: [{ text: "Once upon a time" }],
    });
    expect(payloads(client.messages, "error")).toEqual([]);
    await client.turn("Go on");
    expect(JSON.stringify(provider.requests.at(-1)?.body)).toContain("Once upon a time");
  });

  it("has the model explain a call beside the conversation, and asks again", async () => {
    const call = run("call_e", "touch explained.txt");
    provider.script(
      fixture.calls(call),
      fixture.text("It makes an empty file."),
      fixture.text("It is there."),
    );
    client = await bed.connect();
    client.say("Make it");
    const { id: requestId } = await client.next("approval_request");
    client.send("approval_response", { review: "explain", requestId });
    const again = await client.next("approval_request");

    expect(again.id).toBe(requestId);
    expect(items(client.messages, "message").at(-1)).toMatchObject({
      role: "assistant",
      content: [{ text: "It makes an empty file." }],
    });
    const aside = provider.requests[1]?.body ?? {};
    expect(aside["tools"]).toBeUndefined();
    expect(fixture.conversation(aside).filter((entry) => !isSystem(entry))).toHaveLength(1);
    await expect(inWorkspace("explained.txt")).rejects.toThrow("ENOENT");

    client.send("approval_response", { review: "YES", requestId });
    await client.next("agent_finished");
    expect(await inWorkspace("explained.txt")).toBe("");
    const [output] = items(client.messages, "function_call_output");
    expectLast(3, fixture.exchange([call], [output?.output ?? ""]));
    expect(JSON.stringify(provider.requests[2]?.body)).not.toContain("It makes an empty file.");
  });

  it("has the model read why its call was denied", async () => {
    const call = run("call_n", "touch denied.txt");
    provider.script(fixture.calls(call), fixture.text("Then not."));
    client = await bed.connect();
    client.say("Make it");
    const { id: requestId } = await client.next("approval_request");
    const customDenyMessage = "Not on a “Friday”.";
    client.send("approval_response", { review: "NO_CONTINUE", requestId, customDenyMessage });
    const { payload: finished } = await client.next("agent_finished");

    const [output] = items(client.messages, "function_call_output");
    expect(output?.output).toContain(customDenyMessage);
    expectLast(2, fixture.exchange([call], [output?.output ?? ""]));
    expect(assistantText(client.messages)).toBe("Then not.");
    expect(finished.status).toBe("completed");
    await expect(inWorkspace("denied.txt")).rejects.toThrow("ENOENT");
  });
});

const isSystem = (entry: unknown) =>
  typeof entry === "object" && entry !== null && "role" in entry && entry.role === "system";
