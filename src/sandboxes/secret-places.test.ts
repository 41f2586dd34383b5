import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { confined, newFolder, USERS } from "../testing/confined.ts";
import { runCommand } from "../testing/run-command.ts";
import { secretPlaces } from "./secret-places.ts";

/** Programs write their keys there. */
const KEYS = [
  ".ssh/id_ed25519",
  ".aws/credentials",
  ".config/gcloud/credentials.db",
  ".docker/config.json",
  ".netrc",
];

it.each(USERS)("hides keys in a home folder and nothing else there, as $user", async ({ identity }) => {
  const home = await newFolder(identity, "/var/tmp");
  for (const file of [...KEYS, ".gitconfig", ".config/other"]) {
    await mkdir(dirname(join(home, file)), { recursive: true });
    await writeFile(join(home, file), `text of ${file}\n`);
  }
  const { sandbox, workspace } = await confined({ identity, hiddenPaths: secretPlaces(home) });
  const script = `cd ${home}; cat ${KEYS.join(" ")} .gitconfig .config/other`;
  const { stdout } = await runCommand(sandbox, ["bash", "-c", script], { cwd: workspace });
  expect(stdout).toBe("text of .gitconfig\ntext of .config/other\n");
});

it("looks for them in the home of the server's user", () => {
  expect(secretPlaces()).toContain(join(process.env["HOME"] ?? "", ".ssh"));
});
