import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createRedactor } from "../audit/redact/redact.ts";
import { loadConfig } from "./config.ts";
import { parseFlags } from "./flags.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "key-file-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const KEY = `-----BEGIN PRIVATE KEY-----\n${"MIIEvQIBADANBgkq".repeat(20)}\n-----END PRIVATE KEY-----\n`;

function load(file: string) {
  const path = join(folder, "account.json");
  writeFileSync(path, file);
  return loadConfig(parseFlags([]), { environment: { GOOGLE_APPLICATION_CREDENTIALS: path }, folder });
}

test("the private key of a service account is a secret, however it is written", () => {
  const { secrets } = load(JSON.stringify({ type: "service_account", project_id: "p", private_key: KEY }));
  expect(secrets).toEqual([{ name: "GOOGLE_APPLICATION_CREDENTIALS", value: KEY.trim() }]);
  const redactor = createRedactor(secrets);
  for (const text of [KEY, JSON.stringify({ output: KEY }), Buffer.from(KEY).toString("base64")]) {
    expect(redactor.text(text).text).toContain("[redacted:GOOGLE_APPLICATION_CREDENTIALS]");
    expect(redactor.text(text).text).not.toContain("MIIEvQ");
  }
});

test("so are the secrets of a user's credentials", () => {
  const file = {
    type: "authorized_user",
    client_id: "c",
    client_secret: "GOCSPX-abcdef",
    refresh_token: "1//0xyz",
  };
  expect(load(JSON.stringify(file)).secrets.map(({ value }) => value)).toEqual(["GOCSPX-abcdef", "1//0xyz"]);
});

test.each(["{broken", "[]", '{"private_key": 5}'])("a file with %s is refused, and not shown", (file) => {
  expect(() => load(file)).toThrow(
    /^GOOGLE_APPLICATION_CREDENTIALS: expected the path of a service account file, got ".*account\.json", which is none in JSON$/,
  );
});
