import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

let folder: string;
let bin: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "setup-"));
  bin = join(folder, "bin");
  mkdirSync(join(folder, "scripts"));
  mkdirSync(bin);
  cpSync(new URL("./setup.mjs", import.meta.url), join(folder, "scripts/setup.mjs"));
  writeFileSync(join(folder, "package.json"), "{}");
  const packages = {
    "": {},
    "node_modules/a": { version: "1.0.0" },
    "node_modules/b": { version: "2.0.0", optional: true },
    "node_modules/node": { version: "24.0.0" },
  };
  writeFileSync(join(folder, "package-lock.json"), JSON.stringify({ packages }));
  symlinkSync("/bin/sh", join(bin, "sh"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A program on the PATH of the machine that the test makes up. It writes down how it was called. */
function program(name: string, script = ""): void {
  writeFileSync(join(bin, name), `#!/bin/sh\necho "${name} $*" >> "${folder}/calls"\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}

const makesFile = (path: string, line = "") =>
  `printf '#!/bin/sh\\n${line}\\n' > ${path}; /bin/chmod +x ${path}`;
const makes = (name: string) => makesFile(join(bin, name));

const NPM = `
/bin/mkdir -p node_modules/a node_modules/node node_modules/.bin
echo '{"version":"1.0.0"}' > node_modules/a/package.json
echo '{"version":"24.0.0"}' > node_modules/node/package.json
${makesFile("node_modules/.bin/node")}`;

const NEW_BWRAP = '[ "$1" = --version ] && echo bubblewrap 0.11.0; true';

function setup(...args: string[]) {
  const run = spawnSync(process.execPath, ["scripts/setup.mjs", ...args], {
    cwd: folder,
    env: { PATH: bin },
    encoding: "utf8",
  });
  const file = join(folder, "calls");
  const calls = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  rmSync(file, { force: true });
  return { code: run.status, said: run.stdout + run.stderr, calls };
}

const isRoot = process.getuid?.() === 0;
const asRoot = (call: string) => (isRoot ? [call] : [`sudo ${call}`, call]);

test.runIf(process.platform === "linux")("installs what is missing, and the second time nothing", () => {
  program("npm", NPM);
  program("bash");
  program("sudo", '"$@"');
  program(
    "apt-get",
    `case "$1" in install) ${makesFile(join(bin, "bwrap"), "echo bubblewrap 0.8.0")};; esac`,
  );
  const first = setup();
  expect(first.calls).toEqual([
    "npm ci --no-audit --no-fund",
    ...asRoot("apt-get update"),
    ...asRoot("apt-get install -y --no-install-recommends bubblewrap"),
  ]);
  expect(first).toMatchObject({ code: 0, said: expect.stringContaining("The sandbox works.") });
  const second = setup();
  expect(second).toMatchObject({ code: 0, calls: [], said: expect.stringContaining("Everything is there.") });
});

test("--tests adds what the tests need", () => {
  program("npm", NPM);
  program("bash");
  program("bwrap", NEW_BWRAP);
  program("sudo", '"$@"');
  program(
    "dnf",
    `${makes("chromium")}; ${makes("curl")}; ${makes("nginx")}; ${makes("strace")}; ${makes("systemd-analyze")}; ${makes("tmux")}`,
  );
  expect(setup("--tests")).toMatchObject({
    code: 0,
    calls: expect.arrayContaining(asRoot("dnf install -y chromium curl nginx strace systemd tmux")),
  });
});

test("without a package manager it says what to install by hand", () => {
  program("npm", NPM);
  program("bash");
  program("bwrap", NEW_BWRAP);
  const { code, said } = setup("--tests");
  expect(code).toBe(1);
  expect(said).toContain("Missing: tmux (tests of terminal clients). Install the package tmux by hand");
});

test("where npm fails, setup fails", () => {
  program("npm", "exit 3");
  expect(setup()).toMatchObject({ code: 1, said: expect.stringContaining("npm ci failed") });
});

test.runIf(process.platform === "linux")("a sandbox that does not work is told with what can be done", () => {
  program("npm", NPM);
  program("bash");
  program(
    "bwrap",
    `${NEW_BWRAP}\n[ "$1" = --version ] && exit; echo 'bwrap: No permissions to create new namespace' >&2; exit 1`,
  );
  const { code, said } = setup();
  expect(code).toBe(0);
  expect(said).toContain("The sandbox does not work here: bwrap: No permissions to create new namespace");
  expect(said).toMatch(/user namespaces/i);
});

test.runIf(process.platform === "linux")("a bubblewrap that the server refuses is not said to work", () => {
  program("npm", NPM);
  program("bash");
  program("bwrap", '[ "$1" = --version ] && echo bubblewrap 0.4.1');
  const { code, said } = setup();
  expect(code).toBe(0);
  expect(said).toContain("The sandbox needs bubblewrap 0.8 or newer;");
  expect(said).toContain("says bubblewrap 0.4.1");
  expect(said).not.toContain("The sandbox works.");
});
