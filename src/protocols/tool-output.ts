import { z } from "zod";

/** What the model was told of a call. */
export interface ToolOutput {
  text: string;
  /** Null where a signal ended the process, or nothing ran. */
  exitCode: number | null;
  seconds: number;
}

const Output = z.object({
  output: z.string(),
  metadata: z.object({ exit_code: z.number().nullish(), duration_seconds: z.number().nullish() }),
});

/** Reads the JSON string in a `function_call_output`; a text that is none stands for itself. */
export function readToolOutput(output: string): ToolOutput {
  try {
    const { output: text, metadata } = Output.parse(JSON.parse(output));
    return { text, exitCode: metadata.exit_code ?? null, seconds: metadata.duration_seconds ?? 0 };
  } catch {
    return { text: output, exitCode: null, seconds: 0 };
  }
}
