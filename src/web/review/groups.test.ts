import { expect, it } from "vitest";
import { describeEvent } from "./events.ts";
import { nextOf, placeOf, shownRows } from "./groups.ts";
import { lineMaker } from "./test-lines.ts";

const { tell, hear } = lineMaker();
const rows = [
  hear("user_input", { input: "a" }),
  tell("response_delta", { delta: "x" }),
  tell("error", { message: "e" }),
  tell("approval_request", { command: ["ls"] }),
  tell("response_delta", { delta: "y" }),
  tell("error", { message: "f" }),
].map(describeEvent);

it("shows all but the pieces of streams, everything, or one kind", () => {
  expect(shownRows(rows, "all")).toEqual([0, 2, 3, 5]);
  expect(shownRows(rows, "everything")).toEqual([0, 1, 2, 3, 4, 5]);
  expect(shownRows(rows, "errors")).toEqual([2, 5]);
});

it("finds the next and the one before, and none past the ends", () => {
  expect(nextOf(rows, -1, "errors", 1)).toBe(2);
  expect(nextOf(rows, 2, "errors", 1)).toBe(5);
  expect(nextOf(rows, 5, "errors", 1)).toBeUndefined();
  expect(nextOf(rows, rows.length, "approvals", -1)).toBe(3);
});

it("knows where a row stands among those that are shown", () => {
  expect([0, 2, 4, 5].map((index) => placeOf([0, 2, 3, 5], index))).toEqual([0, 1, 2, 3]);
  expect(placeOf([], 7)).toBe(0);
});
