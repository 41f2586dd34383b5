import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../../testing/run-command.ts";

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** A process in a session of its own, which does not mind the end of ours. */
async function sleeper(environment: Record<string, string> = {}): Promise<number> {
  const child = spawn("sleep", ["600"], {
    detached: true,
    stdio: "ignore",
    env: { ...process.env, ...environment },
  });
  await once(child, "spawn");
  child.unref();
  const pid = child.pid ?? 0;
  onTestFinished(() => void (isAlive(pid) && process.kill(pid, "SIGKILL")));
  return pid;
}

test("when its server is killed it kills what the engine has left, by session and by mark, and nothing else", async () => {
  const [bySession, forgotten, other] = [await sleeper(), await sleeper(), await sleeper()];
  const byMark = await sleeper({ AGENTLOOP_ENGINE: "mark-1.7" });
  const source = `
    import { Warden } from ${JSON.stringify(new URL("warden.ts", import.meta.url).href)};
    const warden = new Warden("mark-1");
    warden.watch(${forgotten});
    warden.watch(${bySession});
    warden.forget(${forgotten});
    console.log("watching");
    setInterval(() => {}, 1000);
  `;
  const server = spawn(process.execPath, ["--input-type=module-typescript", "-e", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(server.stdout, "data");
  server.kill("SIGKILL");
  await until(() => !isAlive(bySession) && !isAlive(byMark));
  expect(isAlive(forgotten)).toBe(true);
  expect(isAlive(other)).toBe(true);
});

test("a server that has nothing to leave ends with its warden", async () => {
  const source = `
    import { Warden } from ${JSON.stringify(new URL("warden.ts", import.meta.url).href)};
    const warden = new Warden("mark-1");
    warden.watch(1);
    warden.forget(1);
  `;
  const server = spawn(process.execPath, ["--input-type=module-typescript", "-e", source], {
    stdio: "inherit",
  });
  expect(await once(server, "exit")).toEqual([0, null]);
});
