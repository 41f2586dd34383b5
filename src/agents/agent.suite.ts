import { existsSync } from "node:fs";
import { mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Agent, AgentOutput, ApprovalAnswer, UserInput } from "../contract/agent.ts";
import type { ResponseItem } from "../contract/item.ts";
import type { LogLine } from "../contract/log.ts";
import type { ApprovalPolicy, Review, ServerBody } from "../contract/message.ts";
import type { ModelRequest } from "../contract/model.ts";
import type { Respond } from "../models/scripted/model.ts";
import type { ScriptedResponse } from "../models/scripted/script.ts";
import { InputQueue } from "../sessions/input-queue.ts";

export interface AgentSetup {
  script: readonly ScriptedResponse[] | Respond;
  workspace: string;
  policy: ApprovalPolicy;
  approvalTimeoutMs: number;
}

export interface AgentBed {
  agent: Agent;
  /** What the model was asked. */
  requests: readonly ModelRequest[];
  close(): Promise<void>;
}

type Body<Type extends ServerBody["type"]> = Extract<ServerBody, { type: Type }>["payload"];

/** What was said, with ways to look at it. */
class Said {
  readonly outputs: AgentOutput[] = [];
  status = "running";

  of<Type extends ServerBody["type"]>(type: Type): Body<Type>[] {
    return this.outputs.flatMap(({ body }) => (body.type === type ? [body.payload as Body<Type>] : []));
  }

  items<Type extends ResponseItem["type"]>(type: Type): Extract<ResponseItem, { type: Type }>[] {
    return this.of("response_item").filter(
      (item): item is Extract<ResponseItem, { type: Type }> => item.type === type,
    );
  }

  statuses(kind: string) {
    return this.of("status").filter((status) => status.kind === kind);
  }

  /** What the calls came to, in order. */
  results() {
    return this.items("function_call_output").map(
      ({ output }) => JSON.parse(output) as { output: string; metadata: { exit_code: number | null } },
    );
  }

  texts(): string[] {
    return this.items("message")
      .filter(({ role, aside }) => role === "assistant" && aside !== true)
      .map(textOf);
  }
}

const textOf = ({ content }: Extract<ResponseItem, { type: "message" }>) =>
  content.map((part) => ("text" in part ? part.text : "")).join("");

const words = (items: readonly ResponseItem[]) =>
  items.map((item) => (item.type === "message" ? textOf(item) : JSON.stringify(item))).join("\n");

const say = (text: string, more: Partial<UserInput> = {}): UserInput => ({
  items: [{ type: "message", role: "user", content: [{ type: "input_text", text }] }],
  ...more,
});

const run = (command: string) => ({
  call: { name: "shell", arguments: { command: ["bash", "-lc", command] } },
});

const add = (path: string, line: string) => ({
  call: {
    name: "apply_patch",
    arguments: { input: `*** Begin Patch\n*** Add File: ${path}\n+${line}\n*** End Patch` },
  },
});

const reply = (review: Review, more: Partial<ApprovalAnswer> = {}): ApprovalAnswer => ({
  review,
  client: "c1",
  ...more,
});

interface Turn {
  input: UserInput;
  signal?: AbortSignal;
  inbox?: InputQueue;
  onOutput?: (output: AgentOutput) => void;
}

/** Runs a turn to its end. */
async function turn(
  agent: Agent,
  { input, signal = new AbortController().signal, inbox = new InputQueue(), onOutput }: Turn,
) {
  const said = new Said();
  inbox.push(input);
  const outputs = agent.run(inbox, signal);
  for (let next = await outputs.next(); ; next = await outputs.next()) {
    if (next.done) {
      said.status = next.value;
      return said;
    }
    said.outputs.push(next.value);
    onOutput?.(next.value);
  }
}

/** Answers the requests of a turn, one after the other. */
const answering =
  (agent: Agent, ...answers: ApprovalAnswer[]) =>
  ({ body }: AgentOutput) => {
    if (body.type !== "approval_request") return;
    const next = answers.shift();
    if (next) agent.answer(next);
  };

/** What a session's log would have of it. */
async function* asLog(...turns: Said[]): AsyncGenerator<LogLine> {
  const bodies = turns.flatMap(({ outputs }) => outputs.map(({ body }) => body));
  for (const [seq, body] of bodies.entries()) {
    if (body.type === "response_delta") continue;
    const message_data = { id: `m${seq}`, ...body };
    yield { timestamp: "", event_type: "websocket_message_sent", direction: "outgoing", message_data, seq };
  }
}

/** What holds for every agent: whoever is behind a session's door need not know which one it is. */
export function agentSuite(name: string, createBed: (setup: AgentSetup) => Promise<AgentBed>): void {
  async function setUp(script: AgentSetup["script"], more: Partial<AgentSetup> = {}) {
    const workspace = more.workspace ?? (await realpath(await mkdtemp(join(tmpdir(), "agentloop-agent-"))));
    const bed = await createBed({ script, policy: "suggest", approvalTimeoutMs: 60_000, ...more, workspace });
    onTestFinished(async () => {
      await bed.close();
      await rm(workspace, { recursive: true, force: true });
    });
    return { ...bed, workspace };
  }

  describe(`an agent: ${name}`, () => {
    it("streams text, then tells the finished message and what it took", async () => {
      const { agent } = await setUp([[{ text: "one two three", deltas: 3 }]]);
      const said = await turn(agent, { input: say("go") });
      expect(said.status).toBe("completed");
      expect(said.texts()).toEqual(["one two three"]);
      const deltas = said.of("response_delta");
      expect(deltas.map(({ delta }) => delta).join("")).toBe("one two three");
      expect(new Set(deltas.map(({ itemId }) => itemId))).toEqual(
        new Set([said.items("message").at(-1)?.id]),
      );
      expect(said.items("message").map(({ role }) => role)).toEqual(["user", "assistant"]);
      const [finished] = said.statuses("response_finished");
      expect(finished).toMatchObject({ responseId: agent.lastResponseId });
      expect(agent.contextInfo().tokenCount).toBeGreaterThan(0);
    });

    it("tells what the model thought as an item of its own", async () => {
      const { agent } = await setUp([[{ reasoning: "hm" }, { text: "done" }]]);
      const said = await turn(agent, { input: say("go") });
      expect(said.items("reasoning").map(({ summary }) => summary)).toEqual([
        [{ type: "summary_text", text: "hm" }],
      ]);
      expect(said.texts()).toEqual(["done"]);
    });

    it("runs a command that only reads without asking, and its model reads the output", async () => {
      const { agent, requests, workspace } = await setUp([[run("ls")], [{ text: "done" }]]);
      await writeFile(join(workspace, "seen.txt"), "");
      const said = await turn(agent, { input: say("go") });
      expect(said.of("approval_request")).toEqual([]);
      expect(said.statuses("tool_started")).toMatchObject([{ name: "shell", cwd: workspace }]);
      expect(said.results()).toMatchObject([{ output: "seen.txt\n", metadata: { exit_code: 0 } }]);
      expect(words(requests[1]?.items ?? [])).toContain("seen.txt");
    });

    it("tells the exit code of a command that fails", async () => {
      const { agent } = await setUp([[run("ls missing.txt")], [{ text: "done" }]]);
      const said = await turn(agent, { input: say("go") });
      expect(said.results()).toMatchObject([{ metadata: { exit_code: 2 } }]);
      expect(said.results()[0]?.output).toContain("missing.txt");
    });

    it("YES runs a command, and the start is told between the answer and the output", async () => {
      const { agent, workspace } = await setUp([[run("echo hi > new.txt")], [{ text: "done" }]]);
      const said = await turn(agent, { input: say("go"), onOutput: answering(agent, reply("YES")) });
      expect(said.of("approval_request")).toMatchObject([
        { tool: "shell", command: ["bash", "-lc", "echo hi > new.txt"], cwd: workspace },
      ]);
      const order = said.outputs.flatMap(({ body }) => {
        if (body.type === "status" && body.payload.kind === "tool_started") return ["started"];
        if (body.type === "response_item") return [body.payload.type];
        return body.type.startsWith("approval") ? [body.type] : [];
      });
      expect(order.slice(1)).toEqual([
        "function_call",
        "approval_request",
        "approval_resolved",
        "started",
        "function_call_output",
        "message",
      ]);
      expect(await readFile(join(workspace, "new.txt"), "utf8")).toBe("hi\n");
    });

    it("NO ends the turn, and nothing has run", async () => {
      const { agent, workspace, requests } = await setUp([[run("touch no.txt")], [{ text: "after" }]]);
      const said = await turn(agent, { input: say("go"), onOutput: answering(agent, reply("NO")) });
      expect(said.status).toBe("cancelled");
      expect(said.results()[0]?.output).toContain("declined");
      expect(said.statuses("tool_started")).toEqual([]);
      expect(requests).toHaveLength(1);
      expect(existsSync(join(workspace, "no.txt"))).toBe(false);
      expect((await turn(agent, { input: say("again") })).texts()).toEqual(["after"]);
    });

    it("NO_CONTINUE denies, and the model reads why and goes on", async () => {
      const { agent, workspace, requests } = await setUp([[run("touch no.txt")], [{ text: "after" }]]);
      const answer = reply("NO_CONTINUE", { denyMessage: "use the left one" });
      const said = await turn(agent, { input: say("go"), onOutput: answering(agent, answer) });
      expect(said.status).toBe("completed");
      expect(said.results()[0]?.output).toContain("use the left one");
      expect(words(requests[1]?.items ?? [])).toContain("use the left one");
      expect(said.texts()).toEqual(["after"]);
      expect(existsSync(join(workspace, "no.txt"))).toBe(false);
    });

    it("ALWAYS runs the same again without asking, and nothing else", async () => {
      const { agent, workspace } = await setUp([
        [run("echo x >> a.txt")],
        [run("echo x >> a.txt")],
        [run("echo x >> b.txt")],
        [{ text: "done" }],
      ]);
      const onOutput = answering(agent, reply("ALWAYS"), reply("NO_CONTINUE"));
      const said = await turn(agent, { input: say("go"), onOutput });
      expect(said.of("approval_request").map(({ command }) => command[2])).toEqual([
        "echo x >> a.txt",
        "echo x >> b.txt",
      ]);
      expect(await readFile(join(workspace, "a.txt"), "utf8")).toBe("x\nx\n");
      expect(existsSync(join(workspace, "b.txt"))).toBe(false);
    });

    it("EXPLAIN runs nothing, says what the call does, and asks the same again", async () => {
      const explained: Respond = ({ tools }, index) => {
        if (tools.length === 0) return [{ text: "It makes a file." }];
        return index === 0 ? [run("touch it.txt")] : [{ text: "done" }];
      };
      const { agent, workspace } = await setUp(explained);
      const onOutput = answering(agent, reply("EXPLAIN"), reply("YES"));
      const said = await turn(agent, { input: say("go"), onOutput });
      const asked = said.outputs.filter(({ body }) => body.type === "approval_request");
      expect(asked).toHaveLength(2);
      expect(new Set(asked.map(({ id }) => id)).size).toBe(1);
      const asides = said.items("message").filter(({ aside }) => aside === true);
      expect(asides).toHaveLength(1);
      expect(existsSync(join(workspace, "it.txt"))).toBe(true);
    });

    it("asks for a patch with the diff of each file, and applies it", async () => {
      const { agent, workspace } = await setUp([[add("new.txt", "first line")], [{ text: "done" }]]);
      const said = await turn(agent, { input: say("go"), onOutput: answering(agent, reply("YES")) });
      const [request] = said.of("approval_request");
      expect(request).toMatchObject({ tool: "apply_patch", files: [{ path: "new.txt", kind: "add" }] });
      expect(request?.files?.[0]?.diff).toContain("+first line");
      expect(said.statuses("tool_started")).toMatchObject([
        { name: "apply_patch", files: [{ kind: "add" }] },
      ]);
      expect(said.results()).toMatchObject([{ metadata: { exit_code: 0 } }]);
      expect(await readFile(join(workspace, "new.txt"), "utf8")).toBe("first line\n");
    });

    it("does not ask for a patch outside the workspace: it is not applied, and the model is told", async () => {
      const outside = join(tmpdir(), `agentloop-outside-${process.pid}.txt`);
      const { agent } = await setUp([[add(outside, "x")], [{ text: "done" }]]);
      const said = await turn(agent, { input: say("go") });
      expect(said.of("approval_request")).toEqual([]);
      expect(said.results()[0]?.output).toMatch(/workspace/);
      expect(said.texts()).toEqual(["done"]);
      expect(existsSync(outside)).toBe(false);
    });

    it("auto-edit applies patches unasked, and asks for commands", async () => {
      const script = [[add("new.txt", "x")], [run("touch no.txt")], [{ text: "done" }]];
      const { agent, workspace } = await setUp(script, { policy: "auto-edit" });
      const said = await turn(agent, { input: say("go"), onOutput: answering(agent, reply("NO_CONTINUE")) });
      expect(said.of("approval_request").map(({ tool }) => tool)).toEqual(["shell"]);
      expect(existsSync(join(workspace, "new.txt"))).toBe(true);
      expect(existsSync(join(workspace, "no.txt"))).toBe(false);
    });

    it("full-auto asks nobody", async () => {
      const script = [[add("new.txt", "x")], [run("echo y >> new.txt")], [{ text: "done" }]];
      const { agent, workspace } = await setUp(script, { policy: "full-auto" });
      const said = await turn(agent, { input: say("go") });
      expect(said.of("approval_request")).toEqual([]);
      expect(said.statuses("tool_started").map((status) => "name" in status && status.name)).toEqual([
        "apply_patch",
        "shell",
      ]);
      expect(await readFile(join(workspace, "new.txt"), "utf8")).toBe("x\ny\n");
    });

    it("a question that nobody answers is a no, and the model goes on", async () => {
      const script = [[run("touch no.txt")], [{ text: "after" }]];
      const { agent, workspace } = await setUp(script, { approvalTimeoutMs: 20 });
      const said = await turn(agent, { input: say("go") });
      expect(said.of("approval_resolved")).toMatchObject([{ review: "NO_CONTINUE", decidedBy: "timeout" }]);
      expect(said.texts()).toEqual(["after"]);
      expect(existsSync(join(workspace, "no.txt"))).toBe(false);
    });

    it("an answer to nothing is refused", async () => {
      const { agent } = await setUp([]);
      expect(() => agent.answer(reply("YES"))).toThrow(/No approval request is open/);
    });

    it("stops while the model speaks: what it had said stays", async () => {
      const slow = [{ text: "first words of many", deltas: 4, delayMs: 400 }];
      const { agent, requests } = await setUp([slow, [{ text: "after" }]]);
      const stop = new AbortController();
      const onOutput = ({ body }: AgentOutput) => {
        if (body.type === "response_delta") stop.abort(new DOMException("", "AbortError"));
      };
      const said = await turn(agent, { input: say("go"), signal: stop.signal, onOutput });
      expect(said.status).toBe("cancelled");
      expect(said.items("message").at(-1)).toMatchObject({ role: "assistant", status: "incomplete" });
      expect("first words of many").toContain(said.texts()[0]);
      expect((await turn(agent, { input: say("again") })).texts()).toEqual(["after"]);
      expect(requests).toHaveLength(2);
    });

    it("stops while it asks: the question is closed, and nothing has run", async () => {
      const { agent, workspace } = await setUp([[run("touch no.txt")], [{ text: "after" }]]);
      const stop = new AbortController();
      const onOutput = ({ body }: AgentOutput) => {
        if (body.type === "approval_request") stop.abort(new DOMException("", "AbortError"));
      };
      const said = await turn(agent, { input: say("go"), signal: stop.signal, onOutput });
      expect(said.status).toBe("cancelled");
      expect(said.of("approval_resolved")).toMatchObject([{ decidedBy: "cancel" }]);
      expect(said.results()).toHaveLength(1);
      expect(existsSync(join(workspace, "no.txt"))).toBe(false);
      expect((await turn(agent, { input: say("again") })).texts()).toEqual(["after"]);
    });

    it("stops while a command runs, which does not go on", async () => {
      const command = "trap '' TERM; while sleep 0.05; do date | tee alive.txt; done";
      const { agent, workspace } = await setUp([[run(command)], [{ text: "after" }]], {
        policy: "full-auto",
      });
      const stop = new AbortController();
      const onOutput = ({ body }: AgentOutput) => {
        if (body.type === "response_delta" && body.payload.kind === "output")
          stop.abort(new DOMException("", "AbortError"));
      };
      const said = await turn(agent, { input: say("go"), signal: stop.signal, onOutput });
      expect(said.status).toBe("cancelled");
      expect(said.results()).toHaveLength(1);
      await rm(join(workspace, "alive.txt"), { force: true });
      expect((await turn(agent, { input: say("again") })).texts()).toEqual(["after"]);
      expect(existsSync(join(workspace, "alive.txt"))).toBe(false);
    });

    it("takes in what is said while it works, before it asks its model again", async () => {
      const { agent, requests } = await setUp([[run("touch it.txt")], [{ text: "done" }]]);
      const inbox = new InputQueue();
      const onOutput = ({ body }: AgentOutput) => {
        if (body.type !== "approval_request") return;
        inbox.push(say("and hurry"));
        agent.answer(reply("YES"));
      };
      const said = await turn(agent, { input: say("go"), inbox, onOutput });
      expect(words(requests[1]?.items ?? [])).toContain("and hurry");
      expect(said.texts()).toEqual(["done"]);
      expect(said.items("message").filter(({ role }) => role === "user")).toHaveLength(2);
    });

    it("answers what is said at its end in the same turn", async () => {
      const { agent } = await setUp([[{ text: "one" }], [{ text: "two" }]]);
      const inbox = new InputQueue();
      const onOutput = ({ body }: AgentOutput) => {
        if (body.type === "status" && body.payload.kind === "response_finished" && inbox.isEmpty && !asked) {
          asked = true;
          inbox.push(say("and?"));
        }
      };
      let asked = false;
      const said = await turn(agent, { input: say("go"), inbox, onOutput });
      expect(said.texts()).toEqual(["one", "two"]);
    });

    it("goes on from a log, with calls and their outputs", async () => {
      const first = await setUp([[run("ls")], [{ text: "former answer" }]]);
      await writeFile(join(first.workspace, "seen.txt"), "");
      const former = await turn(first.agent, { input: say("former question") });
      const second = await setUp([[{ text: "done" }]]);
      await second.agent.restore(asLog(former));
      expect(second.agent.lastResponseId).toBe(first.agent.lastResponseId);
      const said = await turn(second.agent, { input: say("next") });
      expect(said.texts()).toEqual(["done"]);
      const seen = second.requests[0]?.items ?? [];
      expect(seen.map(({ type }) => type)).toEqual([
        "message",
        "function_call",
        "function_call_output",
        "message",
        "message",
      ]);
      for (const word of ["former question", "seen.txt", "former answer", "next"])
        expect(words(seen)).toContain(word);
    });

    it("goes back to an earlier response: what came after it is forgotten", async () => {
      const { agent, requests } = await setUp([[{ text: "one" }], [{ text: "two" }], [{ text: "three" }]]);
      await turn(agent, { input: say("a") });
      const previousResponseId = agent.lastResponseId;
      await turn(agent, { input: say("b") });
      const said = await turn(agent, { input: say("c", { previousResponseId }) });
      expect(said.statuses("rewound")).toHaveLength(1);
      const seen = words(requests[2]?.items ?? []);
      expect(seen).toBe("a\none\nc");
    });

    it("fails a turn with the provider's reason, and the next one works", async () => {
      const respond: Respond = ({ items }) =>
        words(items).endsWith("fail")
          ? [{ error: { code: "provider_auth", message: "the key is not valid" } }]
          : [{ text: "done" }];
      const { agent } = await setUp(respond);
      await expect(turn(agent, { input: say("fail") })).rejects.toMatchObject({ code: "provider_auth" });
      expect((await turn(agent, { input: say("again") })).texts()).toEqual(["done"]);
    });

    it("refuses a response that is none of its own", async () => {
      const { agent } = await setUp([[{ text: "one" }]]);
      await turn(agent, { input: say("a") });
      const input = say("b", { previousResponseId: "resp_other" });
      await expect(turn(agent, { input })).rejects.toMatchObject({ code: "unknown_response" });
    });
  });
}
