import { expect, test } from "vitest";
import { approvalRequest, errorMessage } from "../src/testing/fake-agentloop-server.ts";
import { callOutput, delta, occurrences, openClient, openTurn } from "../src/testing/terminal-client.ts";

test("a turn is shown as it is generated, once, with its cost at the end", async () => {
  const { server, terminal } = await openClient({ env: ["AUTH_TOKEN=a-token"] });
  terminal.type("say hello");
  terminal.press("Enter");

  const { payload } = await server.take("user_input");
  expect(payload.input).toEqual([
    { type: "message", role: "user", content: [{ type: "input_text", text: "say hello" }] },
  ]);
  expect(server.upgrades[0]?.url).toBe("/ws?stream=true");
  expect(server.upgrades[0]?.headers["sec-websocket-protocol"]).toMatch(/^agentloop, ?bearer\.a-token$/);

  server.beginTurn();
  await terminal.shows(/Thinking .*ctrl-c cancels/);
  server.say(delta("reasoning", "A greeting is wanted."));
  await terminal.shows(/A greeting is wanted\./);
  server.say(delta("text", "Hello "));
  await terminal.shows(/^ {2}Hello\s*$[^]*Writing/m);
  server.say(delta("text", "there."));
  server.assistant("Hello there.", "text");
  server.endTurn();
  const screen = await terminal.shows(/1,234 in \(1,000 cached\) · 56 out · \$0\.0123[^]*› Ask/);
  expect(occurrences(screen, "Hello there.")).toBe(1);
  expect(occurrences(screen, "› say hello")).toBe(1);
  expect(screen).not.toContain("Thinking");
});

test("text whose deltas were lost on the way is shown whole when it is finished", async () => {
  const { server, terminal } = await openTurn();
  server.say(delta("text", "one "));
  server.say(delta("text", "three"));
  server.assistant("one two three", "text");
  server.endTurn();
  await terminal.shows(/one two three[^]*1,234 in/);
});

test("long text is broken between words", async () => {
  const { server, terminal } = await openTurn();
  for (let word = 0; word < 60; word += 1) server.say(delta("text", `word${word} `));
  server.endTurn();
  const screen = await terminal.shows(/word59[^]*1,234 in/);
  for (let word = 0; word < 60; word += 1) expect(screen).toMatch(new RegExp(`\\bword${word}\\b`));
});

test("several pasted lines are one prompt", async () => {
  const { server, terminal } = await openClient();
  terminal.paste("first\nsecond\nthird");
  await terminal.shows(/› \+2 lines third/);
  terminal.press("Enter");
  expect(JSON.stringify((await server.take("user_input")).payload.input)).toContain("first\\nsecond\\nthird");
  await terminal.shows(/› first\n {2}second\n {2}third/);
});

test("Ctrl-C cancels the turn, and at an idle prompt leaves", async () => {
  const { server, terminal } = await openTurn();
  terminal.press("C-c");
  await server.take("cancel");
  await terminal.shows(/Cancelling .* ctrl-c again leaves/);
  server.endTurn("cancelled");
  await terminal.shows(/cancelled · 1,234 in[^]*› Ask/);
  terminal.press("C-c");
  expect(await terminal.exitCode()).toBe(0);
});

test("a second Ctrl-C leaves without waiting for the server", async () => {
  const { server, terminal } = await openTurn();
  terminal.press("C-c");
  await server.take("cancel");
  terminal.press("C-c");
  expect(await terminal.exitCode()).toBe(130);
});

test("commands are answered", async () => {
  const sessions = [
    { session_id: "abc123", start_time: "2030-01-02T03:04:05.000Z", last_activity: "", event_count: 42 },
  ];
  const { server, terminal } = await openClient({ sessions });
  const command = (text: string) => {
    terminal.type(text);
    terminal.press("Enter");
  };
  command("/context");
  await server.take("get_context_info");
  const context = { tokenCount: 12_345, usagePercent: 6, transcriptLength: 14, maxTokens: 200_000 };
  server.say({ type: "context_info", payload: { ...context, strategy: "threshold" } });
  await terminal.shows(/context: 12,345 of 200,000 tokens \(6 %\) · 14 items · threshold/);

  command("/compact");
  await server.take("manual_compact");
  const compacted = { oldTokenCount: 1000, newTokenCount: 250, reductionPercent: 75 };
  server.say({ type: "context_compacted", payload: { ...compacted, strategy: "threshold" } });
  await terminal.shows(/compacted: 1,000 → 250 tokens \(75 % less\)/);

  command("/sessions");
  await terminal.shows(/abc123 .* 42 messages/);
  command("/help");
  await terminal.shows(/\/model NAME {2}run the next prompts on another model/);
  command("/modle");
  await terminal.shows(/There is no \/modle/);

  command("/model other-model");
  command("go on");
  expect((await server.take("user_input")).payload.model).toBe("other-model");
  server.endTurn();
  command("/quit");
  expect(await terminal.exitCode()).toBe(0);
});

test("an error is shown with its code", async () => {
  const { server, terminal } = await openTurn();
  server.say(errorMessage("provider_auth", "The key was refused."));
  server.endTurn("failed");
  await terminal.shows(/✗ provider_auth: The key was refused\.[^]*failed · /);
  await terminal.sent("\u001b[31m✗ provider_auth");
});

test("text from the other side cannot steer the terminal", async () => {
  const { server, terminal } = await openTurn();
  const hostile = "\u001b]0;owned\u0007\u001b[2J\u009b31m\u0008\rtext";
  server.say(delta("reasoning", `${hostile} 1`));
  server.say(delta("text", `${hostile} 2`));
  server.assistant(`${hostile} 2`, "text");
  server.say(errorMessage("internal", `${hostile} 3`));
  server.say({
    type: "response_item",
    payload: {
      type: "function_call",
      call_id: "call-1",
      name: hostile,
      arguments: JSON.stringify({ hostile }),
    },
  });
  server.say(callOutput(`${hostile} 4`));
  const request = { cwd: hostile, reason: `${hostile} 5`, callId: "call-2" };
  server.say(approvalRequest(["echo", "\u202egnp.exe", hostile], request));

  const screen = await terminal.shows(/deny and say why/);
  expect(occurrences(screen, "text 2")).toBe(1);
  expect(screen).toContain("␛]0;owned␇␛[2J⟨9b⟩31m␈␍text 1");
  expect(screen).toContain("⟨202e⟩gnp.exe");
  expect(screen).toContain("│ text 4");
  const sent = await terminal.sent("deny and say why");
  expect(sent).not.toContain("\u001b]");
  expect(sent).not.toContain("\u001b[2J");
  const raw = ["\u0007", "\u0008", "\u009b", "\u202e"].filter((character) => sent.includes(character));
  expect(raw).toEqual([]);
});

test("NO_COLOR is obeyed", async () => {
  const { server, terminal } = await openTurn({ env: ["NO_COLOR=1"] });
  server.say(errorMessage("internal", "broken"));
  server.endTurn("failed");
  await terminal.shows(/failed · /);
  const sequences = (await terminal.sent("failed · ")).split("\u001b[").slice(1);
  expect(sequences.filter((sequence) => /^[\d;]*m/.test(sequence))).toEqual([]);
});

test("one prompt runs one turn and leaves the terminal as it was", async () => {
  const { server, terminal } = await openClient({ prompt: "say hello" });
  await server.take("user_input");
  server.beginTurn();
  server.assistant("Hello.");
  server.endTurn();
  expect(await terminal.exitCode()).toBe(0);
  expect(terminal.screen()).toMatch(/› say hello\n\n {2}Hello\.\n\n1,234 in/);
  await terminal.sent("\u001b[?25h\u001b[?7h\u001b[?2004l");
});

test("a lost connection is told, and made again with what was missed", async () => {
  const { server, terminal } = await openTurn();
  server.drop();
  await terminal.shows(/the connection was lost \(1006\); connecting again[^]*connected again/);
  expect(server.upgrades[1]?.url).toMatch(/^\/ws\/[0-9a-f]{32}\?stream=true&after=\d+$/);
  server.assistant("Here I am again.");
  server.endTurn();
  await terminal.shows(/Here I am again\.[^]*1,234 in/);
});

test("a server without the additions is enough", async () => {
  const { server, terminal } = await openClient({ dialect: "plain" });
  terminal.type("run git status");
  terminal.press("Enter");
  await server.take("user_input");
  server.beginTurn();
  server.sayRaw({ id: "1", type: "something_new", payload: { unknown: true } });
  server.sayRaw({
    id: "2",
    type: "approval_request",
    payload: { command: ["git", "status"], applyPatch: null },
  });
  await terminal.shows(/Run this\?\n {2}\$ git status\n\n {2}y yes/);
  terminal.press("y");
  await server.take("approval_response");
  server.say(callOutput("clean", { exit_code: 0, duration_seconds: 0.1 }));
  server.assistant("Nothing to commit.");
  server.endTurn();
  const screen = await terminal.shows(/│ clean[^]*Nothing to commit\.\n\n\d+\.\ds\n\n› Ask/);
  expect(occurrences(screen, "Nothing to commit.")).toBe(1);
  expect(occurrences(screen, "git status\n")).toBe(2);
});
