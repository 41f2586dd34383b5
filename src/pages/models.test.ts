import { expect, it } from "vitest";
import { askPage, jsonOfPage } from "../testing/ask-page.ts";
import { listModels } from "./models.ts";

it("tells the models that may be asked for, in their order", async () => {
  const page = listModels([
    { name: "own", provider: "scripted", contextWindow: 128_000 },
    { name: "gpt-5", provider: "openai", contextWindow: 272_000 },
  ]);
  expect(await jsonOfPage(askPage(page))).toEqual({
    models: [
      { name: "own", provider: "scripted", context_window: 128_000 },
      { name: "gpt-5", provider: "openai", context_window: 272_000 },
    ],
  });
});
