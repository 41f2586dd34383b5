import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createTestWorkspace } from "../../test-workspace.ts";
import { assessCommand } from "../assess.ts";

const Verdict = z.object({
  command: z.tuple([z.string()], z.string()),
  verdict: z.enum(["safe-read", "needs-approval"]),
  why: z.string(),
});

/** Commands with the right verdict, one JSON object a line; they lie outside the repository. */
function findVerdicts(): string | undefined {
  const streams = process.env["PROVIDER_STREAMS_DIR"];
  const file =
    process.env["COMMAND_VERDICTS_FILE"] ?? (streams && join(streams, "../command-verdicts.jsonl"));
  return file !== undefined && file !== "" && existsSync(file) ? file : undefined;
}

const file = findVerdicts();

describe("the recorded verdicts", () => {
  it.skipIf(file === undefined)(
    "are ours too (skipped where neither COMMAND_VERDICTS_FILE nor PROVIDER_STREAMS_DIR names them)",
    async () => {
      const workspace = createTestWorkspace();
      const lines = readFileSync(file ?? "", "utf8").split("\n");
      const verdicts = lines.filter((line) => line !== "").map((line) => Verdict.parse(JSON.parse(line)));
      const wrong = [];
      for (const { command, verdict, why } of verdicts) {
        const { effect, reason } = await assessCommand(command, workspace.path, workspace.path);
        if ((effect === "read") !== (verdict === "safe-read")) wrong.push({ command, verdict, why, reason });
      }
      workspace.remove();
      expect(verdicts.length).toBeGreaterThan(0);
      expect(wrong).toEqual([]);
    },
  );
});
