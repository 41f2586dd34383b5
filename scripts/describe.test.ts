import { expect, it } from "vitest";
import { differences, drift } from "./describe.ts";

it("the committed descriptions are what a server gives out (else: npm run describe)", () => {
  expect(drift()).toEqual([]);
});

it("says of each file what differs", () => {
  const lies = new Map([
    ["same.json", "{}"],
    ["changed.json", '{\n  "a": 1\n}'],
    ["shorter.json", "1\n2"],
    ["old.json", "{}"],
  ]);
  const should = new Map([
    ["same.json", "{}"],
    ["changed.json", '{\n  "a": 2\n}'],
    ["shorter.json", "1"],
    ["new.json", "{}"],
  ]);
  expect(differences(lies, should)).toEqual([
    'changed.json: line 2: expected "a": 2, is "a": 1',
    "new.json: missing",
    "old.json: describes nothing any more",
    "shorter.json: line 2: expected the end, is 2",
  ]);
});
