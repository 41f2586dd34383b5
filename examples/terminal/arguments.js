// What the client was started with.

import { parseArgs } from "node:util";

const HELP = `Talk to an AgentLoop server from a terminal.

  node ws-client-example.js [ws://host:port] ["one prompt"]

With a prompt it runs one turn and exits: 0 completed, 1 failed or cancelled.
Without one it asks for prompts; when standard input is not a terminal, each of
its lines is a prompt, or the answer (y n c a e) to an open approval. When
standard output is not a terminal, the answer goes there and everything else to
standard error.

  WS_URL       the server, when no argument names it (ws://127.0.0.1:8080);
               .../ws/SESSION_ID attaches to a session
  AUTH_TOKEN   the server's token
  NO_COLOR     no colours
`;

/** `{ url, token?, prompt? }`. Ends the process after --help (0) and for arguments that make no sense (2). */
export function readArguments() {
  try {
    const options = { help: { type: "boolean", short: "h" } };
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    if (values.help) exitWith(HELP, 0);
    const address = /^(?:ws|http)s?:\/\//.test(positionals[0] ?? "") ? positionals.shift() : undefined;
    if (positionals.length > 1)
      throw new Error(`Expected one prompt, got ${positionals.length}: put it in quotes.`);
    const url = new URL(address ?? process.env.WS_URL ?? "ws://127.0.0.1:8080");
    return { url, token: process.env.AUTH_TOKEN || undefined, prompt: positionals[0] };
  } catch (error) {
    exitWith(`${error.message}\n\n${HELP}`, 2);
  }
}

function exitWith(text, code) {
  (code === 0 ? process.stdout : process.stderr).write(text);
  process.exit(code);
}
