import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { ServerMessage } from "../contract/message.ts";
import { payloads, startTestBed, type TestBed } from "../e2e/test-bed.ts";
import { startFakeServer } from "../testing/fake-agentloop-server.ts";
import { Relay } from "../testing/relay.ts";
import { assistantText } from "../testing/socket-client.ts";
import { all, type Following, followClient } from "../testing/follow-client.ts";
import type { ConnectOptions } from "./client.ts";

const typesOf = (messages: ServerMessage[]) => messages.map(({ type }) => type);

let bed: TestBed;
beforeAll(async () => {
  bed = await startTestBed();
}, 60_000);
afterAll(() => bed.close());

const follow = (options: Partial<ConnectOptions> = {}): Following =>
  followClient({ url: bed.server.url, ...options });

describe("a client", () => {
  it("says something before it is connected, and is told a whole turn", async () => {
    const { client, told } = follow();
    const turn = await all(client.turn("read nothing.txt"));
    expect(typesOf(turn).filter((type) => type === "agent_finished")).toHaveLength(1);
    expect(turn.at(-1)).toMatchObject({ type: "agent_finished", payload: { status: "completed" } });
    expect(payloads(turn, "response_delta").length).toBeGreaterThan(3);
    expect(told).toEqual(expect.arrayContaining(turn));
    expect(client.sessionId).toBe((await client.ready).session_id);
    expect(client.state).toBe("open");
  });

  it("gives every message to whoever iterates it, until it is closed", async () => {
    const { client } = follow({ stream: false });
    const everything = all(client);
    await all(client.turn("list files in ."));
    client.close();
    const types = typesOf(await everything);
    expect(types[0]).toBe("session_info");
    expect(types.at(-1)).toBe("agent_finished");
    expect(types).not.toContain("response_delta");
    expect(() => client.say("more")).toThrow("the client was closed");
  });

  it("answers requests for approval by its callback: yes, no with a reason, and an explanation before", async () => {
    const asked: string[] = [];
    const { client } = follow({
      onApproval: ({ payload }) => {
        const command = payload.command.at(-1) ?? "";
        asked.push(command);
        if (command.includes("no.txt")) return { review: "NO_CONTINUE", denyMessage: "not that one" };
        return asked.filter((one) => one === command).length === 1 ? "EXPLAIN" : Promise.resolve("YES");
      },
    });
    const yes = await all(client.turn("run echo a > yes.txt"));
    expect(asked).toEqual(["echo a > yes.txt", "echo a > yes.txt"]);
    expect(assistantText(yes)).toContain("echo a > yes.txt");
    const no = await all(client.turn("run echo b > no.txt"));
    expect(JSON.stringify(payloads(no, "response_item"))).toContain("not that one");
    expect(payloads(no, "approval_resolved")).toMatchObject([{ review: "NO_CONTINUE", decidedBy: "client" }]);
  });

  it("leaves a request to others when its callback does not answer", async () => {
    const { client, first } = follow({ onApproval: () => undefined });
    const turn = all(client.turn("run echo c > others.txt"));
    const request = await first(({ type }) => type === "approval_request");
    const other = follow({ sessionId: (await client.ready).session_id });
    expect((await other.first(({ type }) => type === "approval_request")).id).toBe(request.id);
    other.client.answer(request.id, "NO", { denyMessage: "stop" });
    expect((await turn).at(-1)?.payload).toMatchObject({ status: "cancelled" });
  });

  it("applies an edited patch", async () => {
    const edited = "*** Begin Patch\n*** Add File: edited.txt\n+other\n*** End Patch";
    const { client } = follow({ onApproval: () => ({ review: "YES", patch: edited }) });
    await all(client.turn("create edited.txt with text"));
    expect(assistantText(await all(client.turn("read edited.txt")))).toContain("other");
  });

  it("does not ask again for what was answered before it came", async () => {
    const first = follow({ onApproval: () => "NO_CONTINUE" });
    await all(first.client.turn("run echo d > before.txt"));
    const asked: unknown[] = [];
    const { client, told } = follow({
      sessionId: first.client.sessionId ?? "",
      after: -1,
      onApproval: (request) => void asked.push(request),
    });
    const turn = await all(client.turn("run pwd"));
    expect(asked).toEqual([]);
    expect(payloads(told, "approval_request")).toHaveLength(1);
    expect(assistantText(turn)).toContain("`pwd` printed");
    expect(payloads(turn, "agent_finished")).toHaveLength(1);
  });

  it("gives a turn its own messages, whatever is told again of those before", async () => {
    const first = follow();
    for (const file of ["one.txt", "two.txt"]) await all(first.client.turn(`read ${file}`));
    const again = follow({ sessionId: first.client.sessionId ?? "", after: -1 });
    await again.client.ready;
    const turn = await all(again.client.turn("run pwd"));
    expect(assistantText(turn)).toContain("`pwd` printed");
    expect(payloads(turn, "agent_finished")).toHaveLength(1);
    expect(payloads(again.told, "agent_finished")).toHaveLength(3);
  });

  it("gives a turn that was asked for on the way to a running one its own end", async () => {
    const server = await startFakeServer({ state: "running" });
    onTestFinished(() => server.close());
    const turn = all(follow({ url: server.url, sessionId: "a".repeat(32), after: -1 }).client.turn("go on"));
    await server.take("user_input");
    server.endTurn("cancelled");
    server.beginTurn();
    server.endTurn("completed");
    expect(payloads(await turn, "agent_finished").map(({ status }) => status)).toEqual([
      "cancelled",
      "completed",
    ]);
  });

  it("asks for what waits for an answer when it comes, once", async () => {
    const first = follow();
    const turn = all(first.client.turn("run echo e > waits.txt"));
    await first.first(({ type }) => type === "approval_request");
    const asked: string[] = [];
    follow({
      url: `${bed.server.origin}/ws/${first.client.sessionId}`,
      after: -1,
      onApproval: ({ id }) => {
        asked.push(id);
        return "YES";
      },
    });
    expect((await turn).at(-1)?.payload).toMatchObject({ status: "completed" });
    expect(asked).toHaveLength(1);
  });

  it("changes the model in mid-conversation", async () => {
    const { client } = follow();
    await all(client.turn("run pwd"));
    const turn = await all(client.turn("run pwd", { model: "scripted-two" }));
    expect(payloads(turn, "status")).toContainEqual({
      kind: "model_changed",
      model: "scripted-two",
      provider: "scripted",
    });
  });

  it("cancels a turn, and starts another", async () => {
    const { client, first } = follow({ onApproval: () => "YES" });
    const turn = all(client.turn("run sleep 60"));
    await first(({ type, payload }) => type === "status" && payload.kind === "tool_started");
    client.cancel();
    expect((await turn).at(-1)?.payload).toMatchObject({ status: "cancelled" });
    expect((await all(client.turn("run pwd"))).at(-1)?.payload).toMatchObject({ status: "completed" });
  });

  it("gives a turn that joins a running one the end of that, and one that comes too late its own", async () => {
    const { client, first } = follow({ onApproval: () => "YES" });
    const one = all(client.turn("run sleep 0.3; echo f > joined.txt"));
    await first(({ type, payload }) => type === "status" && payload.kind === "tool_started");
    const two = all(client.turn("run pwd"));
    const [ofOne, ofTwo] = await Promise.all([one, two]);
    expect(ofOne.at(-1)?.type).toBe("agent_finished");
    expect(ofTwo.at(-1)?.type).toBe("agent_finished");
    expect(assistantText(ofTwo)).toContain("`pwd` printed");
  });

  it("asks how full the context is, and for a summary", async () => {
    const { client, first } = follow();
    await all(client.turn("run pwd"));
    client.contextInfo();
    await first(({ type }) => type === "context_info");
    client.compact();
    await first(({ type }) => type === "context_compacted" || type === "error");
  });

  it("leaves a turn that nobody reads any more", async () => {
    const { client, first } = follow();
    for await (const message of client.turn("run pwd")) {
      if (message.type === "loading_state") break;
    }
    expect((await first(({ type }) => type === "agent_finished")).payload).toMatchObject({
      status: "completed",
    });
  });

  it("has listeners that do not disturb each other", async () => {
    const { client, first } = follow();
    const { promise: fault, resolve } = Promise.withResolvers<unknown>();
    const others = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.once("uncaughtException", resolve);
    onTestFinished(() => others.forEach((listener) => process.on("uncaughtException", listener)));
    const leave = client.subscribe(() => {
      leave();
      throw new Error("a listener's fault");
    });
    client.subscribe(() => undefined);
    client.contextInfo();
    await first(({ type }) => type === "context_info");
    expect(await fault).toMatchObject({ message: "a listener's fault" });
  });
});

describe("a lost connection", () => {
  async function relayed(options: Partial<ConnectOptions> = {}) {
    const relay = await Relay.start(bed.server.port);
    onTestFinished(() => relay[Symbol.dispose]());
    return { relay, ...follow({ url: relay.url, ...options }) };
  }

  it("is made again, and what was said meanwhile is said then, once", async () => {
    const { relay, client, states } = await relayed();
    await client.ready;
    relay.target = undefined;
    relay.cut();
    await new Promise<void>((resolve) => client.onState((state) => state === "reconnecting" && resolve()));
    const turn = all(client.turn("run pwd"));
    relay.target = bed.server.port;
    expect((await turn).at(-1)?.type).toBe("agent_finished");
    expect(new Set(states)).toEqual(new Set(["open", "reconnecting"]));
    const sent = await bed.events(client.sessionId ?? "", "?direction=incoming&type=user_input");
    expect(sent).toHaveLength(1);
  });

  it("that swallowed what was said has it said again; what had arrived is not", async () => {
    const { relay, client, first } = await relayed();
    await all(client.turn("run pwd"));
    client.contextInfo();
    await first(({ type }) => type === "context_info");
    relay.swallows = true;
    const turn = all(client.turn("list files in ."));
    relay.cut();
    relay.swallows = false;
    expect((await turn).at(-1)?.payload).toMatchObject({ status: "completed" });
    const sent = await bed.events(client.sessionId ?? "", "?direction=incoming");
    expect(sent.map(({ message_data: data }) => (data as { type?: string }).type).filter(Boolean)).toEqual([
      "user_input",
      "get_context_info",
      "user_input",
    ]);
  });

  it("ends a client that is not to come back", async () => {
    const { relay, client } = await relayed({ reconnect: false });
    await client.ready;
    const turn = all(client.turn("run sleep 5"));
    relay.cut();
    await expect(turn).rejects.toMatchObject({ name: "ConnectionError", code: "connection_lost" });
    expect(client.state).toBe("closed");
  });
});
