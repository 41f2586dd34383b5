// The typed client in forty lines: node client-quickstart.js "your prompt"
// Prints what the agent says as it is written, and asks here before anything runs.
import { createInterface } from "node:readline/promises";
import { connect } from "agentloop-server/client";

const terminal = createInterface({ input: process.stdin, output: process.stderr });
const inputEnded = new Promise((resolve) => terminal.once("close", () => resolve("no")));
// What a model writes may show on a terminal, but not steer it.
const printable = (text) => text.replace(/[^\P{Cc}\n\t]/gu, "�");

const client = connect({
  url: process.env.WS_URL ?? "ws://127.0.0.1:8080",
  token: process.env.AUTH_TOKEN || undefined,
  onApproval: async ({ payload }) => {
    const { command, files, reason } = payload;
    for (const { kind, path, diff } of files ?? []) console.error(printable(`${kind} ${path}\n${diff}`));
    if (!files) console.error(printable(`$ ${command.join(" ")}   (${reason})`));
    const question = terminal.question("Run it? [yes/no/always, or why not] ").catch(() => "no");
    const answer = (await Promise.race([question, inputEnded])).trim();
    if (/^y(es)?$/i.test(answer)) return "YES";
    if (/^always$/i.test(answer)) return "ALWAYS";
    if (/^(no?)?$/i.test(answer)) return "NO_CONTINUE";
    return { review: "NO_CONTINUE", denyMessage: answer };
  },
});
client.onState((state, reason) => state === "reconnecting" && console.error(`${reason}; connecting again`));

let status = "failed";
try {
  for await (const { type, payload } of client.turn(process.argv.slice(2).join(" ") || "list files in .")) {
    if (type === "response_delta" && payload.kind === "text") process.stdout.write(printable(payload.delta));
    if (type === "response_item" && payload.role === "assistant") process.stdout.write("\n");
    if (type === "error") console.error(printable(payload.message));
    if (type === "agent_finished") status = payload.status;
  }
} catch (error) {
  console.error(error.message);
}
client.close();
terminal.close();
process.exitCode = status === "completed" ? 0 : 1;
