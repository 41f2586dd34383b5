import { expect, test } from "vitest";
import { approvalRequest } from "../src/testing/fake-agentloop-server.ts";
import { callOutput, delta, occurrences, openTurn } from "../src/testing/terminal-client.ts";

test("a command is approved by a key, after its place, reason and risk were shown", async () => {
  const { server, terminal } = await openTurn();
  server.say(approvalRequest(["bash", "-lc", "npm test"]), "question-1");
  const question = await terminal.shows(/y yes {3}n no, and stop .* d deny and say why/);
  expect(question).toMatch(
    /● Run this\?\n {2}\$ npm test\n {2}in \/home\/ada\/project\n {2}medium risk · it may/,
  );

  terminal.press("y");
  const { payload } = await server.take("approval_response");
  expect(payload).toMatchObject({ review: "YES", requestId: "question-1" });
  await terminal.shows(/✓ yes/);

  server.say({
    type: "status",
    payload: { kind: "tool_started", callId: "call-1", name: "shell", command: ["bash", "-lc", "npm test"] },
  });
  const lines = Array.from({ length: 30 }, (_, index) => `case ${index}`);
  for (const line of lines) server.say(delta("output", `${line}\n`));
  const running = await terminal.shows(/│ case 29/);
  expect(running).not.toContain("case 21\n");

  server.say(callOutput(lines.join("\n"), { exit_code: 1, duration_seconds: 2.5 }));
  const done = await terminal.shows(/… 22 lines above\n {2}│ case 22\n[^]*case 29\n {2}exit 1 · 2\.5s/);
  expect(occurrences(done, "$ npm test")).toBe(1);
  expect(occurrences(done, "case 29")).toBe(1);
});

test.for([
  ["n", "NO"],
  ["c", "NO_CONTINUE"],
  ["A", "ALWAYS"],
] as const)("the key %s answers %s", async ([key, review]) => {
  const { server, terminal } = await openTurn();
  server.say(approvalRequest(["ls"]), "question-1");
  await terminal.shows(/d deny and say why/);
  terminal.press(key);
  expect((await server.take("approval_response")).payload.review).toBe(review);
});

test("an explanation leaves the request open", async () => {
  const { server, terminal } = await openTurn();
  server.say(approvalRequest(["ls"]), "question-1");
  await terminal.shows(/d deny and say why/);
  terminal.press("e");
  expect((await server.take("approval_response")).payload.review).toBe("EXPLAIN");
  await terminal.shows(/Explaining/);
  server.assistant("It lists files.", "explanation");
  server.say(approvalRequest(["ls"]), "question-1");
  const screen = await terminal.shows(/It lists files\.[^]*d deny and say why/);
  expect(occurrences(screen, "Run this?")).toBe(1);
  terminal.press("y");
  expect((await server.take("approval_response")).payload.review).toBe("YES");
});

test("d denies with a message", async () => {
  const { server, terminal } = await openTurn();
  server.say(approvalRequest(["rm", "-rf", "build"]));
  await terminal.shows(/d deny and say why/);
  terminal.press("d");
  await terminal.shows(/why not\? ›/);
  terminal.type("use npm run clean");
  terminal.press("Enter");
  const { payload } = await server.take("approval_response");
  expect(payload).toMatchObject({ review: "NO_CONTINUE", customDenyMessage: "use npm run clean" });
  server.say(callOutput("The user declined.", { exit_code: 1, duration_seconds: 0 }));
  server.assistant("Then I will use that.");
  const screen = await terminal.shows(
    /✗ no, continue without it: use npm run clean\n\n {2}Then I will use that\./,
  );
  expect(screen).not.toContain("The user declined.");
});

test("a patch is shown as a coloured diff before it is approved", async () => {
  const { server, terminal } = await openTurn();
  const diff =
    "--- a/sum.ts\n+++ b/sum.ts\n@@ -1,2 +1,2 @@\n-let total = 1;\n+let total = 0;\n-- not a header\n";
  server.say(
    approvalRequest(["apply_patch", "*** Begin Patch"], {
      files: [{ path: "src/sum.ts", kind: "update", diff, before_sha256: null }],
    }),
  );
  const screen = await terminal.shows(/Apply this patch\?[^]*deny and say why/);
  expect(screen).toMatch(/update src\/sum\.ts {2}\+1 -2\n {2}@@ -1,2 \+1,2 @@\n {2}-let total = 1;/);
  const sent = await terminal.sent("\u001b[32m+let total = 0;\u001b[0m");
  expect(sent).toContain("\u001b[31m-let total = 1;\u001b[0m");
});

test("what is typed or pasted as text is no answer", async () => {
  const { server, terminal } = await openTurn();
  terminal.type("wait");
  await terminal.shows(/› wait/);
  server.say(approvalRequest(["ls"]), "question-1");
  await terminal.shows(/Send or clear your line, then answer/);
  terminal.type(" yes");
  terminal.press("Enter");
  const steering = await server.take("user_input");
  expect(JSON.stringify(steering.payload.input)).toContain("wait yes");
  await terminal.shows(/d deny and say why/);

  terminal.paste("y");
  await terminal.shows(/Send or clear your line[^]*› y/);
  expect(server.has("approval_response")).toBe(false);
});

test("a question that another client answered disappears", async () => {
  const { server, terminal } = await openTurn();
  server.say(approvalRequest(["ls"]), "question-1");
  await terminal.shows(/d deny and say why/);
  server.say({
    type: "approval_resolved",
    payload: { requestId: "question-1", review: "YES", decidedBy: "client", client: "another" },
  });
  const screen = await terminal.shows(/✓ yes \(another client\)/);
  expect(screen).not.toContain("deny and say why");
});
