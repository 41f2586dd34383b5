import type { Folders } from "./folders.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What the engine may know of the server's environment: where programs are, its language, how it reaches the network. */
const PASSED =
  /^(?:PATH|LANG|LANGUAGE|LC_[A-Z]+|TZ|USER|LOGNAME|SSL_CERT_FILE|SSL_CERT_DIR|NODE_EXTRA_CA_CERTS|(?:HTTPS?|ALL|NO)_PROXY|(?:https?|all|no)_proxy)$/;

/** In the environment of the process and of its commands: by it they are found when the process is gone. */
export const MARKER = "AGENTLOOP_ENGINE";

export interface EnvironmentOptions {
  source: Environment;
  folders: Folders;
  apiKey?: string | undefined;
  rustLog?: string | undefined;
  marker: string;
}

export function engineEnvironment(options: EnvironmentOptions): Record<string, string> {
  const { source, folders, apiKey, rustLog, marker } = options;
  const result: Record<string, string> = { TERM: "dumb", SHELL: "/bin/bash" };
  for (const [name, value] of Object.entries(source)) {
    if (value !== undefined && PASSED.test(name)) result[name] = value;
  }
  return {
    ...result,
    CODEX_HOME: folders.state,
    HOME: folders.home,
    TMPDIR: folders.temporary,
    [MARKER]: marker,
    ...(apiKey !== undefined && { OPENAI_API_KEY: apiKey }),
    ...(rustLog !== undefined && { RUST_LOG: rustLog }),
  };
}
