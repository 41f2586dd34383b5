import { describe, expect, it } from "vitest";
import type { PartialArg } from "./chunk.ts";
import { PartialArgs } from "./partial-args.ts";

function assemble(...pieces: PartialArg[]) {
  const args = new PartialArgs();
  for (const piece of pieces) args.add(piece);
  return { isWhole: args.isWhole, args: JSON.parse(args.toJson()) };
}

describe("arguments that come in pieces", () => {
  it("are put where their paths say", () => {
    const whole = assemble(
      { jsonPath: "$.command[0]", stringValue: "bash" },
      { jsonPath: "$.command[1]", stringValue: "-" },
      { jsonPath: "$.command[1]", stringValue: "lc" },
      { jsonPath: "$.options.depth", numberValue: 2 },
      { jsonPath: "$.options.quiet", boolValue: false },
      { jsonPath: "$['odd.name'][\"it's\"]", nullValue: "NULL_VALUE" },
      { jsonPath: "$.files[0].path", stringValue: "" },
    );
    expect(whole).toEqual({
      isWhole: true,
      args: {
        command: ["bash", "-lc"],
        options: { depth: 2, quiet: false },
        "odd.name": { "it's": null },
        files: [{ path: "" }],
      },
    });
  });

  it.each(["", "$", "location", "$.a b[", "$.a[x]", "$.text.deeper"])(
    "are not whole after a path that leads nowhere: %s",
    (jsonPath) => {
      const start = { jsonPath: "$.text", stringValue: "x" };
      expect(assemble(start, { jsonPath, stringValue: "y" })).toEqual({
        isWhole: false,
        args: { text: "x" },
      });
    },
  );

  it("do not fill the memory with holes", () => {
    expect(assemble({ jsonPath: "$.list[4000000000]", numberValue: 1 })).toEqual({
      isWhole: false,
      args: { list: [] },
    });
  });

  it("cannot reach out of themselves", () => {
    const args = new PartialArgs();
    args.addAll({ inner: {} });
    args.add({ jsonPath: "$.__proto__.polluted", boolValue: true });
    args.add({ jsonPath: "$.inner.__proto__.polluted", boolValue: true });
    args.add({ jsonPath: "$.inner.constructor.prototype.polluted", boolValue: true });
    expect({}).not.toHaveProperty("polluted");
  });
});
