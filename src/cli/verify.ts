import { readFile } from "node:fs/promises";
import { loadVerifierKeys, parseVerifierKeys, type VerifierKey } from "../audit/keys.ts";
import { examineServer, verifyAll, verifySession } from "../audit/verify.ts";
import { AgentError } from "../contract/error.ts";
import type { VerifyReport } from "../contract/log.ts";
import { type Command, type CommandContext, sessionId, text, UsageError } from "./command.ts";
import { json, progress, safe } from "./print.ts";

export const verify: Command = {
  usage: "ID | server | --all [--key FILE] [--json]",
  help: "recomputes every line of a log: exit code 1 when it is not what was written",
  words: [0, 1],
  options: { all: { type: "boolean" }, key: { type: "string" }, json: { type: "boolean" } },
  async run(context) {
    const { terminal, options } = context;
    let damaged = 0;
    let count = 0;
    for await (const report of reports(context, await keysOf(context))) {
      count += 1;
      if (!report.ok) damaged += 1;
      progress(terminal, "");
      if (options["json"] === true) await terminal.out(json(report));
      else if (!report.ok || options["all"] !== true) await terminal.out(describe(report));
      if (options["all"] === true) progress(terminal, `${count} verified, ${damaged} damaged`);
    }
    progress(terminal, "");
    if (options["all"] === true && options["json"] !== true) {
      await terminal.out(`${count} logs verified, ${damaged} of them not as they were written\n`);
    }
    return damaged === 0 ? 0 : 1;
  },
};

async function* reports(
  { folder, words, options }: CommandContext,
  keys: VerifierKey[],
): AsyncGenerator<VerifyReport> {
  if ((options["all"] === true) === (words.length === 1))
    throw new UsageError("expected a session's id, or --all");
  if (options["all"] === true) return yield* verifyAll(folder, keys);
  const [word = ""] = words;
  const report =
    word === "server"
      ? (await examineServer(folder, keys))?.report
      : await verifySession(folder, sessionId(word), keys);
  if (report === undefined) throw new AgentError("unknown_session", `there is no session ${word}`);
  yield report;
}

/** With a file the key that somebody kept elsewhere: one that lies beside the logs could have been put there. */
async function keysOf(context: CommandContext): Promise<VerifierKey[]> {
  const path = text(context, "key");
  if (path === undefined) return loadVerifierKeys(context.folder, context.signingKey);
  try {
    return parseVerifierKeys(await readFile(path, "utf8"));
  } catch (error) {
    throw new UsageError(
      `--key: expected a file with a public key, got ${path} (${(error as Error).message})`,
    );
  }
}

function describe({ session_id, ok, state, lines, signed_lines, problems, erased }: VerifyReport): string {
  const head = `${session_id}: ${ok ? "ok" : "NOT as it was written"}, ${state}, ${lines} lines, ${signed_lines} of them signed`;
  return [
    safe(head),
    ...problems.map(({ kind, seq, detail }) =>
      safe(`  ${kind}${seq === undefined ? "" : ` at line ${seq}`}: ${detail}`),
    ),
    ...erased.map(({ seq, reason }) => safe(`  line ${seq} was erased: ${reason}`)),
    "",
  ].join("\n");
}
