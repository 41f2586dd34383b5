import { expect, onTestFinished, test } from "vitest";
import { approvalRequest, errorMessage, startFakeServer } from "../src/testing/fake-agentloop-server.ts";
import { until } from "../src/testing/run-command.ts";
import { openPipes } from "../src/testing/terminal.ts";
import { delta } from "../src/testing/terminal-client.ts";

const CLIENT = new URL("client-quickstart.js", import.meta.url).pathname;

async function start() {
  const server = await startFakeServer();
  onTestFinished(() => server.close());
  const variables = [`WS_URL=${server.url}`, "AUTH_TOKEN="];
  const client = openPipes(["env", ...variables, process.execPath, CLIENT, "say", "hello"]);
  onTestFinished(() => client.close());
  expect(JSON.stringify((await server.take("user_input")).payload.input)).toContain("say hello");
  server.beginTurn();
  return { server, client };
}

test("prints the text as it is written, and exits when the turn is over", async () => {
  const { server, client } = await start();
  server.say(delta("text", "Hel\u001b[2J"));
  server.say(delta("text", "lo."));
  server.assistant("Hello.", "text");
  server.endTurn();
  expect(await client.exitCode).toBe(0);
  expect(client.stdout).toBe("Hel�[2Jlo.\n");
});

test.for([
  ["yes", { review: "YES" }],
  ["ALWAYS", { review: "ALWAYS" }],
  ["no", { review: "NO_CONTINUE" }],
  ["use npm ci", { review: "NO_CONTINUE", customDenyMessage: "use npm ci" }],
] as const)("asks before a command runs, and takes %s", async ([typed, expected]) => {
  const { server, client } = await start();
  server.say(approvalRequest(["npm", "install"]), "question-1");
  await until(() => client.stderr.includes("Run it? [yes/no/always, or why not]"));
  expect(client.stderr).toContain("$ npm install   (it may change files)");
  client.write(`${typed}\n`);
  const { payload } = await server.take("approval_response");
  expect(payload).toMatchObject({ ...expected, requestId: "question-1" });
  server.endTurn();
  expect(await client.exitCode).toBe(0);
});

test("declines when nobody is there, and says how it ended", async () => {
  const { server, client } = await start();
  client.end();
  server.say(approvalRequest(["npm", "install"]));
  expect((await server.take("approval_response")).payload.review).toBe("NO_CONTINUE");
  server.say(errorMessage("internal", "broken"));
  server.endTurn("failed");
  expect(await client.exitCode).toBe(1);
  expect(client.stderr).toContain("broken");
});

test("says why it cannot connect", async () => {
  const gone = await startFakeServer();
  await gone.close();
  const client = openPipes(["env", `WS_URL=${gone.url}`, process.execPath, CLIENT, "hello"]);
  onTestFinished(() => client.close());
  expect(await client.exitCode).toBe(1);
  expect(client.stderr).toContain("ECONNREFUSED");
});
