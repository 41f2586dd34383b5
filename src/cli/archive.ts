import { archiveOlderThan } from "../audit/archive-old.ts";
import { isLocked } from "../audit/lock.ts";
import { AgentError } from "../contract/error.ts";
import { type Command, sessionId, text, UsageError, wholeNumber } from "./command.ts";
import { progress } from "./print.ts";

const PROBLEMS = { active: "it is active", legal_hold: "it is under legal hold" };

export const archive: Command = {
  usage: "ID... | --older-than DAYS",
  help: "moves sessions that have ended to the archive, never one under legal hold",
  words: [0, 1000],
  options: { "older-than": { type: "string" } },
  async run(context) {
    const { folder, store, terminal, words, options } = context;
    if (isLocked(folder)) {
      throw new AgentError(
        "log_unavailable",
        `a server writes to ${folder}: ask it, with DELETE /sessions/ID`,
      );
    }
    if ((options["older-than"] === undefined) === (words.length === 0)) {
      throw new UsageError("expected ids of sessions, or --older-than");
    }
    if (words.length === 0) {
      const days = wholeNumber("--older-than", text(context, "older-than"), [0, 36_500]);
      const count = await archiveOlderThan(store.records, {
        days,
        each: (done) => progress(terminal, `${done} archived`),
      });
      progress(terminal, "");
      await terminal.out(`${count} sessions archived\n`);
      return 0;
    }
    let failed = false;
    for (const id of words.map(sessionId)) {
      const problem = await store.records.archive(id);
      if (problem === undefined) store.recordRead({ action: "archive", session_id: id });
      else terminal.say(`session ${id} stays: ${PROBLEMS[problem]}\n`);
      failed ||= problem !== undefined;
    }
    return failed ? 1 : 0;
  },
};

export const hold: Command = {
  usage: "ID [--release]",
  help: "puts a session under legal hold, so that it is neither archived nor erased; or releases it",
  words: [1, 1],
  options: { release: { type: "boolean" } },
  async run({ store, words, options }) {
    await store.records.hold(sessionId(words[0]), options["release"] !== true);
    return 0;
  },
};
