import { describe, expect, it } from "vitest";
import { looksSecret } from "./secrets.ts";

describe("a name of secrets", () => {
  it.each(
    ".env .ENV .env.local .env.example .envrc prod.env a/.ssh/config .aws/config id_rsa id_ed25519.pub x.pem x.KEY x.p12 x.kdbx .npmrc .yarnrc.yml .pypirc .netrc _netrc .git-credentials .git/config .bash_history shadow gshadow- kubeconfig.yaml my-keystore serviceAccount.json secrets.yaml client_secret_1.json credentials password.txt token apiKey.json api_keys.csv mykey.txt keys.js prod.tfvars terraform.tfstate.backup".split(
      " ",
    ),
  )("is %s", (name) => {
    expect(looksSecret(name)).toBe(true);
  });

  it.each(
    "README.md src/env.ts src/environment.ts keyboard.ts monkey.png tokenizer.py token.ts password.test.ts config/settings.json .gitignore .github/workflows/ci.yml .dockerignore .terraform.lock.hcl git/config .git/HEAD turkey.txt secretary.txt src/user-service-account.ts hotkeys.md history.txt overshadow.css".split(
      " ",
    ),
  )("is not %s", (name) => {
    expect(looksSecret(name)).toBe(false);
  });
});
