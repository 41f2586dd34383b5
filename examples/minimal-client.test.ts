import { expect, onTestFinished, test } from "vitest";
import { approvalRequest, errorMessage, startFakeServer } from "../src/testing/fake-agentloop-server.ts";
import { openPipes } from "../src/testing/terminal.ts";

const CLIENT = new URL("minimal-client.js", import.meta.url).pathname;
async function start(options: Parameters<typeof startFakeServer>[0] = {}) {
  const server = await startFakeServer(options);
  onTestFinished(() => server.close());
  const client = openPipes(["env", `WS_URL=${server.url}`, process.execPath, CLIENT, "say", "hello"]);
  onTestFinished(() => client.close());
  const { payload } = await server.take("user_input");
  expect(JSON.stringify(payload.input)).toContain("say hello");
  return { server, client };
}

test("prints the answer and exits when the turn is over", async () => {
  const { server, client } = await start({ dialect: "plain" });
  server.beginTurn();
  server.assistant("Hello\u001b[2J.");
  server.endTurn();
  expect(await client.exitCode).toBe(0);
  expect(client.stdout).toBe("Hello�[2J.\n");
});

test("asks before a command runs", async () => {
  const { server, client } = await start();
  server.say(approvalRequest(["npm", "test"]), "question-1");
  await client.printed("Run npm test ? [y/n]");
  client.write("y\n");
  const { payload } = await server.take("approval_response");
  expect(payload).toMatchObject({ review: "YES", requestId: "question-1" });
  server.endTurn();
  expect(await client.exitCode).toBe(0);
});

test("declines when nobody is there to ask", async () => {
  const { server, client } = await start();
  server.say(approvalRequest(["npm", "test"]));
  client.end();
  expect((await server.take("approval_response")).payload.review).toBe("NO_CONTINUE");
  server.endTurn("failed");
  expect(await client.exitCode).toBe(1);
});

test("an error and a lost connection exit with 1", async () => {
  const { server, client } = await start();
  server.say(errorMessage("internal", "broken"));
  server.drop();
  expect(await client.exitCode).toBe(1);
  expect(client.stderr).toBe("broken\n");
});
