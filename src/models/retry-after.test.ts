import { describe, expect, it } from "vitest";
import { askedDelay } from "./retry-after.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");

describe("askedDelay", () => {
  it.each([
    [{ "retry-after": "2" }, 2000],
    [{ "retry-after": "0.5" }, 500],
    [{ "retry-after": "Thu, 01 Jan 2026 00:00:30 GMT" }, 30_000],
    [{ "retry-after": "Wed, 31 Dec 2025 23:59:00 GMT" }, 0],
    [{ "retry-after-ms": "1500", "retry-after": "9" }, 1500],
    [{ "retry-after": "soon" }, undefined],
    [{}, undefined],
  ])("reads the headers %o", (headers, expected) => {
    expect(askedDelay(new Headers(headers), "", NOW)).toBe(expected);
  });

  it.each([
    ["Rate limit reached. Please try again in 11.054s. Visit our page.", 11_054],
    ["Please try again in 350ms.", 350],
    ["Please try again in 1m30.5s.", 90_500],
    ["try again in 20 seconds", 20_000],
    ["Please retry in 48.2s.", 48_200],
    ["Try again in 2h3m", 7_380_000],
    ["Please try again later.", undefined],
  ])("reads the words %o", (message, expected) => {
    expect(askedDelay(undefined, message, NOW)).toBe(expected);
  });
});
