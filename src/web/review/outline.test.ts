import { expect, it } from "vitest";
import { Outline } from "./outline.ts";
import { lineMaker } from "./test-lines.ts";

it("the sums of a session leave out what was copied from another one, which has paid for it", () => {
  const { tell } = lineMaker();
  const usage = { input_tokens: 100, output_tokens: 10, cost_usd: 0.5 };
  const finished = () => tell("status", { kind: "response_finished", model: "m", usage });
  const outline = new Outline();
  outline.add({ ...finished(), audit: { copied: true } });
  outline.add(finished());
  expect(outline.usage).toMatchObject([{ input: 100, output: 10, cost: 0.5, unpriced: 0 }]);
});
