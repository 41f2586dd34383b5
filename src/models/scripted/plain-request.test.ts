import { expect, test } from "vitest";
import type { FunctionCallItem, ResponseItem } from "../../contract/item.ts";
import type { ModelRequest, ToolSpec } from "../../contract/model.ts";
import { createScriptedModel } from "./model.ts";

const TOOLS: ToolSpec[] = ["shell", "apply_patch"].map((name) => ({ name, description: "", parameters: {} }));

interface Answer {
  text: string;
  call: FunctionCallItem | undefined;
}

/** A conversation with the scripted model, in which the test plays the user and the tools. */
class Conversation {
  readonly items: ResponseItem[] = [];
  readonly #model = createScriptedModel();
  readonly #tools: readonly ToolSpec[];

  constructor(tools: readonly ToolSpec[] = TOOLS) {
    this.#tools = tools;
  }

  user(text: string): void {
    this.items.push({ type: "message", role: "user", content: [{ type: "input_text", text }] });
  }

  async answer(): Promise<Answer> {
    const request: ModelRequest = { instructions: "", items: this.items, tools: this.#tools, sessionId: "s" };
    const answer: Answer = { text: "", call: undefined };
    const said: ResponseItem[] = [];
    for await (const event of this.#model.stream(request, new AbortController().signal)) {
      if (event.type === "item") said.push(event.item);
    }
    this.items.push(...said);
    for (const item of said) {
      if (item.type === "function_call") answer.call = item;
      if (item.type === "message")
        for (const part of item.content) if ("text" in part) answer.text += part.text;
    }
    return answer;
  }

  async ask(text: string): Promise<Answer> {
    this.user(text);
    return this.answer();
  }

  output(call: FunctionCallItem | undefined, output: string, exitCode = 0): void {
    const metadata = { exit_code: exitCode, duration_seconds: 0.1 };
    const call_id = call?.call_id ?? "none";
    this.items.push({ type: "function_call_output", call_id, output: JSON.stringify({ output, metadata }) });
  }

  async afterOutput(call: FunctionCallItem | undefined, output: string, exitCode = 0): Promise<Answer> {
    this.output(call, output, exitCode);
    return this.answer();
  }
}

const commandOf = (call: FunctionCallItem | undefined) => {
  const { command } = JSON.parse(call?.arguments ?? "{}");
  return command;
};
const patchOf = (call: FunctionCallItem | undefined) => JSON.parse(call?.arguments ?? "{}").input;

test.each([
  ["run ls -la", "ls -la"],
  ["Please run `npm test`.", "npm test"],
  ['run echo "first then second"', 'echo "first then second"'],
  ["execute the command ls .", "ls ."],
  ["read notes.md", "cat notes.md"],
  ["show me the file src/a b.txt", undefined],
  ['read "a b.txt"', "cat 'a b.txt'"],
  ["read -n", "cat ./-n"],
  ["list the files", "ls"],
  ["list files in src", "ls src"],
  ["run the tests", undefined],
])("%j is the command %j", async (request, command) => {
  const { call } = await new Conversation().ask(request);
  expect(commandOf(call)).toEqual(command === undefined ? undefined : ["bash", "-lc", command]);
});

test.each([
  ["create hello.txt with Hello world", "hello.txt", "+Hello world"],
  ['create a file named a.md containing "one\ntwo"', "a.md", "+one\n+two"],
  [
    "write a new file called x.js with the content:\n```js\nlet x;\n\nx = 1;\n```",
    "x.js",
    "+let x;\n+\n+x = 1;",
  ],
])("%j is a patch", async (request, path, added) => {
  const { call } = await new Conversation().ask(request);
  expect(call?.name).toBe("apply_patch");
  expect(patchOf(call)).toBe(`*** Begin Patch\n*** Add File: ${path}\n${added}\n*** End Patch`);
});

test("tasks that are joined by then are done one after the other, each told of", async () => {
  const talk = new Conversation();
  const first = await talk.ask(
    "create hello.txt with Hello, then read hello.txt and then run wc -c hello.txt",
  );
  expect(talk.items.some(({ type }) => type === "reasoning")).toBe(true);
  expect(first.text).toBe("I will create hello.txt.");
  const second = await talk.afterOutput(first.call, "Success.");
  expect(second.text).toBe("hello.txt is written.\n\nI will read hello.txt.");
  const third = await talk.afterOutput(second.call, "Hello\n");
  expect(commandOf(third.call)).toEqual(["bash", "-lc", "wc -c hello.txt"]);
  const end = await talk.afterOutput(third.call, "6 hello.txt\n");
  expect(end.call).toBeUndefined();
  expect(end.text).toBe("`wc -c hello.txt` printed:\n\n```\n6 hello.txt\n```\n\nAll 3 steps are done.");
});

test("a command that prints nothing is told so", async () => {
  const talk = new Conversation();
  const { call } = await talk.ask("run true");
  expect((await talk.afterOutput(call, "")).text).toBe("`true` printed: nothing.");
});

test("after a failure it says what failed and what it therefore leaves", async () => {
  const talk = new Conversation();
  const { call } = await talk.ask("run make, then run make install");
  const end = await talk.afterOutput(call, "No rule to make target.", 2);
  expect(end.call).toBeUndefined();
  expect(end.text).toContain("failed (exit code 2):\n\n```\nNo rule to make target.\n```");
  expect(end.text).toContain("So I did not go on to run `make install`.");
});

test("after a denial it says so and goes on with the next task", async () => {
  const talk = new Conversation();
  const { call } = await talk.ask("run rm -r build, then list files");
  const said = "The user declined this call, so it did not run. The user says: keep it";
  const next = await talk.afterOutput(call, said, 1);
  expect(next.text).toBe(`I did not run \`rm -r build\`: ${said}\n\nI will list the files.`);
  const end = await talk.afterOutput(next.call, "build");
  expect(end.text).not.toContain("All 2 steps are done");
});

test("a request after an aborted call is a new one", async () => {
  const talk = new Conversation();
  const { call } = await talk.ask("run sleep 100, then run ls");
  talk.output(call, "aborted", 1);
  const next = await talk.ask("read a.txt");
  expect(commandOf(next.call)).toEqual(["bash", "-lc", "cat a.txt"]);
  expect((await talk.afterOutput(next.call, "A")).call).toBeUndefined();
});

test("input that comes while it works is done after what it works on", async () => {
  const talk = new Conversation();
  const first = await talk.ask("run ls, then run pwd");
  talk.output(first.call, "a.txt");
  talk.user("read a.txt");
  const second = await talk.answer();
  expect(commandOf(second.call)).toEqual(["bash", "-lc", "pwd"]);
  const third = await talk.afterOutput(second.call, "/home");
  expect(commandOf(third.call)).toEqual(["bash", "-lc", "cat a.txt"]);
});

test("what it does not understand it names, and lists what it can do", async () => {
  const { text, call } = await new Conversation().ask("Refactor everything");
  expect(call).toBeUndefined();
  expect(text).toContain('I did not understand "Refactor everything".');
  expect(text).toContain("- create FILE with TEXT");
});

test("the workspace's notes before the first request are no request", async () => {
  const talk = new Conversation();
  talk.user("run npm test");
  const { call } = await talk.ask("list files");
  expect(commandOf(call)).toEqual(["bash", "-lc", "ls"]);
  expect((await talk.afterOutput(call, "a")).call).toBeUndefined();
});

test("without the tool that it needs it says so", async () => {
  const { text, call } = await new Conversation(TOOLS.slice(1)).ask("run ls");
  expect(call).toBeUndefined();
  expect(text).toBe("I cannot run `ls`: I have no tool named shell here.");
});

test("asked beside the conversation, it explains a call or sums up", async () => {
  const explained = await new Conversation([]).ask(
    'The call to explain:\n\nshell({"command":["bash","-lc","rm -r build"]})',
  );
  expect(explained.text).toBe("This call of shell runs `rm -r build`.");
  const summed = await new Conversation([]).ask("long ".repeat(1000));
  expect(summed.text.length).toBeLessThan(500);
});
