import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface FoundProcess {
  pid: number;
  /** The words it was started with. */
  line: string;
}

/** The living processes that work in a folder or were told of it when they were started, but for a server of ours. */
export function processesIn(folder: string): FoundProcess[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const line = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
      const isThere = readlinkSync(`/proc/${name}/cwd`) === folder || line.includes(folder);
      return line === "" || line.includes("ws-server") || !isThere ? [] : [{ pid: Number(name), line }];
    } catch {
      // It has gone in the meantime.
      return [];
    }
  });
}
