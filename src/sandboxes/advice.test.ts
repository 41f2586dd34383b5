import { describe, expect, it } from "vitest";
import { namespaceAdvice } from "./advice.ts";

const FINE = {
  "kernel.unprivileged_userns_clone": "1",
  "user.max_user_namespaces": "15000",
  "kernel.apparmor_restrict_unprivileged_userns": undefined,
  inContainer: false,
};
const COMPLAINT = "bwrap: No permissions to create new namespace";

describe("advice", () => {
  it.each([
    {
      facts: { ...FINE, "kernel.unprivileged_userns_clone": "0" },
      says: "sysctl -w kernel.unprivileged_userns_clone=1",
    },
    { facts: { ...FINE, "user.max_user_namespaces": "0" }, says: "sysctl -w user.max_user_namespaces=15000" },
    {
      facts: { ...FINE, "kernel.apparmor_restrict_unprivileged_userns": "1" },
      says: "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    },
    { facts: { ...FINE, inContainer: true }, says: "--security-opt seccomp=unconfined" },
    { facts: FINE, says: "This user may not make namespaces here." },
  ])("names what forbids namespaces: $says", ({ facts, says }) => {
    expect(namespaceAdvice(COMPLAINT, facts)).toContain(says);
  });

  it("is silent on what has nothing to do with namespaces", () => {
    expect(namespaceAdvice("bwrap: Can't find source path /x: No such file or directory", FINE)).toBe("");
  });
});
