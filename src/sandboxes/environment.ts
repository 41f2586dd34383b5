/** What may pass from the server's environment to a command: nothing that holds a key. */
const PASSED = /^(?:PATH|LANG|LANGUAGE|LC_[A-Z]+|TERM|COLORTERM|TZ|USER|LOGNAME|SHELL)$/;

export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of a command: the allowed part of `source`, and over it what the sandbox sets. */
export function commandEnvironment(
  source: Environment,
  own: Readonly<Record<string, string>>,
): Record<string, string> {
  const result: Record<string, string> = { PATH: DEFAULT_PATH, LANG: "C.UTF-8", TERM: "dumb" };
  for (const [name, value] of Object.entries(source)) {
    if (value !== undefined && PASSED.test(name)) result[name] = value;
  }
  return { ...result, ...own };
}
