import { archiveOlderThan } from "../audit/archive-old.ts";
import { isLocked } from "../audit/lock.ts";
import { AgentError } from "../contract/error.ts";
import { type Command, type CommandContext, sessionId, text, UsageError, wholeNumber } from "./command.ts";
import { progress, safeLines } from "./print.ts";

const PROBLEMS = { active: "it is active", legal_hold: "it is under legal hold" };

export const archive: Command = {
  usage: "ID... | --older-than DAYS",
  help: "moves sessions that have ended to the archive, never one under legal hold",
  words: [0, 1000],
  options: { "older-than": { type: "string" } },
  async run(context) {
    const { words, options } = context;
    if ((options["older-than"] === undefined) === (words.length === 0)) {
      throw new UsageError("expected ids of sessions, or --older-than");
    }
    if (words.length === 0) return await archiveOld(context);
    const ids = words.map(sessionId);
    leaveToServer(context, "DELETE /sessions/ID");
    return await archiveThese(context, ids);
  },
};

async function archiveOld(context: CommandContext): Promise<0 | 1> {
  const { store, terminal } = context;
  const days = wholeNumber("--older-than", text(context, "older-than"), [0, 36_500]);
  leaveToServer(context, "DELETE /sessions/ID");
  let failed = false;
  const count = await archiveOlderThan(store, {
    days,
    each: (done) => progress(terminal, `${done} archived`),
    onFault: (error) => {
      failed = true;
      terminal.say(safeLines(`${error instanceof Error ? error.message : String(error)}\n`));
    },
  });
  progress(terminal, "");
  await terminal.out(`${count} sessions archived\n`);
  return failed ? 1 : 0;
}

async function archiveThese({ store, terminal }: CommandContext, ids: string[]): Promise<0 | 1> {
  let failed = false;
  for (const id of ids) {
    store.recordRead({ action: "archive", session_id: id });
    const problem = await store.records.archive(id);
    if (problem !== undefined) terminal.say(`session ${id} stays: ${PROBLEMS[problem]}\n`);
    failed ||= problem !== undefined;
  }
  return failed ? 1 : 0;
}

export const hold: Command = {
  usage: "ID [--release]",
  help: "puts a session under legal hold, so that it is neither archived nor erased; or releases it",
  words: [1, 1],
  options: { release: { type: "boolean" } },
  async run(context) {
    const { store, words, options } = context;
    const id = sessionId(words[0]);
    const held = options["release"] !== true;
    leaveToServer(context, `${held ? "PUT" : "DELETE"} /sessions/ID/hold`);
    store.recordRead({ action: held ? "hold" : "release", session_id: id });
    await store.records.hold(id, held);
    return 0;
  },
};

/** What changes the store is done and recorded by the one that writes to it. */
function leaveToServer({ folder }: CommandContext, request: string): void {
  if (isLocked(folder)) {
    throw new AgentError("log_unavailable", `a server writes to ${folder}: ask it, with ${request}`);
  }
}
