import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { Transcript } from "./transcript.ts";

function transcriptOf(limit: number, ...texts: string[]): Transcript {
  const transcript = new Transcript(limit);
  for (const text of texts) transcript.append(text);
  return transcript;
}

setFlagsFromString("--expose-gc");
const collectGarbage: unknown = runInNewContext("gc");

/** What buffers hold after everything unused was let go. */
function retainedBytes(): number {
  // The second run waits until the first has given its memory back.
  for (let round = 0; round < 2; round++) if (typeof collectGarbage === "function") collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

describe("a transcript", () => {
  it("is the whole text up to its limit", () => {
    const transcript = transcriptOf(10, "01234", "", "56789");
    expect(transcript.toString()).toBe("0123456789");
    expect(transcript.truncated).toBe(false);
  });

  it("beyond its limit is head and tail with a line about what was left out", () => {
    const transcript = transcriptOf(10, "0123456", "789abcdef");
    expect(transcript.toString()).toBe("01234\n[... 6 bytes left out ...]\nbcdef");
    expect(transcript.truncated).toBe(true);
  });

  it.each(["a", "é", "€", "😀"])("never cuts inside %s, and counts every byte", (character) => {
    const size = Buffer.byteLength(character);
    for (let limit = 0; limit < 24; limit++) {
      for (const piece of [1, 3, 40]) {
        const texts = Array.from({ length: Math.ceil(40 / piece) }, () => character.repeat(piece));
        const text = transcriptOf(limit, ...texts).toString();
        const [, head = "", dropped = "", tail = ""] =
          /^(.*)\n\[\.\.\. (\d+) bytes left out \.\.\.\]\n(.*)$/.exec(text) ?? [];
        expect(head + tail).toBe(character.repeat((head + tail).length / character.length));
        expect(Buffer.byteLength(head + tail)).toBeLessThanOrEqual(limit);
        expect(Number(dropped)).toBe(
          (texts.join("").length / character.length) * size - Buffer.byteLength(head + tail),
        );
      }
    }
  });

  it("keeps only what it will show of endless text", () => {
    const transcript = new Transcript(1000);
    const chunk = "x".repeat(64 << 10);
    const before = retainedBytes();
    for (let round = 0; round < 2000; round++) transcript.append(chunk);
    expect(retainedBytes() - before).toBeLessThan(64 << 20);
    transcript.append("end");
    expect(transcript.toString()).toMatch(/^x{500}\n\[\.\.\. 131071003 bytes left out \.\.\.\]\nx{497}end$/);
  });
});
