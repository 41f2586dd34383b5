import { expect, it } from "vitest";
import { exceedsHeadline, headline } from "./command-words.ts";

it("a heading says that there is more", () => {
  expect(headline(["bash", "-lc", "#!/bin/bash\nset -e\n\n  cd x\nrm -rf y"])).toBe("cd x …");
  expect(headline(["git", "commit", "-m", "two words"])).toBe("git commit -m 'two words'");
  expect(exceedsHeadline(["bash", "-c", "ls"])).toBe(false);
  expect(exceedsHeadline(["bash", "-c", "ls\nls"])).toBe(true);
  expect(exceedsHeadline(["echo", "x".repeat(90)])).toBe(true);
});
