import { once } from "node:events";
import { rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NotStarted, startRealServer } from "../testing/real-server.ts";
import { temporaryFolder } from "./test-bed.ts";

interface BadStart {
  what: string;
  env?: Record<string, string>;
  args?: string[];
  says: RegExp;
}

const STARTS: BadStart[] = [
  {
    what: "a key that is missing",
    env: { MODEL: "claude-sonnet-4-5", OPENAI_API_KEY: "sk-not-this-one" },
    says: /^The model claude-sonnet-4-5 needs a key of anthropic\. ANTHROPIC_API_KEY is not set\. .*https:\/\//,
  },
  {
    what: "an unknown model",
    env: { MODEL: "got-5" },
    says: /^The model "got-5" is not known; the nearest known name is gpt-5/,
  },
  {
    what: "a bad variable",
    env: { MAX_CLIENTS: "many" },
    says: /^MAX_CLIENTS: expected a whole number .*, got "many"$/,
  },
  {
    what: "a working directory that is missing",
    env: { WORKING_DIRECTORY: "/no/such/folder" },
    says: /^WORKING_DIRECTORY: expected a folder that exists, got "\/no\/such\/folder"$/,
  },
  { what: "an unknown flag", args: ["--modle", "scripted"], says: /^--modle: unknown flag; .*--model/ },
];

describe.concurrent("a server that cannot start", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Its exit code, and its words for people: the log's lines are JSON. */
  async function start({ env, args = [] }: Pick<BadStart, "env" | "args">) {
    const store = { SESSION_STORE_PATH: join(folder, "sessions") };
    try {
      const server = await startRealServer({
        cwd: folder,
        env: { MODEL: "scripted", ...store, ...env },
        args,
      });
      await server.stop("SIGKILL");
    } catch (error) {
      if (!(error instanceof NotStarted)) throw error;
      const lines = error.message.trim().split("\n");
      return { exitCode: error.exitCode, words: lines.filter((line) => !line.startsWith("{")) };
    }
    throw new Error("It has started.");
  }

  it.each(STARTS)("says so in one line and exits 1: $what", async ({ says, ...launch }) => {
    const { exitCode, words } = await start(launch);
    expect(words).toEqual([expect.stringMatching(says)]);
    expect(exitCode).toBe(1);
    expect(words.join("")).not.toContain("sk-not-this-one");
  });

  it("says so in one line and exits 1: a port that is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const { exitCode, words } = await start({ args: ["--port", String(port)] });
    other.close();
    expect(words).toEqual([expect.stringContaining(`port ${port} is already in use on 127.0.0.1`)]);
    expect(exitCode).toBe(1);
  });

  it("says a line for each thing that is wrong", async () => {
    const { exitCode, words } = await start({
      env: { HOST: "0.0.0.0", SANDBOX: "none" },
      args: ["--colour"],
    });
    const wrong = words.map((line) => line.split(":")[0] ?? "");
    expect(new Set(wrong)).toEqual(new Set(["--colour", "AUTH_TOKEN", "SANDBOX"]));
    expect(words).toHaveLength(3);
    expect(exitCode).toBe(1);
  });
});
