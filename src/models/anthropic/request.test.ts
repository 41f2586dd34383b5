import { describe, expect, it } from "vitest";
import type { ResponseItem } from "../../contract/item.ts";
import type { ModelRequest } from "../../contract/model.ts";
import { toWireRequest, type RequestBody } from "./request.ts";
import { assistant, call, output, reasoning, user } from "./samples.ts";

const MODEL = { name: "claude-opus-4-6", info: { contextWindow: 200_000, maxOutputTokens: 32_000 } };
const BUDGET_MODEL = { ...MODEL, name: "claude-sonnet-4-5" };

function bodyOf(items: ResponseItem[], more: Partial<ModelRequest> = {}, model = MODEL): RequestBody {
  return toWireRequest(model, { instructions: "", items, tools: [], sessionId: "s", ...more }).body;
}

describe("thinking in toWireRequest", () => {
  const step = (id: string) => [reasoning(), call(id), output(id)];

  it("is asked of a model with a budget as long as every step of the tool turn began with it", () => {
    const items = [
      user("a"),
      call("c0"),
      output("c0"),
      assistant("b"),
      user("c"),
      ...step("c1"),
      ...step("c2"),
    ];
    const body = bodyOf(items, {}, BUDGET_MODEL);
    expect(body.thinking).toEqual({ type: "enabled", budget_tokens: 16_000 });
    expect(JSON.stringify(body.messages).match(/"sig-1"/g)).toHaveLength(2);
  });

  it("is not asked within a tool turn that another provider's model began, and is not sent back then", () => {
    const items = [user("a"), call("c1"), output("c1"), ...step("c2")];
    const body = bodyOf(items, {}, BUDGET_MODEL);
    expect(body).not.toHaveProperty("thinking");
    expect(JSON.stringify(body)).not.toContain("sig-1");
    expect(body.messages).toHaveLength(5);
  });

  it("is asked of a model that decides for itself in any case", () => {
    expect(bodyOf([user("a"), call("c1"), output("c1")]).thinking).toEqual({
      type: "adaptive",
      display: "summarized",
    });
  });

  it("never goes to a model that cannot think", () => {
    const body = bodyOf([user("a"), ...step("c1")], {}, { ...MODEL, name: "claude-3-5-haiku-20241022" });
    expect(body).not.toHaveProperty("thinking");
    expect(JSON.stringify(body)).not.toContain("sig-1");
  });

  it("leaves room for the answer below the output limit, which is at most the model's", () => {
    expect(bodyOf([user("a")], { maxOutputTokens: 1_000_000 }).max_tokens).toBe(32_000);
    expect(bodyOf([user("a")], { maxOutputTokens: 4000 }, BUDGET_MODEL)).toMatchObject({
      max_tokens: 4000,
      thinking: { budget_tokens: 2000 },
    });
  });
});

describe("cache points in toWireRequest", () => {
  const more: Partial<ModelRequest> = {
    instructions: "Be brief.",
    tools: ["shell", "apply_patch"].map((name) => ({
      name,
      description: name,
      parameters: { properties: {} },
    })),
  };
  const hour = { type: "ephemeral", ttl: "1h" };

  it("stand on the last tool, the instructions and the newest two turns of the user, the longer ones first", () => {
    const items = [user("a"), assistant("b"), user("c"), call("c1"), output("c1"), assistant("d"), user("e")];
    const body = bodyOf(items, more);
    expect(body.tools).toEqual([
      { name: "shell", description: "shell", input_schema: { type: "object", properties: {} } },
      {
        name: "apply_patch",
        description: "apply_patch",
        input_schema: { type: "object", properties: {} },
        cache_control: hour,
      },
    ]);
    expect(body.system).toEqual([{ type: "text", text: "Be brief.", cache_control: hour }]);
    expect(
      body.messages.map(({ content }) =>
        JSON.stringify(content).includes('"cache_control":{"type":"ephemeral"}'),
      ),
    ).toEqual([false, false, false, false, true, false, true]);
    expect(JSON.stringify(body).match(/"cache_control"/g)).toHaveLength(4);
  });

  it("leave all bytes before the newest turns as they were in the request before", () => {
    const items = [user("a"), reasoning(), call("c1", '{"x": 1}'), output("c1"), user("b")];
    const plain = (body: RequestBody) => JSON.stringify(body).replaceAll(/,"cache_control":\{[^}]*\}/g, "");
    const before = plain(bodyOf(items, more));
    const after = plain(bodyOf([...items, assistant("c"), user("d")], more));
    expect(after.startsWith(before.slice(0, -"]}".length))).toBe(true);
    expect(bodyOf(items, more)).toEqual(bodyOf(structuredClone(items), more));
  });

  it("stand nowhere where there is nothing to mark", () => {
    const body = bodyOf([user("a")]);
    expect(body).not.toHaveProperty("system");
    expect(body).not.toHaveProperty("tools");
    expect(JSON.stringify(body).match(/"cache_control"/g)).toHaveLength(1);
  });

  it("are kept for an hour when the next request may wait for a person, and not at all for a single question", () => {
    const tools = [{ name: "shell", description: "", parameters: { type: "object" } }];
    const marks = (cache: ModelRequest["cache"]) => {
      const items = [user("a"), call("c1"), output("c1")];
      const body = bodyOf(items, { tools, instructions: "Be brief.", ...(cache && { cache }) });
      return [...JSON.stringify(body).matchAll(/"cache_control":\{"type":"ephemeral"(,"ttl":"1h")?\}/g)].map(
        ([, hour]) => (hour ? "1h" : "5m"),
      );
    };
    expect(marks("hour")).toEqual(["1h", "1h", "1h", "1h"]);
    expect(marks("minutes")).toEqual(["1h", "1h", "5m", "5m"]);
    expect(marks(undefined)).toEqual(marks("minutes"));
    expect(marks("none")).toEqual([]);
  });
});
