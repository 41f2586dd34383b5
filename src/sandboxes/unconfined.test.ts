import { newFolder } from "../testing/confined.ts";
import { sandboxSuite } from "./sandbox.suite.ts";
import { createUnconfinedSandbox } from "./unconfined.ts";

sandboxSuite("unconfined", {
  async create(options) {
    return { sandbox: createUnconfinedSandbox(options), workspace: await newFolder() };
  },
});
