import { describe, expect, it } from "vitest";
import { countSteps, FAULTS, proveFault } from "./faults.ts";
import { proveServerKills } from "./server-kills.ts";

/** The long form is `npm run prove:log`. */
const EVERY = { EIO: 5, ENOSPC: 5, "power cut": 5, kill: 14 } as const;

describe("a log whose disk fails", () => {
  it.each(FAULTS)(
    "by %s keeps what a barrier has covered, and the next start goes on",
    async (fault) => {
      const steps = await countSteps();
      expect(steps).toBeGreaterThan(50);
      for (let at = 2; at < steps; at += EVERY[fault]) {
        expect((await proveFault(fault, at, at)).wrong, `step ${at}`).toEqual([]);
      }
    },
    60_000,
  );
});

it("finds what a power cut takes when nothing is synced", async () => {
  const lost = [];
  for (let at = 30; at < 60; at += 5) lost.push(...(await proveFault("power cut", at, at, "off")).wrong);
  expect(lost.join("\n")).toMatch(/line \d of \d+ is missing/);
});

describe("a server that is killed under load", () => {
  it.each(["barrier", "strict"] as const)(
    "(%s) loses nothing that a client was told, says nothing twice, and goes on",
    async (durability) => {
      const proof = await proveServerKills({ times: 3, seed: 7, clients: 2, durability });
      expect(proof.wrong).toEqual([]);
      expect(proof.received).toBeGreaterThan(20);
    },
    60_000,
  );
});
