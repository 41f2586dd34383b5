import type { AuditFacts } from "../../contract/audit.ts";
import type { ClientInfo } from "../../contract/client.ts";
import type { FunctionCallOutputItem } from "../../contract/item.ts";
import type { LogLine } from "../../contract/log.ts";
import type { FileChange, ServerMessage } from "../../contract/message.ts";
import { block, span } from "./blocks.ts";
import { readOutput } from "./message.ts";

type Payload<Type extends ServerMessage["type"]> = Extract<ServerMessage, { type: Type }>["payload"];
type Started = Extract<Payload<"status">, { kind: "tool_started" }>;

/** A request for approval, and what became of it. */
export interface Question {
  asked: Payload<"approval_request">;
  askedAt: string;
  seq: number;
  answer?: { payload: Payload<"approval_resolved">; at: string; facts: AuditFacts["approval"] };
}

/** A call of the model, from what it asked for to what came of it. */
export interface Call {
  id: string;
  name: string;
  arguments: string;
  seq: number;
  at: string;
  questions: Question[];
  started?: Started;
}

/** A call in words: what was to run, who allowed it and when, what came of it. */
export function describeCall(
  call: Call,
  end: { line: LogLine; item: FunctionCallOutputItem } | undefined,
  clients: ReadonlyMap<string, ClientInfo>,
): string {
  const ran = call.started !== undefined;
  return [
    `### Call of ${span(call.name)}${ran ? "" : ", which did not run"} (line ${call.seq})\n`,
    `- Asked for by the model at ${call.at}, call ${span(call.id)}`,
    ...call.questions.map((question) => describeQuestion(question, clients)),
    ...permission(call),
    ...facts(call, end?.line.audit?.tool),
    "",
    ...whatWasAsked(call),
    ...outcome(call, end),
  ].join("\n");
}

/** The decision alone, on one line. */
function describeQuestion(
  { asked, askedAt, seq, answer }: Question,
  clients: ReadonlyMap<string, ClientInfo>,
) {
  const question = `- Approval asked at ${askedAt} (line ${seq}, risk ${asked.risk}): ${span(asked.reason)}`;
  if (answer === undefined) return `${question}\n- Nobody has answered`;
  const { payload, at, facts } = answer;
  const waited = facts === undefined ? "" : `, after ${facts.latency_ms / 1000} s`;
  const edited = facts?.patch_edited === true ? ", with a patch of the client's own" : "";
  const scope =
    facts?.scope === undefined ? "" : `\n- From then on allowed without asking: ${span(facts.scope)}`;
  return `${question}\n- Answered **${payload.review}** by ${decider(payload, clients)} at ${at}${waited}${edited}${scope}`;
}

function decider(
  { decidedBy, client }: Payload<"approval_resolved">,
  clients: ReadonlyMap<string, ClientInfo>,
): string {
  switch (decidedBy) {
    case "client":
      return client === undefined ? "a client" : `client ${describeClient(client, clients)}`;
    case "policy":
      return "the policy";
    case "timeout":
      return "the deadline: nobody answered in time";
    case "cancel":
      return "the end of the turn: it was cancelled";
  }
}

export function describeClient(id: string, clients: ReadonlyMap<string, ClientInfo>): string {
  const client = clients.get(id);
  if (client === undefined) return span(id);
  const peer = client.peer === undefined ? "" : ` from ${span(client.peer)}`;
  return `${span(id)} (door ${span(client.door)}${peer})`;
}

const permission = ({ started, questions }: Call): string[] =>
  started !== undefined && questions.length === 0
    ? ["- Allowed by the policy, or by an earlier ALWAYS: nobody was asked"]
    : [];

function facts({ started, questions }: Call, tool: AuditFacts["tool"] = {}): string[] {
  const cwd = tool.cwd ?? started?.cwd ?? questions.at(-1)?.asked.cwd;
  const streams = [
    tool.stdout && `stdout ${tool.stdout.bytes} bytes (SHA-256 ${span(tool.stdout.sha256)})`,
    tool.stderr && `stderr ${tool.stderr.bytes} bytes (SHA-256 ${span(tool.stderr.sha256)})`,
  ].filter((text) => text !== undefined);
  return [
    ...(cwd === undefined ? [] : [`- Folder: ${span(cwd)}`]),
    ...(tool.sandbox === undefined ? [] : [`- Sandbox: ${span(tool.sandbox)}`]),
    ...(tool.signal ? [`- Ended by signal ${span(tool.signal)}`] : []),
    ...(tool.timed_out === true ? ["- Ended because it took too long"] : []),
    ...(tool.duration_ms === undefined ? [] : [`- Took ${Math.round(tool.duration_ms)} ms`]),
    ...(streams.length === 0
      ? []
      : [`- Wrote ${streams.join(", ")}${tool.truncated === true ? ", shown cut" : ""}`]),
  ];
}

function whatWasAsked({ questions, started, arguments: json }: Call): string[] {
  const command = started?.command ?? questions.at(-1)?.asked.command;
  const files = started?.files ?? [];
  const proposed = questions.at(0)?.asked.files ?? [];
  const wasEdited = questions.at(-1)?.answer?.facts?.patch_edited === true;
  if (files.length > 0) {
    return [
      ...(wasEdited
        ? ["What the model proposed, before the client edited it:\n", ...proposed.map(describeChange)]
        : []),
      "Changes:\n",
      ...files.map(describeChange),
    ];
  }
  if (proposed.length > 0) return ["Proposed changes:\n", ...proposed.map(describeChange)];
  if (command !== undefined) return ["Command:\n", block(commandLine(command))];
  return ["Arguments, as the model wrote them:\n", block(json, "json")];
}

/** One argument a line where one of them has several lines; else as JSON, so that borders show. */
const commandLine = (command: readonly string[]) =>
  command.some((argument) => argument.includes("\n")) ? command.join("\n") : JSON.stringify(command);

function describeChange({ kind, path, move_path, diff, before_sha256 }: FileChange): string {
  const target = move_path === undefined ? "" : ` to ${span(move_path)}`;
  const before = before_sha256 === null ? "" : `, SHA-256 before: ${span(before_sha256)}`;
  return `${kind} ${span(path)}${target}${before}\n\n${block(diff, "diff")}`;
}

function outcome(call: Call, end: { line: LogLine; item: FunctionCallOutputItem } | undefined): string[] {
  if (end === undefined) return ["It has no result in the log.\n"];
  const { output, metadata } = readOutput(end.item.output);
  const code = metadata?.exit_code;
  const words = call.started === undefined ? "What the model was told" : "Result";
  const status = call.started === undefined || code === undefined ? "" : `, exit code ${code ?? "none"}`;
  const files = end.line.audit?.tool?.files ?? [];
  return [
    `${words} at ${end.line.timestamp} (line ${end.line.seq})${status}:\n`,
    block(output),
    ...(files.length === 0 ? [] : ["Files on the disk:\n"]),
    ...files.map(
      ({ path, before_sha256, after_sha256 }) =>
        `- ${span(path)}: ${before_sha256 === null ? "new" : span(before_sha256)} → ${after_sha256 === null ? "gone" : span(after_sha256)}`,
    ),
    ...(files.length === 0 ? [] : [""]),
  ];
}
