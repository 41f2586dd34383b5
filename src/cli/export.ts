import { open } from "node:fs/promises";
import { EXPORT_FORMATS } from "../contract/log.ts";
import { type Command, sessionId, text, UsageError } from "./command.ts";
import { progress, safeLines } from "./print.ts";

export const exportCommand: Command = {
  usage: `ID --format ${EXPORT_FORMATS.join("|")} [--output FILE]`,
  help: "writes a session out in a format that others read",
  words: [1, 1],
  options: { format: { type: "string" }, output: { type: "string", short: "o" } },
  async run(context) {
    const { store, terminal, words } = context;
    const id = sessionId(words[0]);
    const format = EXPORT_FORMATS.find((known) => known === text(context, "format"));
    if (format === undefined) {
      const got = JSON.stringify(text(context, "format") ?? "");
      throw new UsageError(`--format: expected one of ${EXPORT_FORMATS.join(", ")}, got ${got}`);
    }
    const pieces = store.records.export(id, format);
    const path = text(context, "output");
    if (path === undefined) {
      const isShown = terminal.columns !== undefined;
      for await (const piece of pieces)
        await terminal.out(isShown ? safeLines(Buffer.from(piece).toString()) : piece);
      return 0;
    }
    const file = await open(path, "wx", 0o600);
    try {
      let bytes = 0;
      for await (const piece of pieces) {
        bytes += (await file.write(Buffer.from(piece))).bytesWritten;
        progress(terminal, `${bytes} bytes`);
      }
    } finally {
      progress(terminal, "");
      await file.close();
    }
    return 0;
  },
};
