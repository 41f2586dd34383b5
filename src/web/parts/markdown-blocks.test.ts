import { expect, it } from "vitest";
import { markdownBlocks } from "./markdown-blocks.ts";

it("a list with blank lines is one block, and so is a fence with blank lines", () => {
  const list = "- one\n\n- two\n\n  more of two";
  const fence = "```js\nconst a = 1;\n\nconst b = 2;\n```";
  expect(markdownBlocks(`# Title\n\n${list}\n\n${fence}\n\nend`).map((block) => block.trim())).toEqual([
    "# Title",
    list,
    fence,
    "end",
  ]);
});

it("only the last block changes while a text grows", () => {
  const whole = "First.\n\n- a\n- b\n\n```\ncode\n\nmore\n```\n\nLast *words*.";
  const final = markdownBlocks(whole);
  for (let length = 1; length < whole.length; length += 1) {
    const blocks = markdownBlocks(whole.slice(0, length));
    const settled = blocks.slice(0, -1).map((block) => block.trim());
    expect(final.map((block) => block.trim()).slice(0, settled.length)).toEqual(settled);
  }
});

it("a block knows the links that are defined elsewhere", () => {
  const blocks = markdownBlocks('See [the docs][docs].\n\nNo link.\n\n[docs]: https://example.com/a "T"');
  expect(blocks).toHaveLength(2);
  expect(blocks[0]).toContain('[docs]: <https://example.com/a> "T"');
  expect(blocks[1]).not.toContain("example.com");
});
