import { expect, it } from "vitest";
import { readToolResult } from "./tool-result.ts";

const none = { exitCode: undefined, durationMs: undefined, isCut: false };

it.each([
  [
    '{"output":"a","metadata":{"exit_code":2,"duration_seconds":1.5,"truncated":true}}',
    { text: "a", exitCode: 2, durationMs: 1500, isCut: true },
  ],
  ['{"output":"a","metadata":{"exit_code":null}}', { ...none, text: "a", exitCode: null }],
  ['{"output":"a","metadata":null}', { ...none, text: "a" }],
  ['{"output":5}', { ...none, text: '{"output":5}' }],
  ["null", { ...none, text: "null" }],
  ["plain", { ...none, text: "plain" }],
])("the output of a tool is read from %s", (json, result) => {
  expect(readToolResult(json)).toEqual(result);
});
