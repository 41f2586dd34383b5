import { cp, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startRealServer } from "../testing/real-server.ts";
import { SocketClient } from "../testing/socket-client.ts";
import { telemetryPackages } from "../testing/telemetry-package.ts";
import { startTelemetryReceiver } from "../testing/telemetry-receiver.ts";
import { startTestBed, temporaryFolder } from "./test-bed.ts";

const ROOT = join(import.meta.dirname, "../..");

/** The built server where it is installed beside the SDK. */
async function installed(folder: string): Promise<string> {
  await cp(join(ROOT, "dist"), join(folder, "dist"), { recursive: true });
  await symlink(telemetryPackages(), join(folder, "node_modules"));
  return join(folder, "dist/ws-server.js");
}

test(
  "a turn's spans and metrics come to a real collector, without what was said",
  { timeout: 60_000 },
  async () => {
    const folder = await temporaryFolder();
    try {
      await using receiver = await startTelemetryReceiver();
      const entry = await installed(folder);
      const env = {
        MODEL: "scripted",
        SESSION_STORE_PATH: join(folder, "sessions"),
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
        OTEL_METRICS_EXPORTER: "otlp",
        OTEL_LOGS_EXPORTER: "none",
      };
      await using server = await startRealServer({ cwd: folder, env, entry });
      const client = await SocketClient.connect(server.url);
      client.say("run touch heard-of-nobody");
      const { id: requestId } = await client.next("approval_request");
      client.send("approval_response", { review: "YES", requestId });
      await client.next("agent_finished");
      expect(await server.stop("SIGTERM")).toBe(0);

      const named = (name: string) => receiver.spans.filter((span) => span.name === name);
      const [turn] = named("invoke_agent agentloop-server");
      const [tool] = named("execute_tool shell");
      const answers = named("chat scripted");
      expect(answers).toHaveLength(2);
      expect(turn?.attributes["gen_ai.conversation.id"]).toBe(client.sessionId);
      expect(turn?.attributes["agentloop.turn.status"]).toBe("completed");
      expect(tool?.attributes["process.exit.code"]).toBe(0);
      expect(answers[0]?.attributes["gen_ai.usage.input_tokens"]).toBeGreaterThan(0);
      for (const span of [tool, ...answers]) {
        expect(span).toMatchObject({ traceId: turn?.traceId, parentSpanId: turn?.spanId });
      }
      expect([...receiver.metrics]).toEqual(
        expect.arrayContaining(["gen_ai.client.token.usage", "gen_ai.client.operation.duration"]),
      );
      expect(receiver.bodies.join("\n")).not.toContain("heard-of-nobody");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);

test("where the SDK is not installed, the server says what to install, and works", async () => {
  await using bed = await startTestBed({ OTEL_SERVICE_NAME: "agent" });
  expect(bed.server.written()).toContain("npm install @opentelemetry/sdk-node");
  const client = await bed.connect();
  client.say("hello");
  expect((await client.next("agent_finished")).payload.status).toBe("completed");
});
