import type { Sandbox } from "../contract/sandbox.ts";
import { blankDescriptors } from "./descriptors.ts";
import { commandEnvironment, type Environment } from "./environment.ts";
import { execute, type Identity } from "./exec.ts";
import { DEFAULT_LIMITS, type Limits } from "./limits.ts";

export interface UnconfinedOptions {
  /** The server's own environment; the allowed part of it reaches the commands. */
  environment?: Environment;
  workspace?: string;
  identity?: Identity | undefined;
  limits?: Partial<Limits>;
}

/**
 * No sandbox: commands do whatever the server's user (or `identity`) may do; of the limits only the one on output
 * holds. What a command leaves behind is found by its process group, session, ancestry, and a marker in its
 * environment: a daemon that left all four lives on.
 */
export function createUnconfinedSandbox(options: UnconfinedOptions = {}): Sandbox {
  const source = options.environment ?? {};
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const descriptors = blankDescriptors([]);
  return {
    mode: "danger-full-access",
    run({ argv, cwd, timeoutMs, stdin }, signal) {
      const [file, ...args] = argv;
      return execute(
        {
          file,
          args,
          cwd,
          env: commandEnvironment(source, { HOME: source["HOME"] ?? cwd }, options.workspace),
          identity: options.identity,
          descriptors,
          stdin,
          timeoutMs,
          maxOutputBytes: limits.outputBytes,
        },
        signal,
      );
    },
  };
}
