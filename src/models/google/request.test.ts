import { describe, expect, it } from "vitest";
import type { ModelRequest } from "../../contract/model.ts";
import { toGoogleRequest } from "./request.ts";

const REQUEST: ModelRequest = {
  instructions: "Be brief.",
  items: [{ type: "message", role: "user", content: [{ type: "input_text", text: "hello" }] }],
  tools: [
    {
      name: "shell",
      description: "Runs a command.",
      parameters: { type: "object", properties: { command: { type: "array" } }, additionalProperties: false },
    },
  ],
  sessionId: "s1",
};

describe("a request to Google", () => {
  it("has the instructions apart, the tools with plain JSON Schema, and asks for thoughts", () => {
    expect(toGoogleRequest(REQUEST, "gemini-2.5-pro")).toEqual({
      model: "gemini-2.5-pro",
      contents: [{ role: "user", parts: [{ text: "hello" }] }],
      config: {
        systemInstruction: { parts: [{ text: "Be brief." }] },
        tools: [
          {
            functionDeclarations: [
              {
                name: "shell",
                description: "Runs a command.",
                parametersJsonSchema: REQUEST.tools[0]?.parameters,
              },
            ],
          },
        ],
        thinkingConfig: { includeThoughts: true },
      },
    });
  });

  it("leaves out what there is none of", () => {
    const bare = { ...REQUEST, instructions: "", tools: [] };
    expect(toGoogleRequest(bare, "gemini-2.0-flash").config).toEqual({});
  });

  it("passes on the limit of the output", () => {
    const config = toGoogleRequest({ ...REQUEST, maxOutputTokens: 99 }, "gemini-2.5-pro").config;
    expect(config?.maxOutputTokens).toBe(99);
  });

  it("puts the instructions before the conversation where there is no place of their own for them", () => {
    const { contents, config } = toGoogleRequest(REQUEST, "gemma-3-27b-it");
    expect(contents).toEqual([{ role: "user", parts: [{ text: "Be brief." }, { text: "hello" }] }]);
    expect(config).not.toHaveProperty("systemInstruction");
    expect(config).not.toHaveProperty("thinkingConfig");
  });

  it("is the same, byte for byte, for the part of a conversation that was sent before", () => {
    const [first] = REQUEST.items;
    if (first === undefined) throw new Error("no item");
    const step = [
      { type: "function_call", call_id: "a", name: "shell", arguments: "{}" },
      { type: "function_call_output", call_id: "a", output: "x" },
    ] as const;
    const before = JSON.stringify(
      toGoogleRequest({ ...REQUEST, items: [first, ...step] }, "gemini-3-pro").contents,
    );
    const after = JSON.stringify(
      toGoogleRequest({ ...REQUEST, items: [first, ...step, first, ...step, first] }, "gemini-3-pro")
        .contents,
    );
    expect(after.startsWith(before.slice(0, -1))).toBe(true);
  });
});
