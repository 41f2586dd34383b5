import { createRedactor } from "./audit/redact/redact.ts";
import { ConfigError, loadConfig } from "./config/config.ts";
import { helpText, parseFlags, splitEnvFlags } from "./config/flags.ts";
import { AgentError } from "./contract/error.ts";
import type { Redactor } from "./contract/redact.ts";
import { serve } from "./serve/serve.ts";
import { VERSION } from "./version.ts";

/** `serve` is the default; `config` shows the settings; other commands read the logs, with or without a server. */
async function main(): Promise<void> {
  const { commandsHelp, isLogCommand, runCommand } = await import("./cli/cli.ts");
  const { configArguments, isConfigCommand, printConfig } = await import("./cli/config.ts");
  const { processTerminal } = await import("./cli/terminal.ts");
  const { envFlags, rest: argv } = splitEnvFlags(process.argv.slice(2));
  if (isLogCommand(argv)) {
    const settings = () => loadConfig(parseFlags(envFlags));
    process.exit(await runCommand(argv, { terminal: processTerminal(), settings }));
  }
  if (isConfigCommand(argv)) {
    const { asJson, flags } = configArguments(argv);
    return await printConfig(loadConfig(parseFlags([...envFlags, ...flags])), {
      terminal: processTerminal(),
      asJson,
    });
  }
  const flags = parseFlags([...envFlags, ...(argv[0] === "serve" ? argv.slice(1) : argv)]);
  if (flags.help)
    return void process.stdout.write(
      `${helpText()}\nagentloop-server config [--json] [FLAGS]   shows every setting in force, and where it came from\n\nCommands on the logs (each has its own --help):\n\n${commandsHelp()}`,
    );
  if (flags.version) return void process.stdout.write(`${VERSION}\n`);
  const config = loadConfig(flags);
  const redactor = createRedactor(config.secrets);
  await serve(config, redactor).catch((error: unknown) => fail(error, redactor));
}

/** What a person can mend is said in plain lines; only a fault of ours shows its stack. */
function fail(error: unknown, redactor?: Redactor): never {
  const plain = error instanceof ConfigError || error instanceof AgentError || isPlain(error);
  const text = plain ? (error as Error).message : String((error as Error).stack ?? error);
  process.stderr.write(`${redactor?.text(text).text ?? text}\n`);
  process.exit(1);
}

const isPlain = (error: unknown) => error instanceof Error && error.constructor === Error;

main().catch((error: unknown) => fail(error));
