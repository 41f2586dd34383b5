import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AgentError } from "../contract/error.ts";
import type { CloseReason } from "../contract/protocol.ts";
import type { Mailbox } from "../testing/mailbox.ts";
import { TestDoor } from "../testing/test-door.ts";
import type { Clock } from "./clock.ts";
import type { ChannelLimits } from "./limits.ts";

/** The client's side of a channel under test. */
export interface ChannelClient {
  frames: Mailbox<string>;
  /** Why the server closed; `lost` when it did so without a word. */
  ended: Promise<CloseReason | "lost">;
  send(frame: string): void;
  leave(): void;
}

export interface RunningChannel {
  /** Rejects with an AgentError when the server refuses. A deaf client answers no heartbeat. */
  connect(options?: { deaf: boolean }): Promise<ChannelClient>;
  /** How many clients it counts. */
  size(): number;
  close(reason: CloseReason): void;
  stop(): Promise<void>;
}

export interface ChannelSetup {
  door: TestDoor;
  clock: Clock;
  limits: Partial<ChannelLimits>;
}

/** Time as the test says. */
export class ManualClock implements Clock {
  #now = 0;
  #run: () => void = () => undefined;

  now(): number {
    return this.#now;
  }

  every(_intervalMs: number, run: () => void): () => void {
    this.#run = run;
    return () => (this.#run = () => undefined);
  }

  pass(milliseconds: number): void {
    this.#now += milliseconds;
  }

  tick(): void {
    this.#run();
  }
}

/** What every channel keeps. */
export function channelSuite(name: string, start: (setup: ChannelSetup) => Promise<RunningChannel>): void {
  describe(name, () => {
    let channel: RunningChannel;
    let door: TestDoor;
    let clock: ManualClock;
    beforeEach(() => {
      door = new TestDoor();
      clock = new ManualClock();
    });
    afterEach(() => channel.stop());

    const begin = async (limits: Partial<ChannelLimits> = {}, ownDoor: TestDoor = door) => {
      channel = await start({ door: ownDoor, clock, limits });
    };
    const allGone = async () => {
      while (channel.size() > 0) await new Promise((resolve) => setImmediate(resolve));
    };
    const meet = async (options?: { deaf: boolean }) => {
      const client = await channel.connect(options);
      return { client, server: await door.arrivals.take() };
    };

    it("carries frames both ways, in order and as they are", async () => {
      await begin({ messagesPerSecond: 1000 });
      const { client, server } = await meet();
      const frames = Array.from(
        { length: 300 },
        (_, index) => `{"frame":${index},"text":"äöü\\n \u2028 😀"}`,
      );
      for (const frame of frames) client.send(frame);
      expect(await server.received.takeMany(300)).toEqual(frames);
      for (const frame of frames) server.connection.send(frame);
      expect(await client.frames.takeMany(300)).toEqual(frames);
    });

    it("delivers what a protocol says while it opens, before what it says later", async () => {
      const eager = new TestDoor();
      eager.opening = async (connection) => {
        connection.send("first");
        await Promise.resolve();
        connection.send("second");
      };
      await begin({}, eager);
      const client = await channel.connect();
      (await eager.arrivals.take()).connection.send("third");
      expect(await client.frames.takeMany(3)).toEqual(["first", "second", "third"]);
    });

    it("refuses a client that the protocol refuses, with the protocol's reason", async () => {
      const strict = new TestDoor();
      strict.opening = () => Promise.reject(new AgentError("unknown_model", "no model x"));
      await begin({}, strict);
      await expect(channel.connect()).rejects.toThrow(
        expect.objectContaining({ code: "unknown_model", message: "no model x" }),
      );
      expect(channel.size()).toBe(0);
    });

    it.each<CloseReason>(["session_ended", "server_restart", "too_many", "unknown_session", "internal"])(
      "tells the client that it ends it for %s, after all frames, and the protocol once",
      async (reason) => {
        await begin();
        const { client, server } = await meet();
        server.connection.send("last");
        server.connection.end(reason);
        server.connection.send("too late");
        server.connection.end("internal");
        expect(await client.ended).toBe(reason);
        expect(await client.frames.take()).toBe("last");
        client.frames.put("nothing more");
        expect(await client.frames.take()).toBe("nothing more");
        await allGone();
        expect(server.closings).toBe(1);
      },
    );

    it("tells the protocol when its client leaves", async () => {
      await begin();
      const { client, server } = await meet();
      expect(channel.size()).toBe(1);
      client.leave();
      await server.closed;
      server.connection.send("into the void");
      await allGone();
      expect(server.closings).toBe(1);
    });

    it("ends a client whose protocol fails, and no other", async () => {
      const faulty = new TestDoor();
      faulty.receiving = (frame) => {
        if (frame === "fail") throw new Error("a fault");
      };
      await begin({}, faulty);
      const failing = await channel.connect();
      const other = await channel.connect();
      const [one, two] = await faulty.arrivals.takeMany(2);
      failing.send("fail");
      failing.send("never read");
      expect(await failing.ended).toBe("internal");
      await one?.closed;
      other.send("fine");
      expect(await two?.received.take()).toBe("fine");
    });

    it("leaves out droppable frames for a client with much waiting, and nothing else", async () => {
      await begin({ queueBytes: 1000 });
      const { client, server } = await meet();
      server.connection.send("delta 1", true);
      server.connection.send("x".repeat(600));
      server.connection.send("delta 2", true);
      server.connection.send("item");
      expect(await client.frames.takeMany(3)).toEqual(["delta 1", "x".repeat(600), "item"]);
      server.connection.send("delta 3", true);
      expect(await client.frames.take()).toBe("delta 3");
    });

    it("ends a client with too much waiting, while the others get everything", async () => {
      await begin({ queueBytes: 1000 });
      const { client, server } = await meet();
      const other = await meet();
      for (let count = 0; count < 10; count += 1) server.connection.send("x".repeat(400));
      other.server.connection.send("y");
      expect(await other.client.frames.take()).toBe("y");
      expect(await client.ended).toBe("too_slow");
      await server.closed;
    });

    it("tells a protocol with much to say when its client can take more", async () => {
      await begin({ queueBytes: 256 * 1024 });
      const { client, server } = await meet();
      for (let count = 0; count < 50; count += 1) {
        server.connection.send("x".repeat(40 * 1024));
        await server.connection.drained();
      }
      server.connection.send("end");
      expect((await client.frames.takeMany(51)).at(-1)).toBe("end");
      server.connection.end("session_ended");
      await server.connection.drained();
    });

    it("takes a message of the greatest length, answers a longer one and ends its sender", async () => {
      await begin({ messageBytes: 1024 });
      const { client, server } = await meet();
      client.send("x".repeat(1024));
      expect(await server.received.take()).toBe("x".repeat(1024));
      client.send(`{"id":"7",${"ä".repeat(1024)}`);
      expect(await client.frames.take()).toBe("too large");
      expect(await client.ended).toBe("message_too_large");
      expect(await server.oversized.take()).toMatch(/^\{"id":"7",ä*$/);
      await server.closed;
    });

    it("ends a client that sends more messages than it may, after saying so", async () => {
      await begin({ messagesPerSecond: 5 });
      const { client, server } = await meet();
      for (let count = 0; count < 10; count += 1) client.send("in the first burst");
      await server.received.takeMany(10);
      clock.pass(1000);
      for (let count = 0; count < 7; count += 1) client.send(`message ${count}`);
      expect(await server.received.takeMany(5)).toContain("message 4");
      expect(await client.frames.take()).toBe("too many");
      expect(await client.ended).toBe("rate_limited");
      await server.closed;
    });

    it("gives up a client that misses two heartbeats, and keeps one that answers", async () => {
      await begin();
      const { client, server } = await meet();
      const dead = await meet({ deaf: true });
      for (let count = 0; count < 5; count += 1) {
        clock.tick();
        server.connection.send("after the heartbeat");
        await client.frames.take();
        client.send("after the answer");
        await server.received.take();
        if (count === 1) expect(channel.size()).toBe(2);
      }
      expect(await dead.client.ended).toBe("lost");
      await dead.server.closed;
      expect(channel.size()).toBe(1);
    });

    it("asks all clients to leave when it closes", async () => {
      await begin();
      const one = await meet();
      const two = await meet();
      channel.close("server_restart");
      expect(await Promise.all([one.client.ended, two.client.ended])).toEqual([
        "server_restart",
        "server_restart",
      ]);
      await Promise.all([one.server.closed, two.server.closed]);
    });
  });
}
