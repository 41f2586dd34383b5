import type { LogLine } from "../../contract/log.ts";
import { Readable } from "../parts/exact.tsx";
import { duration, money, size } from "../parts/format.ts";
import { commandLine } from "../parts/command.ts";
import { flagAt, listAt, numberAt, textAt, textsAt, valueAt } from "./read.ts";

type Fact = [name: string, value: string];

/** Who and how, as the log says it beside the message. */
export function EventFacts({ line: { audit } }: { line: LogLine }) {
  const facts = factsOf(audit);
  if (facts.length === 0) return null;
  return (
    <dl className="facts">
      {facts.map(([name, value], index) => (
        <div key={index}>
          <dt>{name}</dt>
          <dd>
            <Readable text={value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function factsOf(audit: unknown): Fact[] {
  return [
    ...clientFacts(valueAt(audit, "client")),
    ...approvalFacts(valueAt(audit, "approval")),
    ...toolFacts(valueAt(audit, "tool")),
    ...responseFacts(valueAt(audit, "response")),
    ...given("Secrets replaced", numberAt(audit, "redactions")),
    ...listAt(audit, "blobs").map((blob): Fact => {
      return [
        "Kept beside the log",
        `${size(numberAt(blob, "bytes") ?? 0)}, sha256 ${textAt(blob, "sha256") ?? "?"}`,
      ];
    }),
  ];
}

const given = (name: string, value: string | number | undefined): Fact[] =>
  value === undefined || value === "" ? [] : [[name, String(value)]];

const clientFacts = (client: unknown): Fact[] => [
  ...given("Client", textAt(client, "id")),
  ...given("Door", textAt(client, "door")),
  ...given("Address", textAt(client, "peer")),
];

function approvalFacts(approval: unknown): Fact[] {
  const latency = numberAt(approval, "latency_ms");
  return [
    ...given("Decided by", textAt(approval, "decided_by")),
    ...given("Client", textAt(approval, "client")),
    ...given("After", latency === undefined ? undefined : duration(latency)),
    ...given("Covers from now on", textAt(approval, "scope")),
    ...given("Patch", flagAt(approval, "patch_edited") ? "edited by the person" : undefined),
  ];
}

function toolFacts(tool: unknown): Fact[] {
  const argv = textsAt(tool, "argv");
  const time = numberAt(tool, "duration_ms");
  return [
    ...given("Ran", argv.length === 0 ? undefined : commandLine(argv)),
    ...given("Folder", textAt(tool, "cwd")),
    ...given("Sandbox", textAt(tool, "sandbox")),
    ...given("Exit code", numberAt(tool, "exit_code")),
    ...given("Signal", textAt(tool, "signal")),
    ...given("Time limit", flagAt(tool, "timed_out") ? "ran into it" : undefined),
    ...given("Took", time === undefined ? undefined : duration(time)),
    ...given("Standard output", streamWords(valueAt(tool, "stdout"))),
    ...given("Standard error", streamWords(valueAt(tool, "stderr"))),
    ...given("Output", flagAt(tool, "truncated") ? "shortened for the model" : undefined),
    ...listAt(tool, "files").map((file): Fact => {
      const hashes = [textAt(file, "before_sha256") ?? "no file", textAt(file, "after_sha256") ?? "no file"];
      return [textAt(file, "path") ?? "File", hashes.map((hash) => hash.slice(0, 12)).join(" → ")];
    }),
  ];
}

function streamWords(stream: unknown): string | undefined {
  const bytes = numberAt(stream, "bytes");
  if (bytes === undefined) return undefined;
  return bytes === 0 ? "nothing" : `${size(bytes)}, sha256 ${textAt(stream, "sha256")?.slice(0, 12) ?? "?"}…`;
}

function responseFacts(response: unknown): Fact[] {
  if (response === undefined) return [];
  const usage = valueAt(response, "usage");
  const counts = [
    ["Tokens in", "input_tokens"],
    ["of them cached", "cached_input_tokens"],
    ["Tokens out", "output_tokens"],
    ["of them reasoning", "reasoning_output_tokens"],
  ] as const;
  return [
    ...given("Provider", textAt(response, "provider")),
    ...given("Model asked for", textAt(response, "requested_model")),
    ...given("Model that answered", textAt(response, "served_model")),
    ...given("Response", textAt(response, "response_id")),
    ...given("Stopped because", textAt(response, "stop")),
    ...counts.flatMap(([name, field]) => given(name, numberAt(usage, field)?.toLocaleString())),
    ["Cost", money(numberAt(usage, "cost_usd") ?? null)],
  ];
}
