import { AgentError } from "../contract/error.ts";
import { type Command, sessionId } from "./command.ts";
import { json, safe, table } from "./print.ts";
import { costOf } from "./sessions.ts";

export const show: Command = {
  usage: "ID [--json]",
  help: "shows one session and its approvals",
  words: [1, 1],
  options: { json: { type: "boolean" } },
  async run({ store, terminal, words, options }) {
    const id = sessionId(words[0]);
    const listing = await store.records.summary(id);
    if (listing === undefined) throw new AgentError("unknown_session", `there is no session ${id}`);
    const approvals = await store.records.approvals(id);
    if (options["json"] === true) {
      await terminal.out(json({ ...listing, approval_requests: approvals }));
      return 0;
    }
    const { tokens, cost, ...rest } = listing;
    const facts = { ...rest, ...tokens, cost: costOf(cost) };
    for (const [name, value] of Object.entries(facts)) {
      await terminal.out(`${name.padEnd(28)}${safe(String(value ?? "-"))}\n`);
    }
    if (approvals.length === 0) return 0;
    const rows = approvals.map(({ seq, requested_at, review, decided_by, client, tool, command }) => [
      String(seq),
      requested_at.slice(0, 19),
      review ?? "open",
      client ?? decided_by ?? "-",
      tool,
      JSON.stringify(command),
    ]);
    await terminal.out(
      `\n${table(["LINE", "ASKED", "ANSWER", "BY", "TOOL", "COMMAND"], rows, terminal.columns)}`,
    );
    return 0;
  },
};
