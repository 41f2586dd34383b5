import { describe, expect, it } from "vitest";
import type { Entry } from "../contract/session.ts";
import { DurableClient } from "./durable-client.ts";

const entry = (seq: number): Entry => ({
  seq,
  message: { id: `${seq}`, type: "loading_state", payload: { loading: true } },
  json: "{}",
});

/** A disk that syncs when it is told to, and a client that writes down what it gets. */
function bench() {
  const syncs: { done(): void; fail(): void }[] = [];
  const told: (number | string)[] = [];
  const client = new DurableClient(
    {
      info: { id: "c", door: "d" },
      deliver: ({ seq }) => told.push(seq),
      drained: () => Promise.resolve(),
      end: (reason) => told.push(reason),
    },
    () =>
      new Promise((resolve, reject) => syncs.push({ done: resolve, fail: () => reject(new Error("EIO")) })),
  );
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { client, syncs, told, settle };
}

describe("a client of a strict server", () => {
  it("is told a message only when the disk has its line, and the ones that came meanwhile after one more sync", async () => {
    const { client, syncs, told, settle } = bench();
    client.deliver(entry(1));
    await settle();
    expect(told).toEqual([]);
    client.deliver(entry(2));
    client.deliver(entry(3));
    syncs[0]?.done();
    await settle();
    expect(told).toEqual([1]);
    client.deliver(entry(4));
    syncs[1]?.done();
    await settle();
    expect(told).toEqual([1, 2, 3]);
    syncs[2]?.done();
    await client.drained();
    expect(told).toEqual([1, 2, 3, 4]);
    expect(syncs.length).toBe(3);
  });

  it("is told of the end after everything else", async () => {
    const { client, syncs, told, settle } = bench();
    client.deliver(entry(1));
    client.end("session_ended");
    await settle();
    expect(told).toEqual([]);
    syncs[0]?.done();
    await settle();
    expect(told).toEqual([1, "session_ended"]);
  });

  it("is let go of, and told nothing more, when the disk fails", async () => {
    const { client, syncs, told, settle } = bench();
    client.deliver(entry(1));
    syncs[0]?.fail();
    await settle();
    client.deliver(entry(2));
    await settle();
    expect(told).toEqual(["internal"]);
    expect(syncs.length).toBe(1);
  });
});
