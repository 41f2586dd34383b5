import { homedir } from "node:os";
import { join } from "node:path";

/** Relative to a home folder: keys, tokens and passwords that programs keep there, and what shells remember of them. */
const PLACES: readonly string[] = [
  ".ssh",
  ".gnupg",
  ".password-store",
  ".local/share/keyrings",
  ".netrc",
  ".git-credentials",
  ".config/git/credentials",
  ".config/gh",
  ".config/glab-cli",
  ".aws",
  ".azure",
  ".config/gcloud",
  ".oci",
  ".kube",
  ".docker/config.json",
  ".config/containers/auth.json",
  ".terraform.d/credentials.tfrc.json",
  ".vault-token",
  ".npmrc",
  ".yarnrc.yml",
  ".pypirc",
  ".cargo/credentials",
  ".cargo/credentials.toml",
  ".gem/credentials",
  ".m2/settings.xml",
  ".gradle/gradle.properties",
  ".pgpass",
  ".my.cnf",
  ".codex/auth.json",
  ".claude/.credentials.json",
  ".gemini/oauth_creds.json",
  ".config/github-copilot",
  ".bash_history",
  ".zsh_history",
];

/** Absolute paths in a home folder that no command needs and everybody looks for. They need not exist. */
export const secretPlaces = (home = ownHome()): string[] =>
  home === undefined ? [] : PLACES.map((place) => join(home, place));

/** A container may run the server as a user that nobody has heard of. */
function ownHome(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined;
  }
}
