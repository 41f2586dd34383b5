import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { linesOf, payloads, startTestBed, type TestBed } from "./test-bed.ts";

/** The samples of a scrape, by name and labels as they stand there. */
async function scrape(bed: TestBed): Promise<{ text: string; value(sample: string): number | undefined }> {
  const text = await (await fetch(`${bed.server.origin}/metrics`)).text();
  const samples = new Map(
    text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
  );
  return { text, value: (sample) => samples.get(sample) };
}

const MODEL = 'provider="scripted",model="scripted"';

test("a scrape tells exactly what a session did, and how things stand", async () => {
  await using bed = await startTestBed();
  const client = await bed.connect();
  client.say("run touch made");
  const { id: requestId } = await client.next("approval_request");
  const before = await scrape(bed);
  expect(before.value("agentloop_approvals_open")).toBe(1);
  expect(before.value("agentloop_approval_oldest_seconds")).toBeGreaterThan(0);
  expect(before.value('agentloop_sessions{state="running"}')).toBe(1);
  expect(before.value('agentloop_clients{door="agentloop"}')).toBe(1);
  expect(before.value(`agentloop_turns_total{${MODEL},status="completed"}`)).toBeUndefined();

  client.send("approval_response", { review: "YES", requestId });
  await client.next("agent_finished");
  client.send("approval_response", { review: "YES", requestId });
  await client.next("error");
  const after = await scrape(bed);
  expect(after.value("agentloop_approvals_open")).toBe(0);
  expect(after.value("agentloop_approval_oldest_seconds")).toBe(0);
  expect(after.value('agentloop_approvals_total{review="YES",decided_by="client"}')).toBe(1);
  expect(after.value("agentloop_approval_wait_seconds_count")).toBe(1);
  expect(after.value('agentloop_tool_duration_seconds_count{tool="shell",outcome="ok"}')).toBe(1);
  expect(after.value(`agentloop_turns_total{${MODEL},status="completed"}`)).toBe(1);
  expect(after.value(`agentloop_response_duration_seconds_count{${MODEL}}`)).toBe(2);
  expect(after.value('agentloop_errors_total{code="no_pending_approval"}')).toBe(1);
  expect(after.value('agentloop_sessions{state="idle"}')).toBe(1);
  expect(after.value("agentloop_sessions_begun_total")).toBe(1);

  const [finished] = payloads(client.messages, "agent_finished");
  expect(after.value(`agentloop_tokens_total{${MODEL},kind="input"}`)).toBe(finished?.usage?.input_tokens);
  expect(after.value(`agentloop_tokens_total{${MODEL},kind="output"}`)).toBe(finished?.usage?.output_tokens);
  expect(after.value("agentloop_deltas_total")).toBe(payloads(client.messages, "response_delta").length);
  // The first line is the log's own.
  const lines = linesOf(await bed.log(client.sessionId));
  expect(after.value("agentloop_log_lines_total")).toBe(lines.length - 1);
});

test("what a client writes freely does not become a label", async () => {
  await using provider = await startRefusingProvider();
  await using bed = await startTestBed({ OPENAI_API_KEY: "sk-none", OPENAI_BASE_URL: provider.url });
  const client = await bed.connect();
  client.say("hello", { model: "gpt-5-of-somebody" });
  await client.next("agent_finished");
  const { text } = await scrape(bed);
  expect(text).not.toContain("of-somebody");
  expect(text).toContain('agentloop_turns_total{provider="openai",model="other",status="failed"} 1');
});

test("the text follows the rules of its format and of names", async () => {
  await using bed = await startTestBed();
  const client = await bed.connect();
  client.say("run touch made");
  const { id: requestId } = await client.next("approval_request");
  client.send("approval_response", { review: "NO", requestId });
  await client.next("agent_finished");
  const answer = await fetch(`${bed.server.origin}/metrics`);
  expect(answer.headers.get("content-type")).toContain("text/plain; version=0.0.4");
  expect(problemsIn(await answer.text())).toEqual([]);
});

/** It answers that the request is bad, which nobody tries again. */
async function startRefusingProvider() {
  const server = createServer((_request, response) => response.writeHead(400).end("{}"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** As `promtool check metrics` has them: https://prometheus.io/docs/practices/naming/. */
function problemsIn(text: string): string[] {
  const types = new Map(
    [...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(([, name = "", type = ""]) => [name, type]),
  );
  const helps = new Map(
    [...text.matchAll(/^# HELP (\S+) (.+)$/gm)].map(([, name = "", help = ""]) => [name, help]),
  );
  const problems: string[] = [];
  for (const [name, type] of types) {
    if (!/^[a-z_][a-z0-9_]*$/.test(name)) problems.push(`${name}: a name of small letters, digits and _`);
    if (!helps.has(name)) problems.push(`${name}: no help`);
    if (type === "counter" && !name.endsWith("_total")) problems.push(`${name}: a counter ends in _total`);
    if (type !== "counter" && name.endsWith("_total") && !name.startsWith("nodejs_")) {
      problems.push(`${name}: only counters end in _total`);
    }
    if (/_(?:ms|milliseconds|minutes|kilobytes|mb)(?:_|$)/.test(name))
      problems.push(`${name}: not a base unit`);
  }
  const seen = new Set<string>();
  for (const line of text.split("\n").filter((each) => each !== "" && !each.startsWith("#"))) {
    const [, name = "", labels = "", value = ""] = /^([a-z_][a-z0-9_]*)(\{.*\})? (\S+)$/.exec(line) ?? [];
    const family = types.has(name) ? name : name.replace(/_(?:bucket|sum|count)$/, "");
    if (!types.has(family)) problems.push(`${line}: no type`);
    // In any letter case, as the format has it of Go's ParseFloat.
    if (Number.isNaN(Number(value)) && !/^(?:[+-]?inf|nan)$/i.test(value))
      problems.push(`${line}: no number`);
    if (seen.has(name + labels)) problems.push(`${line}: twice`);
    seen.add(name + labels);
  }
  return problems;
}
