import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocketServer } from "ws";
import { AgentError } from "../contract/error.ts";
import { startFakeServer } from "../testing/fake-agentloop-server.ts";
import { all, followClient } from "../testing/follow-client.ts";
import { Relay } from "../testing/relay.ts";
import { TestSite } from "../testing/test-site.ts";
import { connect, type ConnectOptions } from "./client.ts";

const TOKEN = "a token/of=many(characters)+%41";

const refusal = async (options: ConnectOptions): Promise<unknown> => {
  const client = connect(options);
  const error: unknown = await client.ready.then(
    () => "ready",
    (failure: unknown) => failure,
  );
  client.close();
  return error;
};

async function startSite(options: Parameters<TestSite["start"]>[0] = {}): Promise<TestSite> {
  const site = new TestSite();
  await site.start(options);
  onTestFinished(() => site.stop());
  return site;
}

describe("a connection that is refused", () => {
  it("says whether the token was wrong", async () => {
    const authToken = TOKEN.replace(" ", "-");
    const site = await startSite({ authToken });
    for (const token of [undefined, "wrong"]) {
      const error = await refusal({ url: site.origin, ...(token !== undefined && { token }) });
      expect(error).toMatchObject({ name: "ConnectionError", code: "unauthorized", retryable: false });
      expect(String(error)).toMatch(/answered 401: expected the server's token/);
    }
    const client = connect({ url: site.origin, token: authToken });
    await new Promise<void>((resolve) => client.onState((state) => state === "open" && resolve()));
    client.close();
  });

  it("says that the URL leads elsewhere, or nowhere", async () => {
    const site = await startSite();
    expect(await refusal({ url: `${site.origin}/elsewhere` })).toMatchObject({ code: "not_found" });
    const other = await startFakeServer({ refuseWith: 418 });
    onTestFinished(() => other.close());
    expect(await refusal({ url: other.url })).toMatchObject({
      code: "not_agentloop",
      message: expect.stringContaining("which answered 418"),
    });
    await other.close();
    const gone = await refusal({ url: other.url });
    expect(gone).toMatchObject({ code: "unreachable", message: expect.stringContaining("ECONNREFUSED") });
    for (const url of ["nonsense", "ftp://127.0.0.1", ""]) {
      expect(() => connect({ url })).toThrow(/url: expected ws:\/\/, wss:\/\/, http:\/\/ or https:\/\/, got/);
    }
  });

  it("says that there is no such session", async () => {
    const site = await startSite();
    site.door.opening = () => Promise.reject(new AgentError("unknown_session", "no such session"));
    const error = await refusal({ url: `${site.origin}/ws/${"b".repeat(32)}` });
    expect(error).toMatchObject({ code: "unknown_session", retryable: false });
  });

  it("says that the server may know no such model, where it says no more", async () => {
    const site = await startSite();
    site.door.opening = () => Promise.reject(new AgentError("unknown_model", "no model x"));
    const error = await refusal({ url: site.origin, model: "x" });
    expect(error).toMatchObject({ code: "refused", message: expect.stringContaining("no such model") });
  });

  it("is given up when the server never answers", async () => {
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    silent.on("connection", (socket) => onTestFinished(() => void socket.destroy()));
    onTestFinished(() => void silent.close());
    const url = `ws://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const error = await refusal({ url, openTimeoutMs: 100 });
    expect(error).toMatchObject({ code: "unreachable", message: "the server did not answer within 0.1 s" });
  });

  it("is told to whoever waits for a turn, and to whoever speaks after it", async () => {
    const site = await startSite({ authToken: "x".repeat(32) });
    const { client, states } = followClient({ url: site.origin });
    await expect(all(client.turn("hello"))).rejects.toMatchObject({ code: "unauthorized" });
    await expect(all(client)).rejects.toMatchObject({ code: "unauthorized" });
    expect(states).toEqual(["closed"]);
    expect(() => client.say("hello")).toThrow(/401/);
  });

  it("is not, by a server that opens it and names no session; its messages are told all the same", async () => {
    const plain = await startFakeServer({ dialect: "plain" });
    onTestFinished(() => plain.close());
    const { client } = followClient({ url: plain.url, openTimeoutMs: 2000 });
    await expect(client.ready).rejects.toMatchObject({ code: "not_agentloop" });
    const turn = all(client.turn("hello"));
    await plain.take("user_input");
    plain.assistant("Hello.");
    plain.endTurn();
    expect((await turn).map(({ type }) => type)).toEqual([
      "response_item",
      "loading_state",
      "agent_finished",
    ]);
    plain.sayRaw("nothing that is a message");
    plain.sayRaw({ type: 7 });
    plain.drop();
    await expect(all(client)).rejects.toMatchObject({ code: "connection_lost" });
  });
});

describe("a connection that the server closes", () => {
  /** Closes the first connection so, and counts those that come. */
  async function closing(code: number | undefined, reason: string) {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    onTestFinished(() => {
      server.close();
    });
    await once(server, "listening");
    const info = { session_id: "c".repeat(32), state: "idle", head_seq: 7 };
    let count = 0;
    server.on("connection", (socket, { url }) => {
      count += 1;
      socket.send(JSON.stringify({ id: "1", type: "session_info", seq: 7, payload: info }));
      if (count > 1) socket.send(JSON.stringify({ id: "2", type: "status", seq: 8, payload: { url } }));
      else if (code === undefined) socket.terminate();
      else socket.close(code, reason);
    });
    return followClient({ url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` });
  }

  it("is made again also when the server does not answer for a while", async () => {
    const server = await startFakeServer();
    onTestFinished(() => server.close());
    using relay = await Relay.start(Number(new URL(server.url).port));
    const { client, states, first } = followClient({ url: relay.url, openTimeoutMs: 2000 });
    await client.ready;
    relay.swallows = true;
    relay.cut();
    await new Promise<void>((resolve) =>
      client.onState((_state, reason) => reason?.includes("did not answer") === true && resolve()),
    );
    relay.swallows = false;
    await first(({ id }) => id === "message-1");
    expect(states.slice(0, 3)).toEqual(["open", "reconnecting", "reconnecting"]);
    expect(client.state).toBe("open");
  });

  it.each([
    [1000, "session_ended", "session_ended"],
    [1002, "", "connection_lost"],
    [1008, "unauthorized", "unauthorized"],
    [1008, "unknown_session", "unknown_session"],
  ])("with %i %s stays closed", async (code, reason, expected) => {
    const { client } = await closing(code, reason);
    await expect(all(client)).rejects.toMatchObject({ code: expected, retryable: false });
    expect(client.state).toBe("closed");
  });

  it.each([
    [1001, ""],
    [undefined, ""],
    [1008, "rate_limited"],
    [1009, "message_too_large"],
    [1011, "internal"],
    [1012, "server_restart"],
    [1013, "too_slow"],
  ])("with %j %s is made again, after what was told", async (code, reason) => {
    const { first, states } = await closing(code, reason);
    const { payload } = await first(({ type }) => type === "status");
    expect(payload).toEqual({ url: `/ws/${"c".repeat(32)}?stream=true&after=7` });
    expect(states).toEqual(["open", "reconnecting", "open"]);
  });
});
