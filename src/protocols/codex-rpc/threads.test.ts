import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { Places } from "../../places.ts";
import { createUnconfinedSandbox } from "../../sandboxes/unconfined.ts";
import { at, type CodexClient } from "../../testing/codex-client.ts";
import { checkAllMessages, createTestDoor } from "../../testing/codex-door.ts";
import { newFolder } from "../../testing/confined.ts";
import { TestClient } from "../../testing/test-session.ts";
import { toSessionId } from "./thread-id.ts";

checkAllMessages();

const DONE = [{ text: "done" }];

/** Begins a thread, and says these things in it one after the other. */
async function conversation(client: CodexClient, ...texts: string[]): Promise<string> {
  const { threadId } = await client.call("thread/start", {});
  for (const text of texts) {
    await client.call("turn/start", { threadId, input: [{ type: "text", text }] });
    await client.next("turn/completed");
  }
  return String(threadId);
}

const repeating = { script: () => DONE };

describe("a thread's folder, policy and sandbox", () => {
  async function inFolder() {
    const workspace = await newFolder();
    await mkdir(join(workspace, "inner"));
    const sandbox = { ...createUnconfinedSandbox(), mode: "workspace-write" as const };
    const places = new Places({
      own: { workspace, sandbox },
      roots: [],
      createSandbox: async (mode) => ({ ...sandbox, mode }),
    });
    const door = createTestDoor({
      ...repeating,
      options: { approvalPolicy: "auto-edit", openPlace: (asked) => places.open(asked) },
    });
    return { client: await door.ready(), workspace };
  }

  test.each([
    ["cwd", "/etc"],
    ["cwd", "/no/such/folder"],
    ["cwd", ".."],
    ["cwd", "a\0b"],
    ["sandbox", "danger-full-access"],
    ["approvalPolicy", "never"],
    ["approvalPolicy", "on-failure"],
    ["approvalPolicy", { granular: { rules: true } }],
    ["ephemeral", true],
    ["dynamicTools", []],
  ])("refuses %s %j", async (field, value) => {
    const { client } = await inFolder();
    expect((await client.ask("thread/start", { [field]: value })).error?.code).toBe(-32600);
    expect(client.methods()).toEqual([]);
  });

  test("may be a folder inside, and narrower ones", async () => {
    const { client, workspace } = await inFolder();
    const cwd = join(workspace, "inner");
    const asked = { cwd, sandbox: "read-only", approvalPolicy: "unlessTrusted" };
    const started = await client.call("thread/start", asked);
    expect(started).toMatchObject({ cwd, sandbox: { type: "readOnly" }, approvalPolicy: "on-request" });
    expect(started).toMatchObject({ thread: { cwd } });
  });

  test("are the ones of the thread for every turn: the same may be said again, others are refused", async () => {
    const { client, workspace } = await inFolder();
    const { threadId } = await client.call("thread/start", { approvalPolicy: "untrusted" });
    const input = [{ type: "text", text: "hi" }];
    const same = { cwd: workspace, approvalPolicy: "untrusted", sandboxPolicy: { type: "workspaceWrite" } };
    await client.call("turn/start", { threadId, input, ...same });
    await client.next("turn/completed");
    for (const other of [
      { cwd: "/etc" },
      { approvalPolicy: "never" },
      { sandboxPolicy: { type: "dangerFullAccess" } },
    ]) {
      expect((await client.ask("turn/start", { threadId, input, ...other })).error?.code).toBe(-32600);
      expect((await client.ask("thread/resume", { threadId, cwd: "/etc" })).error?.code).toBe(-32600);
    }
  });

  test("are taken again as they were told, also where the server's policy lies between two words", async () => {
    const { client } = await inFolder();
    const { threadId, approvalPolicy, cwd } = await client.call("thread/start", {});
    const input = [{ type: "text", text: "hi" }];
    await client.call("turn/start", { threadId, input, approvalPolicy, cwd });
    await client.next("turn/completed");
    await client.call("thread/resume", { threadId, approvalPolicy, cwd });
  });

  test("what is left out of what was asked for is told", async () => {
    const { client } = await inFolder();
    await client.call("thread/start", { developerInstructions: "Be brief.", config: { web_search: true } });
    expect((await client.next("warning"))["message"]).toContain("developerInstructions, config");
  });
});

describe("reading", () => {
  test("shows turns with their items, in pages from the end", async () => {
    const { ready } = createTestDoor(repeating);
    const client = await ready();
    const threadId = await conversation(client, "one", "two", "three");
    const asked = { threadId, limit: 2, itemsView: "full" };
    const first = await client.call("thread/turns/list", asked);
    expect(texts(first)).toEqual(["three", "two"]);
    const second = await client.call("thread/turns/list", { ...asked, cursor: first["nextCursor"] });
    expect(texts(second)).toEqual(["one"]);
    expect(second["nextCursor"]).toBeNull();
    const whole = await client.call("thread/read", { threadId, includeTurns: true });
    const turns = at(whole, "thread", "turns");
    expect(texts({ data: turns })).toEqual(["one", "two", "three"]);
    expect(at(turns, 0)).toMatchObject({ status: "completed", itemsView: "full" });
  });

  const texts = (page: Record<string, unknown>) =>
    (page["data"] as unknown[]).map((turn) => at(turn, "items", 0, "content", 0, "text"));

  test("shows items in their order, of one turn or of all", async () => {
    const { ready } = createTestDoor(repeating);
    const client = await ready();
    const threadId = await conversation(client, "one", "two");
    const { data } = await client.call("thread/items/list", { threadId });
    expect((data as unknown[]).map((entry) => at(entry, "item", "type"))).toEqual([
      "userMessage",
      "agentMessage",
      "userMessage",
      "agentMessage",
    ]);
    const turnId = at(data, 2, "turnId");
    const ofTurn = await client.call("thread/items/list", { threadId, turnId });
    expect(ofTurn["data"]).toHaveLength(2);
    expect((await client.ask("thread/items/list", { threadId, turnId: "none" })).error?.code).toBe(-32600);
  });

  test("lists threads that somebody has spoken in, newest first, by page, name and folder", async () => {
    const { ready } = createTestDoor(repeating);
    const client = await ready();
    await client.call("thread/start", {});
    const [first, second] = [await conversation(client, "apples"), await conversation(client, "pears")];
    const ids = async (wanted: object) =>
      ((await client.call("thread/list", wanted))["data"] as unknown[]).map((thread) => at(thread, "id"));
    expect(await ids({ sortDirection: "asc" })).toEqual([first, second]);
    expect(await ids({ sortKey: "updated_at" })).toEqual([second, first]);
    expect(await ids({ searchTerm: "pear" })).toEqual([second]);
    expect(await ids({ cwd: "/elsewhere" })).toEqual([]);
    expect(await ids({ cwd: ["/workspace"], limit: 1, sortDirection: "asc" })).toEqual([first]);
    const { nextCursor: cursor } = await client.call("thread/list", { limit: 1 });
    expect(await ids({ cursor })).toEqual([first]);
    const { backwardsCursor } = await client.call("thread/list", { cursor });
    expect(await ids({ cursor: backwardsCursor, sortDirection: "asc" })).toEqual([second]);
    expect(await ids({ excludedThreadIds: [second] })).toEqual([first]);
    expect(await ids({ modelProviders: ["scripted"] })).toEqual([second, first]);
    expect(await ids({ modelProviders: ["openai"] })).toEqual([]);
    expect((await client.ask("thread/list", { cursor: "garbage" })).error?.code).toBe(-32600);
    const { data } = await client.call("thread/list", {});
    expect(data).toMatchObject([{ preview: "pears" }, { preview: "apples" }]);
  });
});

describe("a fork", () => {
  test("has the conversation up to a turn, and goes on by itself", async () => {
    const requests: number[] = [];
    const { ready } = createTestDoor({
      script: ({ items }) => {
        requests.push(items.length);
        return DONE;
      },
    });
    const client = await ready();
    const source = await conversation(client, "one", "two", "three");
    const { thread: read } = await client.call("thread/read", { threadId: source, includeTurns: true });
    const lastTurnId = at(read, "turns", 1, "id");
    const { thread } = await client.call("thread/fork", { threadId: source, lastTurnId });
    expect(at(thread, "forkedFromId")).toBe(source);
    expect(at(thread, "turns")).toMatchObject([{ id: at(read, "turns", 0, "id") }, { id: lastTurnId }]);
    const fork = at(thread, "id");
    await client.call("turn/start", { threadId: fork, input: [{ type: "text", text: "four" }] });
    await client.next("turn/completed");
    // Two turns of two messages, and the new one.
    expect(requests.at(-1)).toBe(5);
    const { thread: after } = await client.call("thread/read", { threadId: source, includeTurns: true });
    expect(at(after, "turns")).toHaveLength(3);
  });

  test("of a turn that does not exist is refused, and so is one of a thread without any", async () => {
    const { ready } = createTestDoor(repeating);
    const client = await ready();
    const source = await conversation(client, "one");
    const none = await client.ask("thread/fork", { threadId: source, lastTurnId: "none" });
    expect(none.error?.code).toBe(-32600);
    const empty = await conversation(client);
    expect((await client.ask("thread/fork", { threadId: empty })).error?.code).toBe(-32600);
  });
});

describe("names and the archive", () => {
  test("a name is told to everyone, and kept", async () => {
    const { ready } = createTestDoor(repeating);
    const [client, other] = [await ready("one"), await ready("other")];
    const threadId = await conversation(client, "one");
    await client.call("thread/name/set", { threadId, name: "Fruit" });
    for (const each of [client, other]) {
      expect(await each.next("thread/name/updated")).toEqual({ threadId, threadName: "Fruit" });
    }
    const { thread } = await client.call("thread/read", { threadId });
    expect(at(thread, "name")).toBe("Fruit");
  });

  test("an archived thread is in the list of those alone, until it is taken out", async () => {
    const { ready } = createTestDoor(repeating);
    const client = await ready();
    const threadId = await conversation(client, "one");
    const count = async (archived: boolean) =>
      ((await client.call("thread/list", { archived }))["data"] as unknown[]).length;
    await client.call("thread/archive", { threadId });
    expect(await client.next("thread/archived")).toEqual({ threadId });
    expect([await count(false), await count(true)]).toEqual([0, 1]);
    await client.call("thread/unarchive", { threadId });
    expect([await count(false), await count(true)]).toEqual([1, 0]);
  });
});

describe("other clients", () => {
  test("are told of threads that they do not follow: that they begin, work and rest", async () => {
    const { ready } = createTestDoor(repeating);
    const [client, other] = [await ready("one"), await ready("other")];
    await conversation(client, "one");
    await other.until(({ params }) => at(params, "status", "type") === "idle");
    expect(other.methods()).toEqual(["thread/started", "thread/status/changed", "thread/status/changed"]);
  });

  test("of other doors are in the same session", async () => {
    const { ready, sessions } = createTestDoor(repeating);
    const client = await ready();
    const threadId = await conversation(client, "one");
    const session = await sessions.open(toSessionId(threadId));
    const elsewhere = new TestClient();
    session.attach(elsewhere);
    const input = [
      {
        type: "message" as const,
        role: "user" as const,
        content: [{ type: "input_text" as const, text: "two" }],
      },
    ];
    const payload = { input, previousResponseId: undefined, model: undefined };
    session.receive({ id: "1", type: "user_input", payload }, "{}", elsewhere);
    await elsewhere.next("agent_finished");
    const turns = await client.call("thread/turns/list", { threadId });
    expect(turns["data"]).toHaveLength(2);
  });

  test("a client that has left a thread is told no more of its turns", async () => {
    const { ready } = createTestDoor(repeating);
    const client = await ready();
    const threadId = await conversation(client, "one");
    expect(await client.call("thread/unsubscribe", { threadId })).toEqual({ status: "unsubscribed" });
    expect(await client.call("thread/unsubscribe", { threadId })).toEqual({ status: "notSubscribed" });
    const { data } = await client.call("thread/loaded/list", {});
    expect(data).toEqual([threadId]);
  });

  test("a client that is gone before its thread begins does not keep the session", async () => {
    const begin = Promise.withResolvers<void>();
    const { ready, sessions } = createTestDoor({
      options: {
        detachMs: 0,
        openPlace: async () => {
          await begin.promise;
          return { workspace: "/workspace", sandbox: createUnconfinedSandbox() };
        },
      },
    });
    const client = await ready();
    const asked = client.ask("thread/start", {});
    client.leave();
    begin.resolve();
    expect((await asked).error?.code).toBe(-32600);
    await vi.waitFor(() => expect(sessions.size).toBe(0));
  });

  test("a thread whose session ends is closed, and can be resumed", async () => {
    const { ready, sessions } = createTestDoor(repeating);
    const client = await ready();
    const threadId = await conversation(client, "one");
    await sessions.close("session_ended");
    expect(await client.next("thread/closed")).toEqual({ threadId });
    const { thread } = await client.call("thread/read", { threadId });
    expect(at(thread, "status", "type")).toBe("notLoaded");
  });
});

test("a turn that a crash has cut off is interrupted, and the thread goes on", async () => {
  const first = createTestDoor({ script: [[{ call: { name: "look", arguments: { hang: true } } }]] });
  const { threadId, say } = await first.inThread();
  const hanging = new Promise((resolve) => first.toolbox.started.addEventListener("hanging", resolve));
  await say("one");
  await hanging;
  const { ready } = createTestDoor({ ...repeating, logs: first.logs });
  const client = await ready();
  const { thread: read } = await client.call("thread/read", { threadId, includeTurns: true });
  expect(read).toMatchObject({ status: { type: "notLoaded" }, turns: [{ status: "interrupted" }] });
  const { thread } = await client.call("thread/resume", { threadId });
  expect(thread).toMatchObject({ status: { type: "idle" }, turns: [{ status: "interrupted" }] });
  const { turn } = await client.call("turn/start", { threadId, input: [{ type: "text", text: "two" }] });
  expect(at(turn, "id")).not.toBe(at(read, "turns", 0, "id"));
  expect(await client.next("turn/completed")).toMatchObject({ turn: { status: "completed" } });
});

test("what clients ask for before they begin is answered", async () => {
  const { ready } = createTestDoor(repeating);
  const client = await ready();
  expect(await client.call("model/list", {})).toMatchObject({ data: [{ id: "scripted", isDefault: true }] });
  expect(await client.call("account/read")).toEqual({ account: null, requiresOpenaiAuth: false });
  expect(await client.call("config/read", {})).toMatchObject({ config: { sandbox_mode: "workspace-write" } });
  // The terminal client looks there whether its user must be asked about a folder.
  expect(await client.call("config/read", { cwd: "/a" })).toMatchObject({
    config: { projects: { "/a": { trust_level: "trusted" } } },
  });
  expect(await client.call("configRequirements/read")).toMatchObject({
    requirements: {
      allowedApprovalPolicies: ["untrusted", "on-request"],
      allowedSandboxModes: ["read-only", "workspace-write"],
    },
  });
  expect(await client.call("skills/list", {})).toEqual({ data: [] });
  expect(await client.call("hooks/list", {})).toEqual({ data: [] });
  expect(await client.call("plugin/installed", {})).toEqual({ marketplaces: [] });
});
