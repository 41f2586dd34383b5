import { existsSync, readFileSync } from "node:fs";

/** Kernel settings that decide whether a user may make namespaces; undefined where the kernel has no such setting. */
export interface NamespaceFacts {
  "kernel.unprivileged_userns_clone": string | undefined;
  "user.max_user_namespaces": string | undefined;
  "kernel.apparmor_restrict_unprivileged_userns": string | undefined;
  inContainer: boolean;
}

export const INSTALL_BUBBLEWRAP =
  "Install bubblewrap 0.8 or newer: apt-get install bubblewrap (Debian, Ubuntu), dnf install bubblewrap (Fedora), " +
  "apk add bubblewrap (Alpine).";

export const WITHOUT_SANDBOX =
  "Only if this machine is itself a sandbox: SANDBOX=danger-full-access runs commands without one.";

export function readNamespaceFacts(): NamespaceFacts {
  return {
    "kernel.unprivileged_userns_clone": sysctl("kernel/unprivileged_userns_clone"),
    "user.max_user_namespaces": sysctl("user/max_user_namespaces"),
    "kernel.apparmor_restrict_unprivileged_userns": sysctl("kernel/apparmor_restrict_unprivileged_userns"),
    inContainer: ["/.dockerenv", "/run/.containerenv"].some((path) => existsSync(path)),
  };
}

/** What to do about a bubblewrap that could not set the sandbox up, by what it said and how the kernel is set. */
export function namespaceAdvice(complaint: string, facts: NamespaceFacts): string {
  if (!/namespace|uid map|Operation not permitted|Permission denied/i.test(complaint)) return "";
  if (facts["kernel.unprivileged_userns_clone"] === "0") return allow("kernel.unprivileged_userns_clone=1");
  if (facts["user.max_user_namespaces"] === "0") return allow("user.max_user_namespaces=15000");
  if (facts.inContainer) {
    return (
      "This container may not make namespaces. Start it with --security-opt seccomp=unconfined " +
      "--security-opt apparmor=unconfined --security-opt systempaths=unconfined (Docker, Podman)."
    );
  }
  if (facts["kernel.apparmor_restrict_unprivileged_userns"] === "1") {
    return `${allow("kernel.apparmor_restrict_unprivileged_userns=0")} Or give bwrap an AppArmor profile that allows userns.`;
  }
  return "This user may not make namespaces here.";
}

function allow(setting: string): string {
  return `User namespaces are disabled on this machine. Enable them: sysctl -w ${setting}`;
}

function sysctl(path: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${path}`, "utf8").trim();
  } catch {
    return undefined;
  }
}
