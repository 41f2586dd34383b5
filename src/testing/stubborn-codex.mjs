// Stands in for a codex program that misbehaves, as its first argument says.
import { createInterface } from "node:readline";

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const how = process.argv[2];
if (how === "silent") setInterval(() => {}, 1000);
else if (how === "deaf") {
  say({ id: 1, result: {} });
  process.stdin.pause();
  setInterval(() => {}, 1000);
} else if (how === "crash") {
  process.stderr.write("\u001b[31mthread 'main' panicked\u001b[0m\nno space left\n");
  process.exit(101);
} else {
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, method } = JSON.parse(line);
    if (method === "initialize") say({ id, result: {} });
    if (method === "thread/start") {
      say({
        id,
        result: {
          thread: { id: "t" },
          model: "m",
          approvalPolicy: "on-request",
          sandbox: { type: "dangerFullAccess" },
        },
      });
    }
  }
}
