import { expect, it } from "vitest";
import { duration, money, shortId, size, tokens } from "./format.ts";

it("money is told with as many digits as it is worth", () => {
  expect([0, 0.00002, 0.0123, 0.5, 12, null].map(money)).toEqual([
    "$0",
    "< $0.0001",
    "$0.0123",
    "$0.50",
    "$12.00",
    "price unknown",
  ]);
});

it("counts are rounded where nobody counts any more", () => {
  expect([0, 999, 1000, 1234, 84_000, 999_999, 1_048_576].map(tokens)).toEqual([
    "0",
    "999",
    "1k",
    "1.2k",
    "84k",
    "1M",
    "1M",
  ]);
  expect([12, 5_000_000, 99_960].map(size)).toEqual(["12 B", "5 MB", "100 kB"]);
});

it("durations have at most two units", () => {
  expect([0.4, 40, 1234, 9999, 59_400, 60_000, 184_000, 7_500_000].map(duration)).toEqual([
    "0 ms",
    "40 ms",
    "1.2 s",
    "10 s",
    "59 s",
    "1 min",
    "3 min 4 s",
    "2 h 5 min",
  ]);
});

it("of an id the end is shown", () => {
  expect(shortId("0198c0ffee00112233445566778899aa")).toBe("778899aa");
});
