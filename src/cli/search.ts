import { type Command, text, wholeNumber } from "./command.ts";
import { json, table } from "./print.ts";

export const search: Command = {
  usage: "WORDS... [--limit N] [--json]",
  help: 'finds lines of all sessions that contain all the words; "several words" in a row',
  words: [1, 32],
  options: { limit: { type: "string" }, json: { type: "boolean" } },
  async run(context) {
    const { store, terminal, words, options } = context;
    const limit =
      options["limit"] === undefined ? 50 : wholeNumber("--limit", text(context, "limit"), [1, 10_000]);
    const { events } = await store.records.search(words.join(" "), limit);
    if (options["json"] === true) {
      for (const event of events) await terminal.out(json(event));
      return 0;
    }
    const rows = events.map(({ session_id, seq, timestamp, type, snippet }) => [
      session_id,
      String(seq),
      timestamp.slice(0, 19),
      type,
      snippet,
    ]);
    await terminal.out(table(["SESSION", "LINE", "TIME", "TYPE", "TEXT"], rows, terminal.columns));
    return 0;
  },
};
