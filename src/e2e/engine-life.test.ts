import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { createScriptedModel } from "../models/scripted/model.ts";
import { processesIn } from "../testing/processes-in.ts";
import { NotStarted, type RealServer, startRealServer } from "../testing/real-server.ts";
import { startResponsesServer } from "../testing/responses-server.ts";
import { until } from "../testing/run-command.ts";
import { assistantText, SocketClient } from "../testing/socket-client.ts";
import { engineEnvironment, removeBusy, startEngineBed } from "./engine-bed.ts";
import { payloads, temporaryFolder } from "./test-bed.ts";

// Servers and engines are started one after the other: a loaded machine takes its time for each.
vi.setConfig({ testTimeout: 60_000 });

const open = (server: RealServer, path = "") => SocketClient.connect(`${server.url}${path}?stream=true`);

test("a session goes on after the server was killed: its log is all that it needs", async () => {
  const folder = await temporaryFolder();
  const provider = await startResponsesServer();
  const workspace = join(folder, "workspace");
  await mkdir(workspace);
  const TMPDIR = join(folder, "tmp");
  await mkdir(TMPDIR);
  const env = { ...engineEnvironment(provider.url), SESSION_STORE_PATH: join(folder, "sessions"), TMPDIR };
  onTestFinished(async () => {
    await provider.close();
    await removeBusy(folder);
  });
  const first = await startRealServer({ cwd: workspace, env });
  const client = await open(first);
  await client.turn("run echo former-words | tee a.txt");
  expect(processesIn(workspace).length).toBeGreaterThan(0);
  await first.stop("SIGKILL");
  await until(() => processesIn(workspace).length === 0);

  const second = await startRealServer({ cwd: workspace, env });
  const again = await open(second, `ws/${client.sessionId}`);
  const { messages, finished } = await again.turn("read a.txt");
  expect(finished.status).toBe("completed");
  expect(assistantText(messages)).toContain("former-words");
  const seen = JSON.stringify(provider.requests.at(-1)?.items);
  expect(seen).toContain("run echo former-words | tee a.txt");
  const verified = await fetch(`${second.origin}/sessions/${client.sessionId}/verify`);
  expect(await verified.json()).toMatchObject({ ok: true });
  expect(await second.stop("SIGTERM")).toBe(0);
  expect(processesIn(workspace)).toEqual([]);
});

test("an idle process makes room for another session, and comes back with the conversation", async () => {
  await using bed = await startEngineBed({ CODEX_MAX_PROCESSES: "1" });
  const [one, two] = [await bed.connect(), await bed.connect()];
  await one.turn("run echo first | cat");
  await two.turn("run echo second | cat");
  expect((await one.turn("read missing.txt")).finished.status).toBe("completed");
  expect(JSON.stringify(bed.provider.requests.at(-1)?.items)).toContain("run echo first");
  two.say("run sleep 600");
  await two.next("approval_request");
  one.say("hello");
  const { payload } = await one.next("error");
  expect(payload).toMatchObject({ details: { code: "rate_limited" }, retryable: true });
  expect(payload.message).toContain("CODEX_MAX_PROCESSES");
  one.close();
  two.close();
});

test("a provider's refusal fails the turn with its reason, on the record", async () => {
  const model = createScriptedModel({
    script: () => [{ error: { code: "provider_rate_limited", message: "slow down" } }],
  });
  await using bed = await startEngineBed({}, model);
  const client = await bed.connect();
  const { finished, messages } = await client.turn("hello");
  expect(finished.status).toBe("failed");
  expect(payloads(messages, "error")).toMatchObject([{ details: { code: "provider_rate_limited" } }]);
  client.close();
});

test("the server refuses to start without the program, and names both ways to it", async () => {
  const folder = await temporaryFolder();
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const env = { MODEL: "codex:any", OPENAI_API_KEY: "sk-e2e-0123456789abcdef", SESSION_STORE_PATH: "" };
  const refusal: unknown = await startRealServer({ cwd: folder, env }).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(NotStarted);
  expect(String(refusal)).toMatch(/npm install @openai\/codex.*CODEX_BIN/);
});

test("the server refuses to start without a key or a login", async () => {
  const folder = await temporaryFolder();
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { OPENAI_API_KEY: _, ...env } = engineEnvironment("http://127.0.0.1:9/v1");
  const start = startRealServer({ cwd: folder, env: { ...env, SESSION_STORE_PATH: "" } });
  await expect(start).rejects.toThrow(/OPENAI_API_KEY, or a CODEX_HOME/);
});

test("the server refuses to start with a CODEX_HOME that has no login", async () => {
  const folder = await temporaryFolder();
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { OPENAI_API_KEY: _, ...env } = engineEnvironment("http://127.0.0.1:9/v1");
  const start = startRealServer({ cwd: folder, env: { ...env, SESSION_STORE_PATH: "", CODEX_HOME: folder } });
  await expect(start).rejects.toThrow(
    `CODEX_HOME: expected a folder in which codex login was run, which has an auth.json, got ${folder}`,
  );
});

test("the server refuses to start where what is hidden holds what commands start from, and names both", async () => {
  const folder = await temporaryFolder();
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const TMPDIR = join(folder, "store/tmp");
  await mkdir(TMPDIR, { recursive: true });
  const env = {
    ...engineEnvironment("http://127.0.0.1:9/v1"),
    TMPDIR,
    SESSION_STORE_PATH: join(folder, "store"),
  };
  const refusal: unknown = await startRealServer({ cwd: folder, env }).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(NotStarted);
  expect(String(refusal)).toMatch(/SESSION_STORE_PATH=\S+\/store is hidden .*TMPDIR=\S+\/store\/tmp/);
});
