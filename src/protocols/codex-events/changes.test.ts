import { expect, test } from "vitest";
import { changesOf } from "./changes.ts";

const before_sha256 = null;

test("files are told by their paths, as Codex tells them", () => {
  const added = "--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1,2 @@\n+one\n+++ two\n";
  const deleted = "--- a/old.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-gone\n";
  const updated = "--- a/c.txt\n+++ b/c.txt\n@@ -1 +1 @@\n-a\n+b\n";
  expect(
    changesOf([
      { path: "new.txt", kind: "add", diff: added, before_sha256 },
      { path: "old.txt", kind: "delete", diff: deleted, before_sha256 },
      { path: "c.txt", kind: "update", diff: updated, before_sha256 },
      { path: "d.txt", kind: "move", move_path: "e.txt", diff: updated, before_sha256 },
    ]),
  ).toEqual({
    "new.txt": { type: "add", content: "one\n++ two\n" },
    "old.txt": { type: "delete", content: "gone\n" },
    "c.txt": { type: "update", unified_diff: updated, move_path: null },
    "d.txt": { type: "update", unified_diff: updated, move_path: "e.txt" },
  });
});
