import { describe, expect, it } from "vitest";
import type { ResponseItem } from "../../../contract/item.ts";
import { transcript } from "./transcript.ts";

const said = (text: string): ResponseItem => ({
  type: "message",
  role: "user",
  content: [{ type: "input_text", text }],
});
const result = (output: string): ResponseItem => ({ type: "function_call_output", call_id: "c", output });

describe("a transcript", () => {
  it("shows the beginning and the end of a long result", () => {
    const text = transcript([said("look"), result(`begin${"x".repeat(5000)}end`)], Infinity);
    expect(text).toMatch(/^\[user\]\nlook\n\n\[result\]\nbeginx+\n\(2960 characters left out\)\nx+end$/);
  });

  it("shows less of the results, and then less of all, where it would be too long", () => {
    const items = Array.from({ length: 50 }, (_, nth) => [
      said(`word ${nth}.`),
      result("y".repeat(3000)),
    ]).flat();
    const shorter = transcript(items, 40_000);
    expect(shorter.length).toBeLessThanOrEqual(40_000);
    expect(shorter).toContain("word 25.");
    const shortest = transcript(items, 2000);
    expect(shortest.length).toBeLessThan(2100);
    expect(shortest).toContain("word 0.");
    expect(shortest).not.toContain("word 25.");
    expect(shortest).toContain("characters left out");
  });

  it("cuts no character in two", () => {
    expect(transcript([result("👍".repeat(3001))], Infinity).isWellFormed()).toBe(true);
    expect(transcript([said(`a${"👍".repeat(3001)}`)], 1001).isWellFormed()).toBe(true);
  });
});
