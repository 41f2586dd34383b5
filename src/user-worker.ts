import { z } from "zod";
import { workspaceInstructions } from "./agents/loop/workspace-instructions.ts";
import { workAsUser } from "./sandboxes/work-as-user.ts";
import { applyJob, PatchJob, planJob } from "./tools/apply-patch/job.ts";

/** The program that the server, where it is root, starts for what it does as the user that commands run as. */
await workAsUser({
  plan_patch: (input) => planJob(PatchJob.parse(input)),
  apply_patch: (input) => applyJob(PatchJob.parse(input)),
  workspace_instructions: (input) => workspaceInstructions(z.string().parse(input)),
});
