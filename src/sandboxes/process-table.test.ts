import { execFileSync, spawn } from "node:child_process";
import { describe, expect, it } from "vitest";
import { listProcesses, parsePs, PS_ARGUMENTS } from "./process-table.ts";

describe("the table of processes", () => {
  it("knows a process' parent, group and environment, from /proc as from ps", async () => {
    const child = spawn("sleep", ["60"], { env: { AGENTLOOP_MARK: "this one" }, detached: true });
    try {
      for (const table of [await listProcesses(), parsePs(execFileSync("ps", PS_ARGUMENTS).toString())]) {
        const entry = table.find(({ pid }) => pid === child.pid);
        expect(entry).toMatchObject({ parent: process.pid, group: child.pid });
        expect(entry?.environment).toContain("AGENTLOOP_MARK=this one");
      }
    } finally {
      child.kill();
    }
  });

  it("tells of one and those alone that were started after it, until their numbers go round", async () => {
    const [older, younger] = [spawn("sleep", ["60"]), spawn("sleep", ["60"])];
    const [first = 0, second = 0] = [older.pid, younger.pid];
    try {
      const numbers = (await listProcesses({ from: second })).map(({ pid }) => pid);
      expect(numbers).toContain(second);
      if (second > first) expect(numbers).not.toContain(first);
      const all = (await listProcesses({ from: Number.MAX_SAFE_INTEGER })).map(({ pid }) => pid);
      expect(all).toEqual(expect.arrayContaining([first, second]));
    } finally {
      older.kill();
      younger.kill();
    }
  });

  it("leaves out the dead that nobody has collected", () => {
    expect(parsePs("  7     1     7 Z    (sleep)\n  8     1     7 Ss   sleep 1 A=b\n")).toEqual([
      { pid: 8, parent: 1, group: 7, session: 0, environment: "sleep 1 A=b" },
    ]);
  });
});
