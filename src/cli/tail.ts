import { z } from "zod";
import { AgentError } from "../contract/error.ts";
import type { LogLine } from "../contract/log.ts";
import { type Command, sessionId, text, wholeNumber } from "./command.ts";
import { cut, json, safe } from "./print.ts";

/** How many lines are shown when nobody says from where on. */
const LAST_LINES = 20;

export const tail: Command = {
  usage: "ID [--after SEQ] [--follow] [--json]",
  help: "shows the last lines of a session, and with --follow new ones until it has ended",
  words: [1, 1],
  options: { after: { type: "string" }, follow: { type: "boolean", short: "f" }, json: { type: "boolean" } },
  async run(context) {
    const { store, terminal, words, options } = context;
    const id = sessionId(words[0]);
    const given =
      options["after"] === undefined ? undefined : wholeNumber("--after", text(context, "after"), [-1, 1e15]);
    const summary = await store.records.summary(id);
    if (summary === undefined) throw new AgentError("unknown_session", `there is no session ${id}`);
    const after = given ?? Math.max(-1, summary.event_count - 1 - LAST_LINES);
    const follows = options["follow"] === true;
    const lines = follows
      ? store.records.follow(id, after, terminal.stop)
      : store.records.read(id, after, Infinity);
    for await (const line of lines) {
      await terminal.out(options["json"] === true ? json(line) : describe(line, terminal.columns));
      if (follows && isEnd(line) && line.seq >= summary.event_count - 1) break;
    }
    return 0;
  },
};

const isEnd = ({ message_data: data }: LogLine) => Ended.safeParse(data).success;
const Ended = z.object({ event: z.literal("session_ended") });

const Typed = z.object({ type: z.string(), payload: z.unknown().optional() });

function describe(
  { seq, timestamp, direction, message_data: data }: LogLine,
  columns: number | undefined,
): string {
  const { type, payload } = Typed.safeParse(data).data ?? { type: "", payload: data };
  const arrow = direction === "incoming" ? ">" : "<";
  const words = safe(
    `${String(seq).padStart(5)} ${timestamp.slice(11, 23)} ${arrow} ${type} ${JSON.stringify(payload) ?? ""}`,
  );
  return `${cut(words, columns)}\n`;
}
