import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { until } from "../../testing/run-command.ts";
import { linesOf, startTestBed, type TestBed } from "../test-bed.ts";

/** What a session's log says at its end. */
const lastEvent = async (bed: TestBed, sessionId: string) =>
  linesOf(await bed.log(sessionId)).at(-1)?.message_data;

describe.concurrent("a signal", () => {
  it("SIGUSR1 and SIGUSR2 have the log say how it stands, and SIGHUP ends all in good order", async () => {
    await using bed = await startTestBed();
    const client = await bed.connect();
    for (const signal of ["SIGUSR1", "SIGUSR2"] as const) {
      bed.server.child.kill(signal);
      await until(() => bed.server.written().includes(`"signal":"${signal}","sessions":1`));
    }
    expect((await client.turn("Hello")).finished.status).toBe("completed");
    expect(bed.server.written()).not.toContain("Debugger listening");
    expect(await bed.server.stop("SIGHUP")).toBe(0);
    await until(() => client.closed?.code === 1012);
    expect(await lastEvent(bed, client.sessionId)).toEqual({ event: "session_ended" });
  });

  it("SIGINT that comes twice because npm hands it on as well ends all in good order", async () => {
    await using bed = await startTestBed();
    const client = await bed.connect();
    bed.server.child.kill("SIGINT");
    expect(await bed.server.stop("SIGINT")).toBe(0);
    expect(await lastEvent(bed, client.sessionId)).toEqual({ event: "session_ended" });
  });

  it("SIGINT, again, does not wait for anybody, but SIGTERM does", async () => {
    await using bed = await startTestBed({ SHUTDOWN_SECONDS: "3600" });
    // A request that is not finished holds up the stop.
    const slow = connect(bed.server.port, "127.0.0.1");
    slow.on("error", () => undefined);
    slow.write("POST /sessions HTTP/1.1\r\nHost: localhost\r\n");
    await once(slow, "connect");
    const { child } = bed.server;
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    await until(() => bed.server.written().includes('"stopping"'));
    child.kill("SIGTERM");
    await until(() => {
      child.kill("SIGINT");
      return child.exitCode !== null;
    });
    expect(await exited).toEqual([130, null]);
    expect(bed.server.written()).toContain("stopped at once by a second SIGINT");
    slow.destroy();
  });
});
