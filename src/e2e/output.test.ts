import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { LogLine } from "../contract/log.ts";
import { ServerMessage } from "../contract/message.ts";
import { items, payloads, startTestBed, type TestBed } from "./test-bed.ts";

const MAX_TOOL_OUTPUT_BYTES = 32_768;

/** 22 bytes: characters of one to four bytes, and colours. */
const LINE = "é€😀\u001b[31mrot\u001b[0m\n";
const LINES = 240_000;

let bed: TestBed;
beforeAll(async () => {
  bed = await startTestBed({ MAX_TOOL_OUTPUT_BYTES: String(MAX_TOOL_OUTPUT_BYTES) });
});
afterAll(() => bed.close());

it("a command's five megabytes are streamed and recorded whole, and cut for the model between characters", async () => {
  const client = await bed.connect();
  const { finished, messages } = await client.turn(`run yes $'é€😀\\e[31mrot\\e[0m' | head -n ${LINES}`);
  expect(finished.status).toBe("completed");

  const [item] = items(messages, "function_call_output");
  const { output, metadata } = JSON.parse(item?.output ?? "") as { output: string; metadata: object };
  expect(metadata).toMatchObject({ exit_code: 0, truncated: true });
  expect(Buffer.byteLength(output)).toBeLessThanOrEqual(MAX_TOOL_OUTPUT_BYTES);
  expect(Buffer.byteLength(output)).toBeGreaterThan(MAX_TOOL_OUTPUT_BYTES / 2);
  expect(output.startsWith(LINE)).toBe(true);
  expect(output.endsWith(LINE)).toBe(true);
  expect(output).not.toContain("\ufffd");

  // Deltas may be left out for a client that is slow, but none is ever cut.
  const deltas = payloads(messages, "response_delta").filter(({ kind }) => kind === "output");
  expect(deltas.length).toBeGreaterThan(1);
  expect(deltas.filter(({ delta }) => /\ufffd/.test(delta))).toEqual([]);
  for (const message of messages) ServerMessage.parse(message);
  expect(client.closed).toBeUndefined();

  const lines = await bed.events(client.sessionId);
  const whole = LINE.repeat(LINES);
  // Not by toBe: nobody wants to read the difference.
  expect(recordedOutput(lines) === whole).toBe(true);
  expect(hasControls(await bed.log(client.sessionId))).toBe(false);
  const facts = lines.find(({ audit }) => audit?.tool)?.audit?.tool;
  expect(facts).toMatchObject({
    exit_code: 0,
    truncated: true,
    stdout: { bytes: Buffer.byteLength(whole), sha256: createHash("sha256").update(whole).digest("hex") },
  });
  client.close();
});

const recordedOutput = (lines: readonly LogLine[]) =>
  lines
    .map(({ message_data: data }) => ServerMessage.safeParse(data).data)
    .flatMap((message) => (message?.type === "response_delta" ? [message.payload] : []))
    .filter(({ kind }) => kind === "output")
    .map(({ delta }) => delta)
    .join("");

const hasControls = (log: string) => /[\p{Cc}\u2028\u2029]/u.test(log.replaceAll("\n", ""));
