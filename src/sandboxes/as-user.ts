import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { ToolError, type AsUser } from "../contract/tool.ts";
import type { Identity } from "./exec.ts";

/** What a job's process tells at its end. A fault of ours is no answer, but an exit code and words on stderr. */
export const JobAnswer = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("done"), value: z.unknown().optional() }),
  z.strictObject({ type: z.literal("refused"), message: z.string() }),
]);
export type JobAnswer = z.infer<typeof JobAnswer>;

/**
 * Each job is done by a process of its own, because a process has one user. It runs `program`, which calls `workAsUser`;
 * a job that has begun is never cut short, so that it can keep its promise of all or nothing.
 */
export function createAsUser({ uid, gid }: Identity, program: string): AsUser {
  return async (job, input) => {
    const child = spawn(process.execPath, [program, `${uid}`, `${gid}`, job], {
      cwd: "/",
      // Nothing of the server's. System calls by io_uring would keep the rights that a process had at its start.
      env: { UV_USE_IO_URING: "0" },
      // A Ctrl-C at the server's terminal is not meant for it.
      detached: true,
    });
    // Its exit code tells more than the broken pipe.
    child.stdin.on("error", () => {});
    child.stdin.end(JSON.stringify(input));
    const [stdout, stderr] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close"),
    ]);
    if (child.exitCode !== 0) {
      throw new Error(`${job} as user ${uid} failed (${child.exitCode ?? child.signalCode}): ${stderr}`);
    }
    const answer = JobAnswer.parse(JSON.parse(stdout));
    if (answer.type === "refused") throw new ToolError(answer.message);
    return answer.value;
  };
}
