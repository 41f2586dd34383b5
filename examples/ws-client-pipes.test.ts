import { expect, onTestFinished, test } from "vitest";
import {
  approvalRequest,
  errorMessage,
  startFakeServer,
  type FakeServer,
} from "../src/testing/fake-agentloop-server.ts";
import { openPipes, type PipedProgram } from "../src/testing/terminal.ts";

const CLIENT = new URL("ws-client-example.js", import.meta.url).pathname;
function run(...args: string[]): PipedProgram {
  const client = openPipes(["env", "-u", "AUTH_TOKEN", "-u", "WS_URL", process.execPath, CLIENT, ...args]);
  onTestFinished(() => client.close());
  return client;
}

async function serve(options: Parameters<typeof startFakeServer>[0] = {}): Promise<FakeServer> {
  const server = await startFakeServer(options);
  onTestFinished(() => server.close());
  return server;
}

async function promptOf(server: FakeServer): Promise<string> {
  const { payload } = await server.take("user_input");
  const part = payload.input[0]?.content[0];
  return part?.type === "input_text" ? part.text : "";
}

test.for([
  ["completed", 0],
  ["failed", 1],
  ["cancelled", 1],
] as const)("one prompt, a turn that %s: exit code %i", async ([status, exitCode]) => {
  const server = await serve();
  const client = run(server.url, "say hello");
  expect(await promptOf(server)).toBe("say hello");
  server.beginTurn();
  server.endTurn(status);
  expect(await client.exitCode).toBe(exitCode);
});

test("the answer alone goes to standard output, plain", async () => {
  const server = await serve();
  const client = run(server.url, "list the files");
  await server.take("user_input");
  server.beginTurn();
  for (const piece of ["Two ", "\u001b[31mfiles", ":\n", "- a\n- b"]) {
    server.say({ type: "response_delta", payload: { itemId: "item-1", kind: "text", delta: piece } });
  }
  server.assistant("Two \u001b[31mfiles:\n- a\n- b");
  server.say({
    type: "status",
    payload: { kind: "tool_started", callId: "call-1", name: "shell", command: ["ls"] },
  });
  const output = JSON.stringify({ output: "\u001b[32ma\u001b[0m\nb", metadata: { exit_code: 2 } });
  server.say({ type: "response_item", payload: { type: "function_call_output", call_id: "call-1", output } });
  server.say(errorMessage("internal", "broken"));
  server.endTurn();
  expect(await client.exitCode).toBe(0);
  expect(client.stdout).toBe("Two ␛[31mfiles:\n- a\n- b\n");
  expect(client.stderr).toMatch(/ {2}\$ ls\n {2}│ a\n {2}│ b\n {2}exit 2\n✗ internal: broken\n/);
  expect(client.stdout + client.stderr).not.toContain("\u001b");
});

test("lines of standard input are prompts, one turn after the other", async () => {
  const server = await serve();
  const client = run(server.url);
  client.write("first\nsec");
  client.write("ond\n\nlast");
  client.end();
  for (const prompt of ["first", "second", "last"]) {
    expect(await promptOf(server)).toBe(prompt);
    server.beginTurn();
    server.assistant(`answer to ${prompt}`, prompt);
    expect(server.has("user_input")).toBe(false);
    server.endTurn();
  }
  expect(await client.exitCode).toBe(0);
  expect(client.stdout).toBe("answer to first\nanswer to second\nanswer to last\n");
});

test("lines of standard input answer an open approval", async () => {
  const server = await serve();
  const client = run(server.url);
  client.write("run it\ne\ny\nanother prompt\n");
  await server.take("user_input");
  server.beginTurn();
  server.say(approvalRequest(["npm", "test"]), "question-1");
  expect((await server.take("approval_response")).payload.review).toBe("EXPLAIN");
  server.assistant("It runs the tests.");
  const { payload } = await server.take("approval_response");
  expect(payload).toMatchObject({ review: "YES", requestId: "question-1" });

  server.say(approvalRequest(["npm", "publish"]), "question-2");
  expect((await server.take("approval_response")).payload.review).toBe("NO_CONTINUE");
  server.endTurn();
  expect(await promptOf(server)).toBe("another prompt");
  server.endTurn();
  client.end();
  expect(await client.exitCode).toBe(0);
  expect(client.stderr).toMatch(/\$ npm publish\n[^]*Nobody is here to approve this: declined\./);
});

test("nobody there: an approval is declined and the turn goes on", async () => {
  const server = await serve();
  const client = run(server.url, "run it");
  client.end();
  await server.take("user_input");
  server.beginTurn();
  server.say(approvalRequest(["npm", "test"]), "question-1");
  const { payload } = await server.take("approval_response");
  expect(payload).toMatchObject({ review: "NO_CONTINUE", requestId: "question-1" });
  server.endTurn();
  expect(await client.exitCode).toBe(0);
  expect(client.stderr).toContain("Nobody is here to approve this: declined.");
});

test("a command's answer is waited for at the end of standard input", async () => {
  const server = await serve();
  const client = run(server.url);
  client.write("/context\n");
  client.end();
  await server.take("get_context_info");
  const context = {
    tokenCount: 10,
    usagePercent: 1,
    transcriptLength: 2,
    maxTokens: 1000,
    strategy: "dummy",
  };
  server.say({ type: "context_info", payload: context });
  expect(await client.exitCode).toBe(0);
  expect(client.stderr).toContain("context: 10 of 1,000 tokens (1 %) · 2 items · dummy");
});

test("a server without the additions: its text is printed once, its calls with their output", async () => {
  const server = await serve({ dialect: "plain" });
  const client = run(server.url, "run git status");
  await server.take("user_input");
  server.beginTurn();
  const call = {
    type: "function_call",
    call_id: "call-1",
    name: "shell",
    arguments: '{"command":["git","status"]}',
  };
  server.sayRaw({ id: "1", type: "response_item", payload: call });
  server.sayRaw({
    id: "2",
    type: "response_item",
    payload: { type: "function_call_output", call_id: "call-1", output: "clean", unknown: 1 },
  });
  server.assistant("Nothing to commit.");
  server.endTurn();
  expect(await client.exitCode).toBe(0);
  expect(client.stdout).toBe("Nothing to commit.\n");
  expect(client.stderr).toMatch(/ {2}\$ git status\n {2}│ clean\n/);
});

test("a turn that ends with its error alone has failed", async () => {
  const server = await serve({ dialect: "plain" });
  const client = run(server.url, "hello");
  await server.take("user_input");
  server.sayRaw({ id: "1", type: "error", payload: { message: "No key." } });
  expect(await client.exitCode).toBe(1);
  expect(client.stderr).toContain("✗ No key.");
});

test("frames that make no sense are survived", async () => {
  const server = await serve();
  const client = run(server.url, "hello");
  await server.take("user_input");
  server.sayRaw("not a message");
  server.sayRaw(null);
  server.sayRaw({ type: "approval_request", id: 1, payload: { command: 5, files: 7, applyPatch: "x" } });
  server.sayRaw({ type: "response_item", payload: { type: "message", role: "assistant", content: 7 } });
  server.endTurn();
  client.end();
  expect(await client.exitCode).toBe(0);
});

test("a server that is not there, refuses, or goes away", async () => {
  const gone = await startFakeServer();
  await gone.close();
  const nobody = run(gone.url, "hello");
  expect(await nobody.exitCode).toBe(1);
  expect(nobody.stderr).toMatch(/✗ cannot talk to ws:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED/);

  const refusing = await serve({ refuseWith: 401 });
  const refused = run(refusing.url, "hello");
  expect(await refused.exitCode).toBe(1);
  expect(refused.stderr).toMatch(/✗ .* answered 401 \(is AUTH_TOKEN right\?\)/);

  const elsewhere = run(`${(await serve({ refuseWith: 418 })).url}/401`, "hello");
  expect(await elsewhere.exitCode).toBe(1);
  expect(elsewhere.stderr).toContain("/401/ws, which answered 418");
  expect(elsewhere.stderr).not.toContain("AUTH_TOKEN");

  // Without a session_info there is no session to come back to.
  const leaving = await serve({ dialect: "plain" });
  const left = run(leaving.url, "hello");
  await leaving.take("user_input");
  leaving.drop();
  expect(await left.exitCode).toBe(1);
  expect(left.stderr).toContain("✗ the connection was lost (1006)");
});

test("a server behind a path is asked there for its sessions", async () => {
  const server = await serve();
  const client = run(`${server.url}/agent/ws`);
  client.write("/sessions\n");
  client.end();
  await client.exitCode;
  expect(client.stderr).toContain("GET /agent/sessions answered 404.");
});

test("help goes to standard output, a mistake to standard error", async () => {
  const help = run("--help");
  expect(await help.exitCode).toBe(0);
  expect(help.stdout).toContain("AUTH_TOKEN");
  const mistake = run("two", "prompts");
  expect(await mistake.exitCode).toBe(2);
  expect(mistake.stderr).toContain("Expected one prompt, got 2");
  const flag = run("--hepl");
  expect(await flag.exitCode).toBe(2);
  expect(flag.stderr).toContain("--hepl");
});
