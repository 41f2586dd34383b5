import { type Command, sessionId, text, UsageError, wholeNumber } from "./command.ts";

export const erase: Command = {
  usage: "ID SEQ --reason WORDS --yes",
  help: "takes the content of a line out for ever; the chain still verifies",
  words: [2, 2],
  options: { reason: { type: "string" }, yes: { type: "boolean" } },
  async run(context) {
    const { store, terminal, words, options } = context;
    const id = sessionId(words[0]);
    const seq = wholeNumber("SEQ", words[1], [0, 1e15]);
    const reason = text(context, "reason") ?? "";
    if (reason === "") throw new UsageError("--reason: expected words that say why, for the record");
    if (options["yes"] !== true)
      throw new UsageError("--yes: expected, because what is erased does not come back");
    await store.erase(id, seq, reason);
    await terminal.out(`the content of line ${seq} of session ${id} is erased\n`);
    return 0;
  },
};
