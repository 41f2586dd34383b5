/** Names of files and folders, in lower case, that commonly hold keys, passwords or tokens. */
const SECRET_NAMES: readonly RegExp[] = [
  /\.env(?:rc)?(?:[^a-z]|$)/,
  /\.(?:pem|key|p8|p12|pfx|jks|keystore|kdbx?|ppk|gpg|pgp|ovpn|tfstate|tfvars)(?:[^a-z]|$)/,
  /^id_(?:rsa|dsa|ecdsa|ed25519)/,
  /^\.(?:ssh|aws|azure|gcloud|gnupg|kube|docker|dockercfg|npmrc|yarnrc|pypirc|netrc|pgpass|my\.cnf|boto|s3cfg|htpasswd|vault-token|m2)(?:[^a-z]|$)/,
  /^[._](?:git-credentials|netrc)/,
  /^\..*_history$/,
  /^g?shadow(?:[^a-z]|$)/,
  /kubeconfig|keystore|keyring|adminsdk|service.?account.*\.json/,
  /(?:api|priv|private|secret|access|auth|ssh|sign|signing|encryption|my|host|deploy|server|client|master|root|user)[^a-z]?keys?(?:[^a-z]|$)/,
];

const SECRET_WORDS = new Set(
  "key keys secret secrets cred creds credential credentials passwd passphrase password passwords token tokens".split(
    " ",
  ),
);

/** Words that source code is named after more often than secrets are. */
const WORDS_OF_CODE = new Set(["password", "passwords", "token", "tokens"]);
const SOURCE_FILE =
  /\.(?:[cm]?[jt]sx?|py|rs|go|java|kt|swift|scala|rb|php|cs|cc?|cpp|hpp|h|vue|svelte|s?css|md|html)$/;

/**
 * Whether a part of a path is named like a secret. It errs on the side of asking, so `keys.js` counts; `tokenizer.ts`
 * and `password.test.ts` do not.
 */
export function looksSecret(path: string): boolean {
  const parts = path.split("/");
  return (
    parts.some(isSecretName) || parts.some((part, index) => part === ".git" && parts[index + 1] === "config")
  );
}

/**
 * The same for a file that a search comes upon. There, source code that is named after keys and secrets is passed over:
 * most of it only deals with them, and every project has some.
 */
export function looksSecretToSearch(path: string): boolean {
  const lower = path.toLowerCase();
  if (!SOURCE_FILE.test(lower)) return looksSecret(path);
  return lower.split("/").some((name) => SECRET_NAMES.some((pattern) => pattern.test(name)));
}

function isSecretName(name: string): boolean {
  const lower = name.toLowerCase();
  if (SECRET_NAMES.some((pattern) => pattern.test(lower))) return true;
  const isSource = SOURCE_FILE.test(lower);
  // `apiKey` is two words.
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .toLowerCase()
    .split(/[^a-z]+/);
  return words.some((word) => SECRET_WORDS.has(word) && !(isSource && WORDS_OF_CODE.has(word)));
}
