import { describe, expect, it } from "vitest";
import type { ServerBody, ServerMessage } from "../../contract/message.ts";
import { answered, type Conversation, dropped, EMPTY, receive, said } from "./conversation.ts";
import type { CallEntry, Entry } from "./entries.ts";

/** Ids as the server makes them, 100 ms apart. */
const idAt = (step: number) => {
  const time = (1_700_000_000_000 + step * 100).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
};

/** A conversation to which messages come one by one, each with the next number. */
class Told {
  conversation = EMPTY;
  #seq = 0;

  tell(body: ServerBody, more: { id?: string; seq?: number } = {}): Conversation {
    this.#seq += 1;
    const message = { id: idAt(this.#seq), seq: this.#seq, ...body, ...more } as ServerMessage;
    this.conversation = receive(this.conversation, message);
    return this.conversation;
  }

  change(to: (before: Conversation) => Conversation): void {
    this.conversation = to(this.conversation);
  }

  delta(
    itemId: string,
    text: string,
    kind: "text" | "reasoning" | "arguments" | "output" = "text",
    callId?: string,
  ) {
    const payload = { itemId, kind, delta: text, ...(callId !== undefined && { callId }) };
    return this.tell({ type: "response_delta", payload });
  }

  assistant(id: string, text: string, more: object = {}) {
    const content = [{ type: "output_text" as const, text }];
    return this.tell({
      type: "response_item",
      payload: { type: "message", role: "assistant", id, content, ...more },
    });
  }

  user(id: string, text: string, more: object = {}) {
    const content = [{ type: "input_text" as const, text }];
    return this.tell({
      type: "response_item",
      payload: { type: "message", role: "user", id, content, ...more },
    });
  }

  call(id: string, callId: string, args: object = { command: ["ls"] }) {
    return this.tell({
      type: "response_item",
      payload: { type: "function_call", id, call_id: callId, name: "shell", arguments: JSON.stringify(args) },
    });
  }

  output(callId: string, output: string, metadata: object = { exit_code: 0, duration_seconds: 0.4 }) {
    return this.tell({
      type: "response_item",
      payload: {
        type: "function_call_output",
        call_id: callId,
        output: JSON.stringify({ output, metadata }),
      },
    });
  }

  ask(requestId: string, callId: string, more: object = {}) {
    const payload = {
      command: ["ls"],
      callId,
      tool: "shell",
      cwd: "/w",
      reason: "why",
      risk: "low" as const,
    };
    return this.tell(
      { type: "approval_request", payload: { ...payload, expiresAt: "2030-01-01T00:00:00Z", ...more } },
      { id: requestId },
    );
  }

  resolve(requestId: string, review: "YES" | "NO" | "NO_CONTINUE" | "ALWAYS" | "EXPLAIN", client = "c7") {
    return this.tell({
      type: "approval_resolved",
      payload: { requestId, review, decidedBy: "client", client },
    });
  }

  started(callId: string, more: object = { command: ["ls"] }) {
    const payload = { kind: "tool_started" as const, callId, name: "shell", cwd: "/w", ...more };
    return this.tell({ type: "status", payload });
  }

  begin() {
    return this.tell({ type: "loading_state", payload: { loading: true } });
  }

  end(status: "completed" | "cancelled" | "failed" = "completed") {
    this.tell({ type: "loading_state", payload: { loading: false } });
    return this.tell({ type: "agent_finished", payload: { responseId: "r", status } });
  }

  responded(responseId: string, more: object = {}) {
    const usage = {
      input_tokens: 100,
      cached_input_tokens: 0,
      cache_write_input_tokens: 0,
      output_tokens: 10,
      reasoning_output_tokens: 0,
      cost_usd: 0.5,
    };
    const payload = {
      kind: "response_finished" as const,
      responseId,
      provider: "scripted" as const,
      model: "m",
      usage,
    };
    return this.tell({ type: "status", payload: { ...payload, ...more } });
  }

  attach(state: "idle" | "running", head_seq: number) {
    const payload = {
      session_id: "a".repeat(32),
      model: "scripted",
      provider: "scripted" as const,
      workspace: "/w",
      approvalPolicy: "suggest" as const,
      sandbox: "workspace-write" as const,
      state,
      head_seq,
      server_version: "0",
    };
    return this.tell({ type: "session_info", payload });
  }
}

const kinds = ({ entries }: Conversation) => entries.map(({ kind }) => kind);
const texts = ({ entries }: Conversation) =>
  entries.flatMap((entry) => ("text" in entry ? [entry.text] : []));
const callsOf = ({ entries }: Conversation) =>
  entries.filter((entry): entry is CallEntry => entry.kind === "call");

describe("text", () => {
  it("grows by its deltas, and the finished item has the last word", () => {
    const told = new Told();
    told.delta("m1", "Hel");
    told.delta("m1", "lo");
    expect(told.conversation.entries).toEqual([
      { kind: "assistant", key: "m1", text: "Hello", state: "streaming" },
    ]);
    told.assistant("m1", "Hello, world");
    expect(told.conversation.entries).toEqual([
      { kind: "assistant", key: "m1", text: "Hello, world", state: "finished" },
    ]);
  });

  it("of several items grows beside each other", () => {
    const told = new Told();
    told.delta("r1", "Hm", "reasoning");
    told.delta("m1", "A");
    told.delta("r1", "m", "reasoning");
    expect(texts(told.conversation)).toEqual(["Hmm", "A"]);
    expect(kinds(told.conversation)).toEqual(["reasoning", "assistant"]);
  });

  it("that was begun is gone when the model is asked again", () => {
    const told = new Told();
    told.assistant("m0", "before");
    told.delta("m1", "lost");
    told.delta("f1", '{"comm', "arguments", "c1");
    told.tell({
      type: "status",
      payload: { kind: "retrying", inMs: 4000, reason: "overloaded", attempt: 1 },
    });
    expect(kinds(told.conversation)).toEqual(["assistant", "note"]);
    expect(told.conversation.entries[1]).toMatchObject({ until: 1_700_000_000_400 + 4000 });
  });

  it("that never finished stays, and is marked as cut when the turn ends", () => {
    const told = new Told();
    told.begin();
    told.delta("m1", "half a sen");
    told.end("failed");
    expect(told.conversation.entries[0]).toMatchObject({ text: "half a sen", state: "cut" });
    expect(told.conversation.isRunning).toBe(false);
  });

  it("that was thought and not told is not shown", () => {
    const told = new Told();
    told.tell({ type: "response_item", payload: { type: "reasoning", id: "r1", summary: [] } });
    expect(told.conversation.entries).toEqual([]);
  });
});

describe("what is said here", () => {
  it("waits until it is taken in, in whatever order", () => {
    const told = new Told();
    told.change((before) => said(said(before, { id: "1", text: "one" }), { id: "2", text: "two" }));
    told.begin();
    told.user("u1", "one");
    expect(told.conversation.waiting).toEqual([{ id: "2", text: "two", state: "waiting" }]);
    told.user("u0", "somebody else's");
    told.user("u2", "two");
    expect(told.conversation.waiting).toEqual([]);
    expect(texts(told.conversation)).toEqual(["one", "somebody else's", "two"]);
  });

  it("is found again when a secret in it was replaced", () => {
    const told = new Told();
    told.change((before) => said(before, { id: "1", text: "the key is sk-1" }));
    told.user("u1", "the key is [redacted:OPENAI_API_KEY]");
    expect(told.conversation.waiting).toEqual([]);
  });

  it("is refused when its turn fails before it was taken in", () => {
    const told = new Told();
    told.change((before) => said(said(before, { id: "1", text: "one" }), { id: "2", text: "two" }));
    told.begin();
    told.tell({ type: "error", payload: { message: "unknown model", details: { code: "unknown_model" } } });
    told.end("failed");
    expect(told.conversation.waiting.map(({ state }) => state)).toEqual(["refused", "waiting"]);
    told.change((before) => dropped(before, "1"));
    expect(told.conversation.waiting).toHaveLength(1);
  });

  it("is refused by an error that comes while nothing runs", () => {
    const told = new Told();
    told.change((before) => said(before, { id: "1", text: "one" }));
    told.tell({ type: "error", payload: { message: "full", details: { code: "log_unavailable" } } });
    expect(told.conversation.waiting[0]?.state).toBe("refused");
  });

  it("is not what files of the workspace say", () => {
    const told = new Told();
    told.change((before) => said(before, { id: "1", text: "be brief" }));
    told.user("u0", "be brief", { standing: true });
    expect(told.conversation.waiting).toHaveLength(1);
    expect(told.conversation.entries[0]).toMatchObject({ isInstruction: true });
  });
});

describe("a call", () => {
  it("is written, asked for, started, and done", () => {
    const told = new Told();
    const states: (string | undefined)[] = [];
    const note = () => states.push(callsOf(told.conversation)[0]?.state);
    told.delta("f1", '{"command":', "arguments", "c1");
    note();
    told.call("f1", "c1");
    note();
    told.ask("q1", "c1");
    note();
    told.resolve("q1", "YES");
    note();
    told.started("c1");
    told.delta("o1", "file\n", "output", "c1");
    note();
    told.output("c1", "file\n");
    note();
    expect(states).toEqual(["writing", "waiting", "asked", "waiting", "running", "done"]);
    expect(callsOf(told.conversation)).toHaveLength(1);
    expect(callsOf(told.conversation)[0]).toMatchObject({
      command: ["ls"],
      cwd: "/w",
      output: "file\n",
      exitCode: 0,
      durationMs: 400,
      decision: { review: "YES", by: "client", client: "c7" },
    });
  });

  it("goes beside others, each with its own output", () => {
    const told = new Told();
    told.call("f1", "c1");
    told.call("f2", "c2");
    told.started("c1");
    told.started("c2");
    told.delta("o2", "two", "output", "c2");
    told.delta("o1", "one", "output", "c1");
    told.output("c2", "two", { exit_code: 3, duration_seconds: 0 });
    expect(callsOf(told.conversation).map(({ state, output }) => [state, output])).toEqual([
      ["running", "one"],
      ["failed", "two"],
    ]);
  });

  it("that never started says so", () => {
    const told = new Told();
    told.call("f1", "c1");
    told.output("c1", "There is no tool of this name.", { exit_code: 1, duration_seconds: 0 });
    expect(callsOf(told.conversation)[0]?.state).toBe("unrun");
  });

  it("keeps what was seen of it when the model was told less", () => {
    const told = new Told();
    told.call("f1", "c1");
    told.started("c1");
    told.delta("o1", "a".repeat(100), "output", "c1");
    told.output("c1", "a … a", { exit_code: 0, duration_seconds: 1, truncated: true });
    expect(callsOf(told.conversation)[0]?.output).toHaveLength(100);
  });

  it("with a patch that was edited shows what runs", () => {
    const file = (diff: string) => ({ path: "x", kind: "add" as const, diff, before_sha256: null });
    const told = new Told();
    told.call("f1", "c1", { input: "patch" });
    told.ask("q1", "c1", { files: [file("+asked")], applyPatch: { patch: "p" } });
    told.resolve("q1", "YES");
    told.started("c1", { files: [file("+edited")] });
    expect(callsOf(told.conversation)[0]?.files?.[0]?.diff).toBe("+edited");
  });

  it("whose output is no JSON is shown as it is", () => {
    const told = new Told();
    told.call("f1", "c1");
    told.tell({
      type: "response_item",
      payload: { type: "function_call_output", call_id: "c1", output: "plain [1" },
    });
    expect(callsOf(told.conversation)[0]).toMatchObject({ output: "plain [1", exitCode: null });
  });
});

describe("a request for approval", () => {
  const asked = () => {
    const told = new Told();
    told.begin();
    told.call("f1", "c1");
    told.ask("q1", "c1");
    return told;
  };

  it("is answered once: what is clicked after that changes nothing", () => {
    const told = asked();
    told.change((before) => answered(before, "q1", "YES"));
    const { approval } = told.conversation;
    expect(approval).toMatchObject({ state: "answered", review: "YES" });
    told.change((before) => answered(before, "q1", "NO"));
    expect(told.conversation.approval).toBe(approval);
  });

  it("is gone when somebody has answered, and says who", () => {
    const ours = asked();
    ours.change((before) => answered(before, "q1", "YES"));
    ours.resolve("q1", "YES");
    expect(ours.conversation.approval).toBeUndefined();
    expect(callsOf(ours.conversation)[0]?.decision?.by).toBe("you");

    const theirs = asked();
    theirs.change((before) => answered(before, "q1", "YES"));
    theirs.resolve("q1", "NO_CONTINUE");
    expect(callsOf(theirs.conversation)[0]).toMatchObject({ state: "declined", decision: { by: "client" } });
  });

  it("is open again after an explanation, which belongs to no turn", () => {
    const told = asked();
    told.change((before) => answered(before, "q1", "EXPLAIN"));
    told.resolve("q1", "EXPLAIN");
    expect(told.conversation.approval?.state).toBe("explaining");
    told.assistant("m1", "It lists files.", { aside: true });
    told.responded("", { aside: true });
    told.ask("q1", "c1");
    expect(told.conversation.approval).toMatchObject({ state: "asked", isExplained: true });
    expect(told.conversation.entries.at(-1)).toMatchObject({ kind: "explanation", text: "It lists files." });
  });

  it("is open again with the reason when an edited patch does not fit", () => {
    const told = asked();
    told.change((before) => answered(before, "q1", "YES"));
    told.tell({ type: "error", payload: { message: "The edited patch cannot be applied: no such line" } });
    told.ask("q1", "c1");
    expect(told.conversation.approval).toMatchObject({
      state: "asked",
      problem: "The edited patch cannot be applied: no such line",
    });
    expect(kinds(told.conversation)).toEqual(["call"]);
    told.change((before) => answered(before, "q1", "YES"));
    expect(told.conversation.approval).not.toHaveProperty("problem");
  });

  it("is gone when the turn ends, whatever became of it", () => {
    const told = asked();
    told.end("cancelled");
    expect(told.conversation.approval).toBeUndefined();
    expect(callsOf(told.conversation)[0]?.state).toBe("unrun");
  });

  it("of the past is none: the session was idle when we came", () => {
    const told = new Told();
    told.attach("idle", 10);
    told.begin();
    told.call("f1", "c1");
    told.ask("q1", "c1");
    expect(told.conversation.approval).toBeUndefined();
    expect(told.conversation.isRunning).toBe(false);
  });

  it("of a turn that runs is open for who comes to it", () => {
    const told = new Told();
    told.attach("running", 10);
    told.call("f1", "c1");
    told.ask("q1", "c1");
    expect(told.conversation).toMatchObject({ isRunning: true, approval: { requestId: "q1" } });
  });

  it("that was answered while we were away is closed when we come back", () => {
    const told = asked();
    told.attach("idle", 20);
    expect(told.conversation).toMatchObject({ approval: undefined, isRunning: false });
  });
});

describe("the conversation", () => {
  it("counts the tokens and the money of every response, explanations too", () => {
    const told = new Told();
    told.responded("r1");
    told.responded("r2", { aside: true });
    expect(told.conversation.usage).toEqual({ input_tokens: 200, output_tokens: 20, cost_usd: 1 });
    expect(told.conversation.responses).toBe(1);
  });

  it("does not know its cost when it does not know one price", () => {
    const told = new Told();
    told.responded("r1");
    const usage = { input_tokens: 1, cached_input_tokens: 0, cache_write_input_tokens: 0, output_tokens: 1 };
    told.responded("r2", { usage: { ...usage, reasoning_output_tokens: 0, cost_usd: null } });
    expect(told.conversation.usage?.cost_usd).toBeNull();
  });

  it("folds away what it went back from", () => {
    const told = new Told();
    told.begin();
    told.user("u1", "one");
    told.assistant("m1", "first");
    told.responded("r1");
    told.end();
    told.begin();
    told.user("u2", "two");
    told.assistant("m2", "second");
    told.responded("r2");
    told.end();
    told.begin();
    told.tell({ type: "status", payload: { kind: "rewound", responseId: "r1" } });
    told.user("u3", "three");
    expect(kinds(told.conversation)).toEqual(["user", "assistant", "rewound", "user"]);
    const folded = told.conversation.entries[2] as Extract<Entry, { kind: "rewound" }>;
    expect(folded.entries.map(({ kind }) => kind)).toEqual(["note", "user", "assistant", "note"]);
  });

  it("tells of its changes in quiet lines", () => {
    const told = new Told();
    const compacted = {
      oldTokenCount: 84_000,
      newTokenCount: 12_000,
      reductionPercent: 86,
      strategy: "threshold",
    };
    told.tell({ type: "status", payload: { kind: "forked", from: "b".repeat(32) } });
    told.tell({ type: "status", payload: { kind: "named", name: "Disks" } });
    told.tell({ type: "context_compacted", payload: compacted });
    told.tell({
      type: "status",
      payload: { kind: "model_changed", model: "claude", provider: "anthropic", reason: "the other is down" },
    });
    told.tell({ type: "status", payload: { kind: "archived", archived: true } });
    expect(texts(told.conversation)).toEqual([
      "This conversation began as a copy of another session.",
      "Named “Disks”.",
      "Older parts were summarised: 84k → 12k tokens.",
      "Goes on with claude, because: the other is down",
      "Archived.",
    ]);
    expect(told.conversation).toMatchObject({ name: "Disks", model: "claude" });
  });

  it("says how long a turn took and what it cost", () => {
    const told = new Told();
    told.begin();
    const usage = {
      input_tokens: 1200,
      cached_input_tokens: 0,
      cache_write_input_tokens: 0,
      output_tokens: 34,
      reasoning_output_tokens: 0,
      cost_usd: 0.0123,
    };
    told.tell({ type: "agent_finished", payload: { responseId: "r", status: "completed", usage } });
    expect(texts(told.conversation)).toEqual(["Done · 100 ms · 1.2k tokens · $0.0123"]);
  });
});
