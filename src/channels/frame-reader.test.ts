import { describe, expect, it } from "vitest";
import { type FrameReader, LengthReader, LineReader } from "./frame-reader.ts";

const lengths = (...frames: string[]) =>
  Buffer.concat(
    frames.map((frame) => {
      const prefix = Buffer.alloc(4);
      prefix.writeUInt32BE(Buffer.byteLength(frame));
      return Buffer.concat([prefix, Buffer.from(frame)]);
    }),
  );

/** All that a reader gives for these bytes, in pieces of a size. */
function read(reader: FrameReader, bytes: Buffer, size = bytes.length): unknown[] {
  const all: unknown[] = [];
  for (let at = 0; at < bytes.length; at += size) all.push(...reader.take(bytes.subarray(at, at + size)));
  return all;
}

const FRAMES = ['{"a":1}', '{"text":"ä\u2028\u2029\r😀"}', "x".repeat(1000)];

describe.each([
  ["lines", () => new LineReader(1000), Buffer.from(FRAMES.map((frame) => `${frame}\n`).join(""))],
  ["lengths", () => new LengthReader(1000), lengths(...FRAMES)],
] as const)("frames by %s", (_name, make, bytes) => {
  it.each([1, 2, 3, 7, 64, 100_000])("are read from pieces of %i bytes", (size) => {
    const reader = make();
    expect(read(reader, bytes, size)).toEqual(FRAMES.map((frame) => ({ frame })));
    expect(reader.rest()).toBeUndefined();
  });

  it("that are cut off leave a rest", () => {
    const reader = make();
    read(reader, bytes.subarray(0, -3));
    expect(reader.rest()).toMatch(/^x+$/);
  });

  it("cost what they hold, however small their pieces are", () => {
    const reader = make();
    const before = process.memoryUsage().arrayBuffers;
    for (let count = 0; count < 1000; count += 1) read(reader, bytes, 1);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50 * 1024 * 1024);
  });
});

describe("frames by lines", () => {
  it("are none where a line is empty, and may end with a carriage return", () => {
    expect(read(new LineReader(10), Buffer.from("\n \n{}\r\n\n"))).toEqual([{ frame: "{}\r" }]);
    const reader = new LineReader(10);
    read(reader, Buffer.from("{}"));
    expect(reader.rest()).toBe("{}");
    expect(reader.rest()).toBeUndefined();
  });

  it.each([1, 5, 100])("that are too long are told as soon as they are, in pieces of %i", (size) => {
    const [first] = read(new LineReader(10), Buffer.from("x".repeat(11)), size);
    expect(first).toEqual({ oversized: "x".repeat(11) });
    const long = Buffer.from("y".repeat(100_000));
    expect(read(new LineReader(10_000), long)).toEqual([{ oversized: "y".repeat(4096) }]);
  });

  it("of the greatest length are taken", () => {
    expect(read(new LineReader(10), Buffer.from(`${"x".repeat(10)}\n`))).toEqual([{ frame: "x".repeat(10) }]);
  });
});

describe("frames by lengths", () => {
  it("that announce too much are told at once, with what there is of them", () => {
    expect(read(new LengthReader(10), Buffer.from([0xff, 0xff, 0xff, 0xff]))).toEqual([{ oversized: "" }]);
    expect(read(new LengthReader(10), lengths("x".repeat(11)))).toEqual([{ oversized: "x".repeat(11) }]);
  });

  it("may be empty", () => {
    expect(read(new LengthReader(10), lengths("", "a"))).toEqual([{ frame: "" }, { frame: "a" }]);
  });

  it("that are cut off in their length leave a rest", () => {
    const reader = new LengthReader(10);
    read(reader, Buffer.of(0, 0));
    expect(reader.rest()).toBe("");
  });
});
