import { readdir } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { listProcesses } from "../sandboxes/process-table.ts";
import { processesWith, until } from "../testing/run-command.ts";
import type { SocketClient } from "../testing/socket-client.ts";
import { items, linesOf, payloads, startTestBed, type TestBed } from "./test-bed.ts";

/** A session ends with its last client. */
const start = () => startTestBed({ SESSION_DETACH_SECONDS: "0" });

/**
 * Begins a command of an hour, with a child in the foreground and one that left its session. Gives all processes that
 * the server then has.
 */
async function startLongCommand(bed: TestBed, client: SocketClient) {
  // The length is a name by which its processes are found.
  const seconds = `3600.${process.pid}${Math.trunc(performance.now() * 1000)}`;
  client.say(`run setsid sleep ${seconds} & sleep ${seconds}`);
  const { id: requestId } = await client.next("approval_request");
  client.send("approval_response", { review: "YES", requestId });
  await until(async () => (await processesWith(seconds)).length === 2);
  return descendantsOf(bed.server.child.pid ?? 0);
}

const lastEvent = (log: string) => linesOf(log).at(-1)?.message_data;

describe.concurrent("SIGTERM", () => {
  it("ends the command, the turn, the log, the connection and the server, in good order", async () => {
    await using bed = await start();
    const client = await bed.connect();
    const processes = await startLongCommand(bed, client);
    const exitCode = await bed.server.stop("SIGTERM");

    expect(exitCode).toBe(0);
    // At the deadline it exits with 0 all the same.
    expect(bed.server.written()).not.toContain("SHUTDOWN_SECONDS");
    expect(await alive(processes)).toEqual([]);
    await until(() => client.closed !== undefined);
    expect(client.closed?.code).toBe(1012);
    expect(payloads(client.messages, "agent_finished")).toMatchObject([{ status: "cancelled" }]);
    expect(payloads(client.messages, "error")).toEqual([]);
    expect(items(client.messages, "function_call_output")).toHaveLength(1);
    const log = await bed.log(client.sessionId);
    expect(lastEvent(log)).toEqual({ event: "session_ended" });
    const finished = linesOf(log).at(-2)?.message_data;
    expect(finished).toMatchObject({ type: "agent_finished", payload: { status: "cancelled" } });
  });

  it("closes a request for approval and idle sessions as well, and loses nobody's log", async () => {
    await using bed = await start();
    const waiting = await bed.connect();
    waiting.say("run echo hello > hello.txt");
    const { id: requestId } = await waiting.next("approval_request");
    const idle = await bed.connect("");
    await idle.turn("Hello");
    expect(await bed.server.stop("SIGTERM")).toBe(0);

    await until(() => waiting.closed !== undefined && idle.closed !== undefined);
    expect([waiting.closed?.code, idle.closed?.code]).toEqual([1012, 1012]);
    expect(payloads(waiting.messages, "approval_resolved")).toMatchObject([
      { requestId, decidedBy: "cancel" },
    ]);
    expect(payloads(waiting.messages, "agent_finished")).toMatchObject([{ status: "cancelled" }]);
    for (const { sessionId } of [waiting, idle]) {
      expect(lastEvent(await bed.log(sessionId))).toEqual({ event: "session_ended" });
    }
    expect(await readdir(bed.workspace)).not.toContain("hello.txt");
  });
});

describe.concurrent("a command's processes", () => {
  it("end with the turn that is cancelled, and with the client that leaves", async () => {
    await using bed = await start();
    const client = await bed.connect();
    const cancelled = await startLongCommand(bed, client);
    client.send("cancel");
    expect((await client.next("agent_finished")).payload.status).toBe("cancelled");
    expect(await alive(cancelled)).toEqual([]);

    const abandoned = await startLongCommand(bed, client);
    client.close();
    await until(async () => (await alive(abandoned)).length === 0);
    await until(async () => (await bed.log(client.sessionId)).includes("session_ended"));
    const finished = linesOf(await bed.log(client.sessionId)).at(-2)?.message_data;
    expect(finished).toMatchObject({ type: "agent_finished", payload: { status: "cancelled" } });
  });
});

describe.concurrent("kill -9 of the server", () => {
  it("leaves no process of a command, and a log of whole lines up to the command's start", async () => {
    await using bed = await start();
    const client = await bed.connect();
    const processes = await startLongCommand(bed, client);
    await bed.server.stop("SIGKILL");

    await until(async () => (await alive(processes)).length === 0);
    const lines = linesOf(await bed.log(client.sessionId));
    expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, nth) => nth));
    const kinds = lines.map(
      ({ message_data: data }) => (data as { payload?: { kind?: string } }).payload?.kind,
    );
    expect(kinds).toContain("tool_started");
  });
});

/** The processes that a process has started, by itself or by others. */
async function descendantsOf(ancestor: number): Promise<Set<number>> {
  const processes = await listProcesses();
  const found = new Set([ancestor]);
  // Sets can grow while they are walked.
  for (const parent of found) for (const each of processes) if (each.parent === parent) found.add(each.pid);
  found.delete(ancestor);
  return found;
}

async function alive(pids: ReadonlySet<number>): Promise<number[]> {
  return (await listProcesses()).map(({ pid }) => pid).filter((pid) => pids.has(pid));
}
