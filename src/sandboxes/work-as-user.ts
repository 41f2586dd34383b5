import { json } from "node:stream/consumers";
import { z } from "zod";
import { ToolError, type UserJob } from "../contract/tool.ts";
import type { JobAnswer } from "./as-user.ts";
import type { Identity } from "./exec.ts";

type Jobs = Readonly<Record<UserJob, (input: unknown) => Promise<unknown>>>;

const Arguments = z.tuple([z.coerce.number().int().min(1), z.coerce.number().int().min(0), z.string()]);

/**
 * The other side of `createAsUser`: gives up the server's rights, and only then reads what is to be done. To be called
 * when everything is imported: the user need not be able to read the program.
 */
export async function workAsUser(jobs: Jobs): Promise<void> {
  const [uid, gid, name] = Arguments.parse(process.argv.slice(2));
  become({ uid, gid });
  if (!isJob(jobs, name)) throw new Error(`expected a job of ${Object.keys(jobs).join(", ")}, got ${name}`);
  const answer = await answerTo(jobs[name], await json(process.stdin));
  process.stdout.write(JSON.stringify(answer));
}

/** For good, and as commands do: without further groups. */
function become({ uid, gid }: Identity): void {
  process.setgroups?.([]);
  process.setgid?.(gid);
  // Last, because it takes away the right to the others, and all capabilities.
  process.setuid?.(uid);
  if (process.getuid?.() !== uid || process.geteuid?.() !== uid || process.getegid?.() !== gid) {
    throw new Error(`could not become user ${uid} of group ${gid}`);
  }
}

const isJob = (jobs: Jobs, name: string): name is UserJob => Object.hasOwn(jobs, name);

async function answerTo(job: Jobs[UserJob], input: unknown): Promise<JobAnswer> {
  try {
    return { type: "done", value: await job(input) };
  } catch (error) {
    if (error instanceof ToolError) return { type: "refused", message: error.message };
    throw error;
  }
}
