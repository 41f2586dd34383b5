// Installs what the project needs and what is not there yet. Runs on any Node, before anything is installed.
//   npm run setup               the npm packages, and what the sandbox needs
//   npm run setup -- --tests    also what the tests need
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Programs of the system. `commands`: any of them will do. `packages`: their name for each package manager; where one
 * is not named, the manager does not have it or the system brings it along.
 */
const PROGRAMS = [
  {
    commands: ["bash"],
    purpose: "runs the agent's commands",
    packages: { "apt-get": "bash", dnf: "bash", apk: "bash", pacman: "bash" },
  },
  {
    commands: ["bwrap"],
    purpose: "the sandbox around the agent's commands",
    platform: "linux",
    packages: { "apt-get": "bubblewrap", dnf: "bubblewrap", apk: "bubblewrap", pacman: "bubblewrap" },
  },
  {
    commands: ["chromium", "chromium-browser", "google-chrome"],
    purpose: "tests of the web pages",
    tests: true,
    packages: {
      "apt-get": "chromium",
      dnf: "chromium",
      apk: "chromium",
      pacman: "chromium",
      brew: "chromium",
    },
  },
  {
    commands: ["curl"],
    purpose: "tests of the examples in shell",
    tests: true,
    packages: { "apt-get": "curl", dnf: "curl", apk: "curl", pacman: "curl", brew: "curl" },
  },
  {
    commands: ["nginx"],
    purpose: "tests behind a proxy",
    tests: true,
    packages: { "apt-get": "nginx-light", dnf: "nginx", apk: "nginx", pacman: "nginx", brew: "nginx" },
  },
  {
    commands: ["strace"],
    purpose: "proofs of what commands really do",
    tests: true,
    platform: "linux",
    packages: { "apt-get": "strace", dnf: "strace", apk: "strace", pacman: "strace" },
  },
  {
    commands: ["systemd-analyze"],
    purpose: "tests of the service unit",
    tests: true,
    platform: "linux",
    packages: { "apt-get": "systemd", dnf: "systemd", pacman: "systemd" },
  },
  {
    commands: ["tmux"],
    purpose: "tests of terminal clients",
    tests: true,
    packages: { "apt-get": "tmux", dnf: "tmux", apk: "tmux", pacman: "tmux", brew: "tmux" },
  },
];

/** The version whose protocol the tests know. */
const CODEX_VERSION = "0.169.0";
const TELEMETRY_VERSION = "0.301.0";

const MANAGERS = [
  { command: "apt-get", refresh: ["update"], install: ["install", "-y", "--no-install-recommends"] },
  { command: "dnf", install: ["install", "-y"] },
  { command: "apk", install: ["add", "--no-cache"] },
  { command: "pacman", refresh: ["-Sy"], install: ["-S", "--noconfirm", "--needed"] },
  { command: "brew", install: ["install"], unprivileged: true },
];

const SERVER_FOLDERS = process.env.PATH?.includes("/usr/bin") ? ["/usr/sbin"] : [];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const forTests = process.argv.includes("--tests");

// The Node in node_modules may be the one that runs this, and it is about to be replaced.
const ownBin = join(root, "node_modules", ".bin");
const path = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== ownBin);
const env = { ...process.env, PATH: path.join(delimiter), DEBIAN_FRONTEND: "noninteractive" };

installNpmPackages();
if (forTests) {
  installTool("codex", "@openai/codex", CODEX_VERSION);
  installTool("telemetry", "@opentelemetry/sdk-node", TELEMETRY_VERSION);
}
const missing = installPrograms();
const bubblewrap = process.platform === "linux" ? find(["bwrap"]) : undefined;
const works = bubblewrap === undefined || (isNewEnough(bubblewrap) && checkSandbox(bubblewrap));
if (missing.length === 0 && works) say("Everything is there.");
if (missing.length > 0 && forTests) process.exitCode = 1;

function installNpmPackages() {
  const lockfile = join(root, "package-lock.json");
  const isLocked = existsSync(lockfile);
  if (isLocked && lockedPackagesAreThere(lockfile)) return say("The npm packages are there.");
  const command = isLocked ? "ci" : "install";
  say(`Installing the npm packages: npm ${command}`);
  if (!run("npm", [command, "--no-audit", "--no-fund"])) {
    say(`npm ${command} failed: see above.`);
    process.exit(1);
  }
}

/** What tests try the server with, and what is too big to be brought along with every install. */
function installTool(name, packageName, version) {
  const folder = join(root, ".tools", name);
  const manifest = join(folder, "node_modules", packageName, "package.json");
  if (existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).version === version) {
    return say(`${packageName} is there.`);
  }
  const install = ["install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund"];
  const command = [...install, `${packageName}@${version}`];
  say(`Installing ${packageName} for the tests: npm ${command.join(" ")}`);
  mkdirSync(folder, { recursive: true });
  if (!run("npm", command)) {
    say(`${packageName} could not be installed: see above.`);
    process.exit(1);
  }
}

function lockedPackagesAreThere(lockfile) {
  const { packages } = JSON.parse(readFileSync(lockfile, "utf8"));
  const wanted = Object.entries(packages).filter(([place, { optional }]) => place !== "" && !optional);
  const isThere = ([place, { version }]) => {
    const manifest = join(root, place, "package.json");
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).version === version;
  };
  return wanted.every(isThere) && (packages["node_modules/node"] === undefined || runs(join(ownBin, "node")));
}

function runs(program) {
  return spawnSync(program, ["--version"]).status === 0;
}

/** Returns the programs that are still missing. */
function installPrograms() {
  const wanted = PROGRAMS.filter(
    ({ tests, platform }) =>
      (forTests || !tests) && (platform === undefined || platform === process.platform),
  );
  const absent = () => wanted.filter(({ commands }) => !find(commands));
  const before = absent();
  if (before.length === 0) return [];
  const manager = MANAGERS.find(({ command }) => find([command]));
  const packages = before.map((program) => program.packages[manager?.command]).filter(Boolean);
  if (packages.length > 0) installPackages(manager, packages);
  const after = absent();
  for (const { commands, purpose, packages: names } of after) {
    const name = names[manager?.command] ?? names["apt-get"];
    say(`Missing: ${commands[0]} (${purpose}). Install the package ${name} by hand, then run this again.`);
  }
  return after;
}

function installPackages({ command, refresh, install, unprivileged }, packages) {
  const isRoot = process.getuid?.() === 0;
  const prefix = isRoot || unprivileged ? [] : ["sudo"];
  if (prefix.length > 0 && !find(prefix)) {
    return say(`Not root, and no sudo: as root, run  ${[command, ...install, ...packages].join(" ")}`);
  }
  for (const step of refresh ? [refresh, [...install, ...packages]] : [[...install, ...packages]]) {
    const [program, ...args] = [...prefix, command, ...step];
    say(`Installing ${packages.join(", ")}: ${[program, ...args].join(" ")}`);
    // Package lists that cannot be refreshed may still serve.
    if (!run(program, args)) say(`${command} ${step[0]} failed: see above.`);
  }
}

/** Whether the server takes this bubblewrap: of an older one it does not know how it fails. */
function isNewEnough(bwrap) {
  const { stdout } = spawnSync(bwrap, ["--version"], { env, encoding: "utf8" });
  const [, major, minor] = /(\d+)\.(\d+)/.exec(stdout ?? "") ?? [];
  if (Number(major) > 0 || Number(minor) >= 8) return true;
  say(
    `The sandbox needs bubblewrap 0.8 or newer; ${bwrap} says ${(stdout ?? "").trim() || "nothing"}. ` +
      "Install a newer one (https://github.com/containers/bubblewrap), or run the server in a container.",
  );
  return false;
}

/** Whether bubblewrap can make a sandbox here; many systems forbid it at first. */
function checkSandbox(bwrap) {
  const bounds = ["--unshare-user", "--unshare-pid", "--unshare-net", "--ro-bind", "/", "/"];
  const probe = spawnSync(bwrap, [...bounds, "--dev", "/dev", "--proc", "/proc", "true"], {
    env,
    encoding: "utf8",
  });
  if (probe.status === 0) {
    say("The sandbox works.");
    return true;
  }
  say(`The sandbox does not work here: ${(probe.stderr ?? "").trim() || probe.error?.message}`);
  say(sandboxHint());
  return false;
}

function sandboxHint() {
  if (kernelSetting("kernel/apparmor_restrict_unprivileged_userns") === "1") {
    return "AppArmor forbids user namespaces. Allow them: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
  }
  if (kernelSetting("kernel/unprivileged_userns_clone") === "0") {
    return "User namespaces are switched off. Allow them: sudo sysctl -w kernel.unprivileged_userns_clone=1";
  }
  if (kernelSetting("user/max_user_namespaces") === "0") {
    return "User namespaces are switched off. Allow them: sudo sysctl -w user.max_user_namespaces=15000";
  }
  return (
    "In a container, allow user namespaces and the mounting of /proc: with Docker, " +
    "--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined"
  );
}

function kernelSetting(name) {
  try {
    return readFileSync(join("/proc/sys", name), "utf8").trim();
  } catch {
    return undefined;
  }
}

/** The path of the first of these programs that is there. */
function find(commands) {
  // Servers lie where a plain user's PATH does not lead.
  const folders = [...path, ...SERVER_FOLDERS];
  const places = commands.flatMap((command) => folders.map((folder) => join(folder, command)));
  return places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function run(program, args) {
  return spawnSync(program, args, { cwd: root, env, stdio: "inherit" }).status === 0;
}

function say(line) {
  console.log(`setup: ${line}`);
}
