import { createLogStore } from "../audit/log.ts";
import type { SessionId } from "../contract/log.ts";
import { SessionWriter, WORKSPACE } from "./session-writer.ts";

/** What a session of a test is about. */
export interface LongSession {
  id: SessionId;
  /** At least so many lines; the last turn is always whole. */
  lines: number;
  /** When it begins, ISO 8601. */
  began?: string;
  /** Said by the user in the first turn. */
  title?: string;
  /** Said by the assistant in the first turn. */
  words?: string;
  /** What the commands write. */
  output?: string;
}

/**
 * Writes a session that looks like many hours of work: turns with streamed text, commands, patches, approvals that wait
 * for people, errors, and rests between them. It has ended, and its chain and its signatures are sound.
 */
export async function writeLongSession(folder: string, session: LongSession): Promise<void> {
  const store = createLogStore({ folder, durability: "off" });
  const realNow = Date.now;
  const clock = { now: Date.parse(session.began ?? "2026-11-20T09:00:00Z") };
  try {
    // The log takes each line's time from the clock.
    Date.now = () => clock.now;
    const writer = new SessionWriter(store.create(session.id), clock);
    writer.begin(session.id);
    for (let turn = 0; writer.head < session.lines; turn += 1) writeTurn(writer, turn, session);
    await writer.end();
  } finally {
    Date.now = realNow;
  }
  await store.close();
}

const QUESTIONS = [
  "Find out why the login test fails on Mondays, and fix it",
  "Add a rate limit to the public endpoints, with tests",
  "The report is slow for large customers: profile it and make it faster",
  "Rename `userId` to `accountId` everywhere, also in the documents",
];
const COMMANDS = [
  "npm test",
  "git status --short",
  "rg -n 'isMonday' src",
  "node scripts/profile.js --json",
  "cat src/login.ts",
];
const FILES = [
  "src/login.ts",
  "src/limits/rate-limit.ts",
  "src/report/sum.ts",
  "docs/api.md",
  "src/login.test.ts",
];

function writeTurn(writer: SessionWriter, turn: number, { title, words, output }: LongSession): void {
  writer.wait(turn === 0 ? 2000 : 60_000 + 37_000 * (turn % 23));
  const question = (turn === 0 ? title : undefined) ?? QUESTIONS[turn % QUESTIONS.length] ?? "";
  const content = [{ type: "input_text" as const, text: question }];
  writer.hear("user_input", { input: [{ type: "message", role: "user", content }] });
  writer.tell({ type: "loading_state", payload: { loading: true } });
  writer.tell({
    type: "response_item",
    payload: { type: "message", id: writer.id("msg"), role: "user", content },
  });
  writer.respond("I will look at the tests first, then at what they touch.", "reasoning");
  for (let step = 0; step < 3 + (turn % 3); step += 1) {
    const text = turn === 0 && step === 0 ? words : undefined;
    writer.respond(
      text ??
        `Step ${step + 1}: I look at \`${FILES[(turn + step) % FILES.length]}\` now.\n\n- what it does\n- what **should** change\n`,
    );
    if (step % 3 === 1) applyPatch(writer, turn, step);
    else runCommand(writer, turn, step, output);
  }
  if (turn % 7 === 3) fail(writer);
  writer.respond("All of it is done. The tests pass, and the reason stands in the commit's message.");
  writer.usage(tokensBefore(turn));
  writer.tell({ type: "loading_state", payload: { loading: false } });
  const status = turn % 7 === 3 ? "failed" : "completed";
  writer.tell({ type: "agent_finished", payload: { responseId: `resp_${turn}`, status } });
}

function runCommand(writer: SessionWriter, turn: number, step: number, output?: string): void {
  const words = COMMANDS[(turn + step) % COMMANDS.length] ?? "";
  const command = ["bash", "-lc", words];
  const callId = writer.call("shell", { command });
  writer.usage(tokensBefore(turn));
  if (step % 2 === 0)
    writer.ask(
      { command, callId, tool: "shell", reason: `"${words}" is not known to only read.`, risk: "medium" },
      { review: reviewOf(turn) },
    );
  writer.tell({
    type: "status",
    payload: { kind: "tool_started", callId, name: "shell", command, cwd: WORKSPACE },
  });
  const failed = (turn + step) % 5 === 4;
  const text =
    output ??
    `\u001b[32m✓\u001b[0m 41 tests passed\n${failed ? "\u001b[31m✗ 1 test failed: login on Mondays\u001b[0m\n" : ""}`;
  for (const line of text.split(/(?<=\n)/).slice(0, 50)) writer.outputDelta(callId, line);
  writer.output(callId, text, failed ? 1 : 0, 1.2);
}

function applyPatch(writer: SessionWriter, turn: number, step: number): void {
  const path = FILES[(turn + step) % FILES.length] ?? "";
  const input = `*** Begin Patch\n*** Update File: ${path}\n@@\n-  return day === 1;\n+  return day === MONDAY;\n*** End Patch`;
  const diff = `--- a/${path}\n+++ b/${path}\n@@ -10,4 +10,4 @@ export function isMonday(day: number) {\n   // Days count from Sunday.\n-  return day === 1;\n+  return day === MONDAY;\n }\n`;
  const files = [{ path, kind: "update" as const, diff, before_sha256: "9".repeat(64) }];
  const callId = writer.call("apply_patch", { input });
  writer.usage(tokensBefore(turn));
  const command = ["apply_patch", input];
  writer.ask(
    {
      command,
      callId,
      tool: "apply_patch",
      reason: `A patch inside the workspace: changes ${path}.`,
      risk: "low",
      files,
    },
    { review: reviewOf(turn) },
  );
  writer.tell({
    type: "status",
    payload: { kind: "tool_started", callId, name: "apply_patch", cwd: WORKSPACE, files },
  });
  writer.wait(15);
  writer.output(callId, `Done:\nM ${path}`, 0, 0.01);
}

function fail(writer: SessionWriter): void {
  writer.tell({
    type: "error",
    payload: {
      message: "The provider is overloaded.",
      details: { code: "provider_overloaded" },
      retryable: true,
    },
  });
}

const tokensBefore = (turn: number): number => 4000 + 350 * (turn % 40);
const reviewOf = (turn: number) => (turn % 6 === 5 ? "ALWAYS" : "YES");
