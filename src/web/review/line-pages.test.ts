import { expect, it } from "vitest";
import { LinePages } from "./line-pages.ts";
import { lineMaker } from "./test-lines.ts";

it("forgets what was not asked for longest, when there is no more room", () => {
  const { tell } = lineMaker();
  const pages = new LinePages(1_000_000);
  const line = tell("error", { message: "x".repeat(1000) });
  for (let index = 0; index < 500; index += 1) pages.set(index, line);
  expect(pages.get(0)).toBe(line);
  for (let index = 500; index < 1000; index += 1) pages.set(index, line);
  expect(pages.get(700)).toBe(line);
  expect(pages.get(0)).toBeUndefined();
  expect(pages.around(1234)).toEqual({ first: 1000, count: 500 });
});
