import { realpath } from "node:fs/promises";
import type { Assessment } from "../../contract/tool.ts";
import { checkCommand } from "./assess/command.ts";
import { Doubt } from "./assess/doubt.ts";
import { checkScript } from "./assess/script.ts";

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

/**
 * What a command does and how risky it looks: `read` only when it is known to change nothing, to stay in the workspace
 * and to show no secrets, whether or not a sandbox holds it. `cwd` is absolute, inside `workspace`. Scripts are read as
 * the tool runs them: by bash, without start-up files.
 */
export async function assessCommand(
  argv: readonly [string, ...string[]],
  cwd: string,
  workspace: string,
): Promise<Pick<Assessment, "effect" | "reason" | "risk">> {
  try {
    const programs = await checkVector(argv, {
      cwd: await resolved(cwd),
      workspace: await resolved(workspace),
    });
    const names = [...new Set(programs)].join(", ");
    return { effect: "read", risk: "low", reason: `Only reads, inside the workspace: ${names}.` };
  } catch (error) {
    if (!(error instanceof Doubt)) throw error;
    return { effect: "execute", ...inWords(error.message, argv.join(" ")) };
  }
}

async function checkVector(
  argv: readonly [string, ...string[]],
  place: { cwd: string; workspace: string },
): Promise<string[]> {
  const [program, ...rest] = argv;
  if (!argv.every((word) => /^[\t\n\x20-\x7e]*$/.test(word))) {
    throw new Doubt("It has characters that are not plain ASCII text.");
  }
  const isShell = program === "bash" || program === "sh";
  const [option = "", script = "", ...more] = rest;
  if (isShell && /^-l?c$/.test(option) && more.length === 0) return checkScript(script, place);
  if (isShell) throw new Doubt(`${program} is looked into only in the form ${program} -c SCRIPT.`);
  const words = rest.map((text) => ({ text }));
  await checkCommand(program, words, { ...place, input: "none" });
  return [program];
}

function inWords(doubt: string, text: string): Pick<Assessment, "reason" | "risk"> {
  const found = NOTABLE.flatMap(({ words, why }) => {
    const word = words.exec(text)?.[0];
    return word === undefined ? [] : [`${JSON.stringify(word)} ${why}`];
  });
  if (found.length === 0) return { risk: "medium", reason: doubt };
  return { risk: "high", reason: `${doubt} Beware: ${found.join("; ")}.` };
}

/** A folder that is not there holds nothing, so nothing in it leads elsewhere. */
const resolved = (folder: string) => realpath(folder).catch(() => folder);
