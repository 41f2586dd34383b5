import { expect, it } from "vitest";
import { commandEnvironment, DEFAULT_PATH } from "./environment.ts";

it("lets through what is on the list and nothing that could hold a key", () => {
  const source = {
    PATH: "/bin",
    LC_TIME: "C",
    OPENAI_API_KEY: "k",
    NODE_OPTIONS: "x",
    LD_PRELOAD: "y",
    MY_PATH: "z",
    LC_: "",
  };
  expect(commandEnvironment(source, { HOME: "/tmp" })).toEqual({
    PATH: "/bin",
    LANG: "C.UTF-8",
    LC_TIME: "C",
    TERM: "dumb",
    HOME: "/tmp",
  });
});

it("has a path where the server has none", () => {
  expect(commandEnvironment({ PATH: undefined }, {})["PATH"]).toBe(DEFAULT_PATH);
});

it("looks for programs in no folder that the agent could plant one in", () => {
  const source = {
    PATH: "/srv/space/node_modules/.bin:.:bin::/srv/space:/srv/space/../space/x:/srv/spaces:/usr/bin",
  };
  const { PATH } = commandEnvironment(source, {}, "/srv/space");
  expect(PATH).toBe("/srv/spaces:/usr/bin");
  expect(commandEnvironment({ PATH: "bin" }, {}, "/srv/space")["PATH"]).toBe(DEFAULT_PATH);
});
