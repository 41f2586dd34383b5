import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import {
  approvalRequest,
  errorMessage,
  type FakeServer,
  startFakeServer,
} from "../../testing/fake-agentloop-server.ts";
import { enter, leave } from "./left.ts";
import { type Talk, TalkStore } from "./talk-store.ts";

/** A page at the server's address. `frames`: what waits for the next one; none is drawn by itself. */
async function openPage(): Promise<{ server: FakeServer; frames: Map<number, () => void> }> {
  const server = await startFakeServer();
  onTestFinished(() => server.close());
  const frames = new Map<number, () => void>();
  let count = 0;
  vi.stubGlobal("location", { origin: server.url });
  vi.stubGlobal("requestAnimationFrame", (draw: () => void) => {
    count += 1;
    frames.set(count, draw);
    return count;
  });
  vi.stubGlobal("cancelAnimationFrame", (frame: number) => frames.delete(frame));
  return { server, frames };
}

afterEach(() => vi.unstubAllGlobals());

function openStore(): TalkStore {
  const store = new TalkStore();
  onTestFinished(() => store.close());
  return store;
}

/** Waits until it is so. */
const until = (store: TalkStore, fits: (talk: Talk) => boolean) =>
  new Promise<Talk>((resolve) => {
    const look = () => {
      if (!fits(store.snapshot())) return;
      end();
      resolve(store.snapshot());
    };
    const end = store.subscribe(look);
    look();
  });

/** A store in a session where a turn runs. */
async function talk(server: FakeServer): Promise<TalkStore> {
  const store = openStore();
  store.say("hello");
  await server.take("user_input");
  server.beginTurn();
  await until(store, ({ conversation }) => conversation.isRunning);
  return store;
}

describe("a conversation", () => {
  it("shows a question also where the page draws no frame any more", async () => {
    const { server, frames } = await openPage();
    const store = await talk(server);
    server.say(approvalRequest(["ls"]));
    const { conversation } = await until(store, ({ conversation }) => conversation.approval !== undefined);
    expect(conversation.approval?.request.command).toEqual(["ls"]);
    expect(frames).toEqual(new Map());
  });

  it("that is connected again says what waits, with its model, and keeps what was refused", async () => {
    const { server } = await openPage();
    const store = openStore();
    store.say("first");
    await server.take("user_input");
    server.say(errorMessage("unknown_model", "no such model"));
    await until(store, ({ conversation }) => conversation.waiting[0]?.state === "refused");
    store.say("second", "other-model");
    await server.take("user_input");
    store.again();
    await vi.waitUntil(() => server.has("user_input"), { timeout: 10_000 });
    const { payload } = await server.take("user_input");
    expect(payload).toMatchObject({ model: "other-model", input: [{ content: [{ text: "second" }] }] });
    expect(server.has("user_input")).toBe(false);
    expect(store.snapshot().conversation.waiting).toMatchObject([
      { text: "first", state: "refused" },
      { text: "second", state: "waiting", model: "other-model" },
    ]);
  });
});

describe("a conversation that is left while a turn runs", () => {
  it("is closed when the turn is over", async () => {
    const { server } = await openPage();
    const store = await talk(server);
    leave(store);
    expect(store.snapshot().link.state).toBe("open");
    server.endTurn();
    await expect(server.take("user_input")).rejects.toThrow("went away");
    expect(enter(store.sessionId)).not.toBe(store);
  });

  it("is found again, and lives on", async () => {
    const { server } = await openPage();
    const store = await talk(server);
    leave(store);
    expect(enter(store.sessionId)).toBe(store);
    server.endTurn();
    await until(store, ({ conversation }) => !conversation.isRunning);
    store.say("more");
    await server.take("user_input");
  });
});
