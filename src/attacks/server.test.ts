import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe } from "vitest";
import { WebSocket } from "ws";
import { type RealServer, startRealServer } from "../testing/real-server.ts";
import { SocketClient } from "../testing/socket-client.ts";
import { attacks } from "./attack.suite.ts";
import { exists, isTouched, SECRET, UNTOUCHED } from "./ground.ts";

const EVIL = "https://evil.example";

/** A server in a process of its own, that runs unasked what its scripted model is told to. */
interface Site {
  server: RealServer;
  workspace: string;
  outside: string;
  home: string;
  /** Has a model's turn, and resolves with all that was said in it. */
  readonly told: (words: string) => Promise<string>;
}

const started: { folder: string; server?: RealServer }[] = [];

async function start(environment: Record<string, string>, args: readonly string[] = []): Promise<Site> {
  const folder = await realpath(await mkdtemp("/var/tmp/agentloop-test-"));
  const beginning: (typeof started)[number] = { folder };
  started.push(beginning);
  const files = {
    "workspace/.env": `OPENAI_API_KEY=${SECRET}`,
    "workspace/other.env": "",
    "outside/file": UNTOUCHED,
    "home/.ssh/id_ed25519": SECRET,
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const [workspace, outside, home] = [
    join(folder, "workspace"),
    join(folder, "outside"),
    join(folder, "home"),
  ];
  const env = { MODEL: "scripted", APPROVAL_POLICY: "full-auto", HOME: home, ...environment };
  const server = await startRealServer({ cwd: workspace, env, args });
  beginning.server = server;
  const told = async (words: string) => {
    const client = await SocketClient.connect(`${server.url}?stream=true`);
    await client.turn(words);
    client.close();
    return JSON.stringify(client.messages);
  };
  return { server, workspace, outside, home, told };
}

afterAll(async () => {
  for (const { folder, server } of started) {
    await server?.stop("SIGKILL");
    await rm(folder, { recursive: true });
  }
});

const once = <Value>(make: () => Promise<Value>) => {
  let made: Promise<Value> | undefined;
  return () => (made ??= make());
};

describe("a server as it is started", () => {
  attacks<Site>(
    {
      protected: once(() => start({ SESSION_STORE_PATH: "sessions" })),
      // Another file is loaded, so that .env is an ordinary one; and the logs are elsewhere.
      unprotected: once(() =>
        start({ SANDBOX: "danger-full-access", SESSION_STORE_PATH: "", ALLOWED_ORIGINS: EVIL }, [
          "--env-file",
          "other.env",
        ]),
      ),
    },
    {
      "gives its .env to a command, which keeps it where all can read": async ({ told, workspace }) => {
        await told("run cat .env > copy; true");
        return (await readFile(join(workspace, "copy"), "utf8")).includes(SECRET);
      },
      "gives the keys in its user's home to a command": async ({ told, home }) =>
        (await told(`run cat ${home}/.ssh/id_ed25519`)).includes(SECRET),
      "lets a command write outside of the workspace": async ({ told, outside }) => {
        await told(`run echo x > ${outside}/file`);
        return isTouched(join(outside, "file"));
      },
      "lets a patch write among the logs": async ({ told, workspace }) => {
        await told("create sessions/forged.jsonl with x");
        return exists(join(workspace, "sessions/forged.jsonl"));
      },
      "lets a command call another machine's port": async ({ told, server }) =>
        (await told(`run exec 5<> /dev/tcp/127.0.0.1/${server.port} && echo connected`)).includes(
          "connected\\\\n",
        ),
      "lets a page of another site open a session": ({ server }) => {
        const { promise, resolve } = Promise.withResolvers<boolean>();
        const socket = new WebSocket(server.url, { origin: EVIL });
        socket.on("open", () => resolve(true)).on("error", () => resolve(false));
        return promise.finally(() => socket.terminate());
      },
      "lets a page of another site read the sessions": async ({ server }) =>
        (await fetch(`${server.origin}/sessions`, { headers: { origin: EVIL } })).status === 200,
    },
  );
});
