import { readFileSync } from "node:fs";
import { z } from "zod";
import type { Secret } from "./masked.ts";
import type { Settings } from "./settings.ts";

const NAME = "GOOGLE_APPLICATION_CREDENTIALS";

/** What is secret in a file of Google's credentials, of whichever kind. */
const KeyFile = z.object({
  private_key: z.string().optional(),
  client_secret: z.string().optional(),
  refresh_token: z.string().optional(),
});

/** The secrets of a service account's file. The file can be read; one that is none is a problem. */
export function keyFileSecrets({ googleCredentialsPath: path }: Settings, problems: string[]): Secret[] {
  if (path === undefined) return [];
  const file = KeyFile.safeParse(parsed(readFileSync(path, "utf8")));
  if (!file.success) {
    // What stands in it could not be kept out of the logs.
    problems.push(
      `${NAME}: expected the path of a service account file, got ${JSON.stringify(path)}, which is none in JSON`,
    );
    return [];
  }
  // The line break at the end of a key gets lost where it is copied.
  const values = Object.values(file.data).map((value) => value?.trim() ?? "");
  return values.filter((value) => value !== "").map((value) => ({ name: NAME, value }));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
