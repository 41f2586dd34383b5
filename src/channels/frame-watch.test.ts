import { describe, expect, it } from "vitest";
import { FrameWatch } from "./frame-watch.ts";

const bytes = (...hex: string[]): Buffer => Buffer.from(hex.join("").replaceAll(" ", ""), "hex");

/** The head after the bytes came at once, and after they came one by one. */
function headsOf(limit: number, data: Buffer): (string | undefined)[] {
  const whole = new FrameWatch(limit);
  whole.take(data);
  const single = new FrameWatch(limit);
  for (const byte of data) single.take(Buffer.of(byte));
  return [whole.oversizedHead, single.oversizedHead];
}

describe("the watch over arriving frames", () => {
  it("sees nothing wrong with a message of the greatest length", () => {
    expect(headsOf(5, bytes("8185 00000000 48656c6c6f"))).toEqual([undefined, undefined]);
  });

  it("tells the beginning of a longer message, unmasked", () => {
    expect(headsOf(4, bytes("8185 01020304 49676f686e"))).toEqual(["Hello", "Hello"]);
  });

  it("tells it of the message that is too long, not of the one before", () => {
    expect(headsOf(4, bytes("8184 00000000 41414141", "8185 00000000 48656c6c6f"))).toEqual([
      "Hello",
      "Hello",
    ]);
  });

  it("adds up the fragments of a message and passes over control frames between them", () => {
    const data = bytes("0183 00000000 48656c", "8a82 00000000 5858", "8082 00000000 6c6f");
    expect(headsOf(4, data)).toEqual(["Hello", "Hello"]);
    expect(headsOf(5, data)).toEqual([undefined, undefined]);
  });

  it("reads lengths of 16 and of 64 bits", () => {
    expect(headsOf(255, bytes("81fe 0100 00000000", "61".repeat(256)))[0]).toBe("a".repeat(256));
    expect(headsOf(255, bytes("81ff ffffffffffffffff 00000000 6162"))).toEqual(["ab", "ab"]);
  });

  it("keeps back a character that is cut in two", () => {
    expect(headsOf(4, bytes("8185 00000000 4865c3"))).toEqual(["He", "He"]);
  });

  it("keeps no more than 4096 bytes", () => {
    expect(headsOf(10, bytes("81fe 4000 00000000", "61".repeat(0x4000)))[0]).toBe("a".repeat(4096));
  });

  it("takes every byte sequence without a fault", () => {
    const noise = Buffer.from(Array.from({ length: 20_000 }, (_, index) => (index * 7919) % 251));
    expect(() => headsOf(100, noise)).not.toThrow();
  });
});
