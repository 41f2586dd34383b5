import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ToolError, type UserJob } from "../contract/tool.ts";
import { IS_ROOT, newFolder, NOBODY } from "../testing/confined.ts";
import { createAsUser } from "./as-user.ts";

const moduleAt = (name: string) => JSON.stringify(join(import.meta.dirname, name));

/** A program whose jobs are these lines, in a folder that only root may enter. */
async function programOf(jobs: Partial<Record<UserJob, string>>): Promise<string> {
  const folder = await newFolder();
  await chmod(folder, 0o700);
  const path = join(folder, "program.ts");
  const entries = Object.entries(jobs).map(([name, body]) => `${name}: async (input) => { ${body} },`);
  const text = [
    'import { readFile, stat, writeFile } from "node:fs/promises";',
    `import { ToolError } from ${moduleAt("../contract/tool.ts")};`,
    `import { workAsUser } from ${moduleAt("work-as-user.ts")};`,
    `await workAsUser({ ${entries.join("\n")} });`,
  ];
  await writeFile(path, text.join("\n"), { mode: 0o600 });
  return path;
}

const doing = async (body: string, input: unknown = {}) =>
  createAsUser(NOBODY, await programOf({ apply_patch: body }))("apply_patch", input);

describe.runIf(IS_ROOT)("a job as another user (only root can become one)", () => {
  it("has that user's rights for good, and no others", async () => {
    const facts = await doing(`
      const status = await readFile("/proc/self/status", "utf8");
      const fieldOf = (name) => status.match(new RegExp("^" + name + ":(.*)$", "m"))?.[1].trim();
      const back = (() => { try { process.setuid(0); return "root again"; } catch (error) { return error.code; } })();
      return { uid: fieldOf("Uid"), gid: fieldOf("Gid"), groups: fieldOf("Groups"), rights: fieldOf("CapPrm"), back };`);
    const four = (id: number) => Array.from({ length: 4 }, () => id).join("\t");
    expect(facts).toEqual({
      uid: four(NOBODY.uid),
      gid: four(NOBODY.gid),
      groups: "",
      rights: "0000000000000000",
      back: "EPERM",
    });
  });

  it("has them before it reads its input, in every thread that reads files", async () => {
    const closed = await newFolder();
    await writeFile(join(closed, "secret"), "root's");
    const reading = `return (await Promise.allSettled(Array.from({ length: 8 }, () => readFile(input.path))))
      .map(({ reason }) => reason?.code);`;
    expect(await doing(reading, { path: join(closed, "secret") })).toEqual(Array(8).fill("EACCES"));
  });

  it("knows nothing of the server's environment, and stands in a session of its own", async () => {
    const { environment, session, pid } = (await doing(`
      const session = Number((await readFile("/proc/self/stat", "utf8")).replace(/.*\\) /s, "").split(" ")[3]);
      return { environment: Object.keys(process.env), session, pid: process.pid };`)) as Record<
      string,
      unknown
    >;
    expect(environment).toEqual(["UV_USE_IO_URING"]);
    expect(session).toBe(pid);
  });

  it("belongs to root in the eyes of the user's other processes: they cannot trace it", async () => {
    expect(await doing(`return (await stat("/proc/self/environ")).uid;`)).toBe(0);
  });

  it("takes and gives more than a pipe holds", async () => {
    const long = "ä\u2028".repeat(1_000_000);
    expect((await doing("return input;", long)) === long).toBe(true);
  });

  it("may answer nothing", async () => {
    expect(await doing("")).toBeUndefined();
  });

  it("refuses with a ToolError, which is told as one", async () => {
    const refused = doing(`throw new ToolError("a.txt: does not fit.");`);
    await expect(refused).rejects.toThrow(ToolError);
    await expect(refused).rejects.toThrow(/^a\.txt: does not fit\.$/);
  });

  it("that breaks is a fault, told with what it said", async () => {
    const broken = doing(`throw new TypeError("no such thing");`);
    await expect(broken).rejects.toThrow(
      /apply_patch as user 65534 failed \(1\): .*TypeError: no such thing/s,
    );
    await expect(broken).rejects.not.toThrow(ToolError);
  });

  it("that dies, or is none of the program's, is a fault too", async () => {
    await expect(doing(`process.kill(process.pid, "SIGKILL");`)).rejects.toThrow(/failed \(SIGKILL\)/);
    const asUser = createAsUser(NOBODY, await programOf({ plan_patch: "return 1;" }));
    await expect(asUser("apply_patch", {})).rejects.toThrow(/expected a job of plan_patch, got apply_patch/);
  });
});

it.runIf(!IS_ROOT)(
  "a server that is not root cannot do a job as another user: nothing of it is done",
  async () => {
    const folder = await newFolder();
    await expect(doing(`await writeFile(${JSON.stringify(join(folder, "x"))}, "");`)).rejects.toThrow(
      /EPERM/,
    );
  },
);
