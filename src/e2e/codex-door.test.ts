import { once } from "node:events";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { Arrived, at } from "../testing/codex-client.ts";
import { NULL_THREAD, NULL_TURN } from "../testing/null-params.ts";
import { startTestBed, type TestBed } from "./test-bed.ts";

let bed: TestBed;
beforeAll(async () => {
  bed = await startTestBed({ APPROVAL_POLICY: "full-auto" });
});
afterAll(() => bed.close());

const DOOR = "api/v1/sre/socket";

/** A client on a real socket. */
async function connect(path: string, headers: Record<string, string> = {}) {
  const socket = new WebSocket(bed.server.url + path, { headers });
  const arrived: Arrived[] = [];
  let changed = Promise.withResolvers<void>();
  socket.on("message", (data: Buffer) => {
    arrived.push(Arrived.parse(JSON.parse(data.toString())));
    changed.resolve();
    changed = Promise.withResolvers();
  });
  await once(socket, "open");
  const until = async (matches: (message: Arrived) => boolean): Promise<Arrived> => {
    for (;;) {
      const found = arrived.find(matches);
      if (found) return found;
      await changed.promise;
    }
  };
  const ask = async (id: number, method: string, params: object) => {
    socket.send(JSON.stringify({ id, method, params }));
    return await until((message) => message.id === id && message.method === undefined);
  };
  await ask(1, "initialize", { clientInfo: { name: "test", version: "1" } });
  return { socket, ask, until };
}

test("an input of 1.2 million characters is answered, and the connection stays", async () => {
  const { socket, ask } = await connect(DOOR);
  const threadId = at(await ask(2, "thread/start", {}), "result", "threadId");
  const input = [{ type: "text", text: "x".repeat(1_200_000) }];
  expect((await ask(3, "turn/start", { threadId, input })).error?.code).toBe(-32602);
  expect((await ask(4, "model/list", {})).result).toBeDefined();
  socket.close();
});

test("a frame of more than 4 MiB is answered, and closes the connection with 1009", async () => {
  const { socket, until } = await connect(DOOR);
  const closed = once(socket, "close") as Promise<[number]>;
  socket.send(JSON.stringify({ id: 2, method: "thread/start", params: { cwd: "x".repeat(4_200_000) } }));
  expect((await until(({ id }) => id === null)).error?.code).toBe(-32600);
  expect((await closed)[0]).toBe(1009);
});

test("the terminal client of Codex, which takes no path, is let in at /", async () => {
  const { socket, ask } = await connect("", { "x-codex-app-server-compression": "zstd-stream-v1" });
  expect((await ask(2, "account/read", {})).result).toMatchObject({ requiresOpenaiAuth: false });
  socket.close();
});

test("a client of older words, with every field null and an answer to nobody in particular, gets its command run", async () => {
  const { socket, ask, until } = await connect(DOOR);
  const start = { ...NULL_THREAD, approvalPolicy: "onRequest" };
  expect((await ask(2, "thread/start", { ...start, cwd: "/path/to/working/directory" })).error).toMatchObject(
    {
      code: -32600,
      message: expect.stringContaining("WORK_ROOTS"),
    },
  );
  const threadId = at(await ask(3, "thread/start", { ...start, cwd: bed.workspace }), "result", "threadId");
  const input = [{ type: "text", text: "run echo allowed | tee allowed.txt" }];
  await ask(4, "turn/start", { threadId, input, ...NULL_TURN });
  await until(({ method }) => method === "item/commandExecution/requestApproval");
  socket.send('{ "id": null, "result": { "decision": "allow" } }');
  await until(({ method }) => method === "turn/completed");
  expect(await readFile(join(bed.workspace, "allowed.txt"), "utf8")).toBe("allowed\n");
  await rm(join(bed.workspace, "allowed.txt"));
  socket.close();
});

test("a thread in a folder of its own cannot write beside it", async () => {
  await mkdir(join(bed.workspace, "inner"));
  const { socket, ask, until } = await connect(DOOR);
  const cwd = join(bed.workspace, "inner");
  const threadId = at(await ask(2, "thread/start", { cwd }), "result", "threadId");
  const text = "run touch here.txt && touch ../beside.txt; ls . ..";
  await ask(3, "turn/start", { threadId, input: [{ type: "text", text }] });
  const done = await until(
    ({ method, params }) => method === "item/completed" && at(params, "item", "type") === "commandExecution",
  );
  expect(at(done, "params", "item")).toMatchObject({ cwd });
  // The commands may have a folder of the same name, but not this one.
  expect(await readdir(cwd)).toEqual(["here.txt"]);
  expect(await readdir(bed.workspace)).toEqual(["inner"]);
  socket.close();
});
