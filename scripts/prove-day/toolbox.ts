import { z } from "zod";
import { type ToolCall, ToolError, type Toolbox } from "../../src/contract/tool.ts";
import { createToolbox } from "../../src/tools/toolbox.ts";
import type { Random } from "./random.ts";

const Arguments = z.object({ command: z.array(z.string()).optional(), input: z.string().optional() });

export interface DayToolbox extends Toolbox {
  /** How often each call ran, by its arguments. */
  runs: Map<string, number>;
}

/** The real tools as the model sees them; nothing runs. `onRun` is told of each run. */
export function createDayToolbox(random: Random, onRun: () => void): DayToolbox {
  const { specs } = createToolbox();
  const runs = new Map<string, number>();
  return {
    specs,
    runs,
    parse(name, json): ToolCall {
      const args = Arguments.safeParse(JSON.parse(json));
      if (!args.success) throw new ToolError(`${name}: unexpected arguments ${json}`);
      const isRead = args.data.command !== undefined;
      return {
        name,
        assess: async ({ workspace }) => ({
          effect: isRead ? "read" : "execute",
          reason: "It is a part of the day.",
          risk: "low",
          command: args.data.command ?? [name],
          cwd: workspace,
          sameAs: json,
        }),
        async *run() {
          runs.set(json, (runs.get(json) ?? 0) + 1);
          onRun();
          const output = random.prose(random.chance(0.1) ? 16_000 : random.between(500, 9000));
          yield { type: "output", delta: output.slice(0, 200) };
          yield { type: "result", output, metadata: { exit_code: 0, duration_seconds: 0.1 } };
        },
      };
    },
  };
}
