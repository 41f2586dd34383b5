import type { Assessment } from "../../contract/tool.ts";

/** Words that a person should look at twice. A hint for the eye, not a boundary: the sandbox is the boundary. */
const NOTABLE: readonly { words: RegExp; why: string }[] = [
  { words: /\b(?:sudo|su|doas|pkexec)\b/, why: "asks for another user's rights" },
  {
    words: /\b(?:rm|rmdir|shred|unlink|truncate|dd|mkfs(?:\.\w+)?|wipefs)\b|-delete\b|\bgit\s+clean\b/,
    why: "deletes or overwrites",
  },
  {
    words: /\bgit\b.*\b(?:reset\s+--hard|push|filter-branch|checkout\s+(?:--|\.)|restore)\b/s,
    why: "discards or publishes git work",
  },
  {
    words: /\b(?:curl|wget|ssh|scp|sftp|rsync|nc|ncat|netcat|socat|telnet|ftp)\b|\/dev\/(?:tcp|udp)\//,
    why: "reaches for the network",
  },
  { words: /\b(?:npm|pnpm|yarn|cargo|twine|gem)\b.*\bpublish\b/s, why: "publishes a package" },
  {
    words: /\b(?:kill|pkill|killall|shutdown|reboot|halt|poweroff|systemctl)\b/,
    why: "ends processes or services",
  },
  { words: /\b(?:chmod|chown|chgrp|setfacl)\b/, why: "changes rights" },
  { words: /\b(?:docker|podman|kubectl|mount|umount|nsenter|unshare)\b/, why: "reaches for the machine" },
];

/** What a command does and how risky it looks. `cwd` is absolute, inside `workspace`. */
export async function assessCommand(
  argv: readonly [string, ...string[]],
  _cwd: string,
  _workspace: string,
): Promise<Pick<Assessment, "effect" | "reason" | "risk">> {
  const text = argv.join(" ");
  const found = NOTABLE.flatMap(({ words, why }) => {
    const word = words.exec(text)?.[0];
    return word === undefined ? [] : [`${JSON.stringify(word)} ${why}`];
  });
  if (found.length === 0) {
    return { effect: "execute", risk: "medium", reason: "Runs a command that is not known to only read." };
  }
  return { effect: "execute", risk: "high", reason: `Runs a command: ${found.join("; ")}.` };
}
