import type { Config } from "../config/config.ts";
import type { Terminal } from "./command.ts";
import { json, table } from "./print.ts";

/** Whether the arguments ask for the settings in force; what follows are flags of the server. */
export const isConfigCommand = ([name]: readonly string[]): boolean => name === "config";

/** Splits off what is not a flag of the server. */
export function configArguments([, ...rest]: readonly string[]): { asJson: boolean; flags: string[] } {
  const flags = rest.filter((argument) => argument !== "--json");
  return { asJson: flags.length < rest.length, flags };
}

/** Prints every setting with its value and where that came from. */
export async function printConfig(
  { effective }: Pick<Config, "effective">,
  { terminal, asJson }: { terminal: Terminal; asJson: boolean },
): Promise<void> {
  if (asJson) for (const setting of effective) await terminal.out(json(setting));
  else {
    const rows = effective.map(({ name, value, from }) => [name, from, value ?? "(not set)"]);
    await terminal.out(table(["VARIABLE", "FROM", "VALUE"], rows, terminal.columns));
  }
}
