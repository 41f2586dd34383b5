import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { at, Arrived, CodexClient } from "../../testing/codex-client.ts";
import { createTestDoor } from "../../testing/codex-door.ts";
import { meaningOf } from "../../testing/codex-recording.ts";
import { METHODS } from "./methods.ts";

const page = readFileSync(new URL("../../../docs/codex-json-rpc.md", import.meta.url), "utf8");
const blocks = [...page.matchAll(/^```json codex-(client|server)\n(.*?)^```/gms)];

test("the conversation of the page happens as it stands there", async () => {
  const script = [[{ call: { name: "shell", arguments: { say: "x" } } }], [{ text: "done" }]];
  const { open, sessions } = createTestDoor({ script });
  const client = await CodexClient.connect(open, sessions);
  const methodOf = (id: string | number) => client.asked.get(id);
  let threadId = "";
  for (const [, side, block = ""] of blocks) {
    for (const frame of block.trim().split("\n")) {
      if (side === "client") {
        const message = JSON.parse(frame.replaceAll("THREAD", threadId)) as Arrived;
        client.send(message);
        if (message.method !== "thread/start") continue;
        const { result } = await client.until(({ id, method }) => id === message.id && method === undefined);
        threadId = String(at(result, "threadId"));
      } else {
        const told = meaningOf(Arrived.parse(JSON.parse(frame)), methodOf);
        await client.until((message) => meaningOf(message, methodOf) === told);
      }
    }
  }
  expect(client.methods().at(-1)).toBe("turn/completed");
});

test("the page names every method", () => {
  for (const method of Object.keys(METHODS)) expect(page).toContain(`\`${method}\``);
});
