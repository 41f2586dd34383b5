import { beforeEach, describe, expect, it } from "vitest";
import type { AuditFacts } from "../../contract/audit.ts";
import type { ClientMessage, ServerBody } from "../../contract/message.ts";
import type { AuditStore, ExportFormat, SessionLog } from "../../contract/log.ts";
import { createLogStore } from "../log.ts";
import { idOf } from "../log.suite.ts";

const ID = idOf(1);
const ANNA = { id: "anna", door: "agentloop", peer: "10.0.0.7" };
const USAGE = {
  input_tokens: 1000,
  cached_input_tokens: 400,
  cache_write_input_tokens: 0,
  output_tokens: 50,
  reasoning_output_tokens: 10,
  cost_usd: 0.0125,
};
const DIFF = "--- a/notes.txt\n+++ b/notes.txt\n@@ -1 +1 @@\n-old line\n+new line\n";

let store: AuditStore;
let log: SessionLog;
beforeEach(() => {
  store = createLogStore({ folder: "" });
  log = store.create(ID);
});

async function exported(format: ExportFormat): Promise<string> {
  let whole = "";
  for await (const piece of store.records.export(ID, format)) whole += Buffer.from(piece).toString();
  return whole;
}

let ids = 0;
const tell = (body: ServerBody, { id = `m${(ids += 1)}`, audit }: { id?: string; audit?: AuditFacts } = {}) =>
  log.append("outgoing", JSON.stringify({ id, ...body }), audit);
const ask = (message: ClientMessage | { id: string; type: string; payload: unknown }, client = ANNA) =>
  log.append("incoming", JSON.stringify(message), { client });

const call = (call_id: string, name: string, args: unknown) =>
  tell({
    type: "response_item",
    payload: { type: "function_call", call_id, name, arguments: JSON.stringify(args) },
  });
const output = (call_id: string, text: string, exit_code: number, tool?: AuditFacts["tool"]) =>
  tell(
    {
      type: "response_item",
      payload: {
        type: "function_call_output",
        call_id,
        output: JSON.stringify({ output: text, metadata: { exit_code, duration_seconds: 0.1 } }),
      },
    },
    tool && { audit: { tool } },
  );
const question = {
  cwd: "/work",
  reason: "It writes.",
  risk: "medium" as const,
  expiresAt: "2026-01-01T00:00:00Z",
};

/** A turn with a command that ran, a patch that ran, and a command that was denied. */
function fill(words = "Tidy the notes."): void {
  ask({ id: "1", type: "user_input", payload: { input: words } });
  tell({ type: "loading_state", payload: { loading: true } });
  call("c1", "shell", { command: ["ls", "-l"] });
  tell({
    type: "status",
    payload: { kind: "tool_started", callId: "c1", name: "shell", command: ["ls", "-l"], cwd: "/work" },
  });
  output("c1", "notes.txt\n", 0, {
    argv: ["ls", "-l"],
    cwd: "/work",
    sandbox: "read-only",
    exit_code: 0,
    duration_ms: 12,
    stdout: { bytes: 10, sha256: "a".repeat(64) },
  });
  const files = [{ path: "notes.txt", kind: "update" as const, diff: DIFF, before_sha256: "b".repeat(64) }];
  call("c2", "apply_patch", { input: "*** Begin Patch" });
  tell(
    {
      type: "approval_request",
      payload: { ...question, command: ["apply_patch"], callId: "c2", tool: "apply_patch", files },
    },
    { id: "q2" },
  );
  tell(
    {
      type: "approval_resolved",
      payload: { requestId: "q2", review: "YES", decidedBy: "client", client: "anna" },
    },
    {
      audit: {
        approval: { request_id: "q2", review: "YES", decided_by: "client", client: "anna", latency_ms: 2300 },
      },
    },
  );
  tell({ type: "status", payload: { kind: "tool_started", callId: "c2", name: "apply_patch", files } });
  output("c2", "Done:\nM notes.txt", 0, {
    files: [{ path: "notes.txt", before_sha256: "b".repeat(64), after_sha256: "c".repeat(64) }],
  });
  call("c3", "shell", { command: ["rm", "-rf", "/"] });
  tell(
    {
      type: "approval_request",
      payload: { ...question, command: ["rm", "-rf", "/"], callId: "c3", tool: "shell" },
    },
    { id: "q3" },
  );
  tell(
    { type: "approval_resolved", payload: { requestId: "q3", review: "NO_CONTINUE", decidedBy: "timeout" } },
    {
      audit: {
        approval: { request_id: "q3", review: "NO_CONTINUE", decided_by: "timeout", latency_ms: 600_000 },
      },
    },
  );
  output("c3", "Nobody answered the request for approval in time, so this call did not run.", 1);
  tell({
    type: "response_item",
    payload: {
      type: "message",
      role: "assistant",
      content: [{ type: "output_text", text: "The notes are tidy." }],
    },
  });
  tell({
    type: "status",
    payload: {
      kind: "response_finished",
      responseId: "r1",
      provider: "openai",
      model: "gpt-5.1",
      usage: USAGE,
    },
  });
  tell({ type: "agent_finished", payload: { responseId: "r1", status: "completed", usage: USAGE } });
  // Paid for by the session that this one was forked from.
  const before = { responseId: "r0", provider: "openai", model: "gpt-5.0", usage: USAGE } as const;
  tell({ type: "status", payload: { kind: "response_finished", ...before } }, { audit: { copied: true } });
}

/** The Markdown's lines outside of code blocks, without code spans, and the content of the blocks. */
function readMarkdown(text: string): { prose: string[]; blocks: string[] } {
  const prose: string[] = [];
  const blocks: string[] = [];
  let fence: string | undefined;
  let content: string[] = [];
  for (const line of text.split(/\r\n|[\r\n]/)) {
    const [, marks = ""] = /^ {0,3}(`{3,})/.exec(line) ?? [];
    if (fence === undefined && marks !== "") {
      fence = marks;
      content = [];
    } else if (fence !== undefined && marks.length >= fence.length && line.trim() === marks) {
      blocks.push(content.join("\n"));
      fence = undefined;
    } else if (fence !== undefined) content.push(line);
    else prose.push(line.replace(/(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)/g, "CODE"));
  }
  expect(fence).toBeUndefined();
  return { prose, blocks };
}

describe("an export as Markdown", () => {
  it("answers a reviewer: what was asked, what ran and came of it, what changed, who allowed it, what it cost", async () => {
    fill();
    const text = await exported("markdown");
    const { prose, blocks } = readMarkdown(text);
    expect(text).toMatch(/## Asked by `anna` \(door `agentloop` from `10\.0\.0\.7`\) \(line 1, 20/);
    expect(blocks).toContain("Tidy the notes.");
    expect(blocks).toContain('["ls","-l"]');
    expect(text).toMatch(
      /Allowed by the policy, or by an earlier ALWAYS: nobody was asked\n- Folder: `\/work`\n- Sandbox: `read-only`/,
    );
    expect(blocks).toContain("notes.txt");
    expect(prose.filter((line) => /^Result at 20.* exit code 0:$/.test(line))).toHaveLength(2);
    expect(blocks.map((block) => `${block}\n`)).toContain(DIFF);
    expect(text).toMatch(
      /Answered \*\*YES\*\* by client `anna` \(door `agentloop` from `10\.0\.0\.7`\) at 20.*, after 2\.3 s/,
    );
    expect(text).toContain(`- \`notes.txt\`: \`${"b".repeat(64)}\` → \`${"c".repeat(64)}\``);
    expect(text).toMatch(/### Call of `shell`, which did not run/);
    expect(text).toMatch(
      /Answered \*\*NO_CONTINUE\*\* by the deadline: nobody answered in time at 20.*, after 600 s/,
    );
    expect(blocks).toContain('["rm","-rf","/"]');
    expect(blocks).toContain("The notes are tidy.");
    expect(text).toMatch(
      /\*\*Turn completed\*\* .*1000 in \(400 cached\), 50 out \(10 reasoning\), \$0\.012500/,
    );
    expect(text).toContain("- `openai gpt-5.1`: 1 responses, 1000 tokens in, 50 out, $0.012500");
    expect(text).not.toContain("gpt-5.0");
  });

  it.each([
    "```\n# Out\n```",
    "````````\n<script>alert(1)</script>",
    "~~~\n<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1)) ![p](http://evil.example/x.png) http://evil.example",
    "`` ` ``` ```` ` ``",
    "\r```\r# Out\r",
    "\u202egnp.exe \u0000\u001b[31m \u2028```\n",
    "`",
    " ` ",
    "\\`",
  ])("keeps %j inside its block, wherever it stands", async (hostile) => {
    const evil = `${hostile} EVIL`;
    const anna = { id: evil, door: evil, peer: evil };
    ask({ id: "1", type: "user_input", payload: { input: evil, model: evil } }, anna);
    ask({ id: "2", type: "approval_response", payload: { review: "NO", customDenyMessage: evil } }, anna);
    ask({ id: "3", type: evil, payload: { [evil]: evil } }, anna);
    call(evil, evil, { command: evil });
    const files = [{ path: evil, kind: "move" as const, move_path: evil, diff: evil, before_sha256: evil }];
    const request = { ...question, reason: evil, command: [evil, "x"], callId: evil, tool: evil, files };
    tell({ type: "approval_request", payload: request }, { id: "q" });
    const approval = {
      request_id: "q",
      review: "ALWAYS" as const,
      decided_by: "client" as const,
      latency_ms: 1,
      scope: evil,
    };
    const answer = { requestId: "q", review: "ALWAYS" as const, decidedBy: "client" as const, client: evil };
    tell({ type: "approval_resolved", payload: answer }, { audit: { approval } });
    tell({
      type: "status",
      payload: { kind: "tool_started", callId: evil, name: evil, command: [evil], cwd: evil },
    });
    output(evil, evil, 1, {
      cwd: evil,
      sandbox: evil,
      signal: evil,
      stdout: { bytes: 1, sha256: evil },
      files: [{ path: evil, before_sha256: evil, after_sha256: evil }],
    });
    tell({ type: "error", payload: { message: evil } });
    tell({ type: "status", payload: { kind: "retrying", inMs: 1, reason: evil, attempt: 1 } });
    tell({ type: "status", payload: { kind: "named", name: evil } });
    tell({
      type: "status",
      payload: { kind: "model_changed", model: evil, provider: "openai", reason: evil },
    });
    const item = { type: "reasoning" as const, summary: [{ type: "summary_text" as const, text: evil }] };
    tell({ type: "response_item", payload: item });
    call("open", evil, evil);
    const { prose, blocks } = readMarkdown(await exported("markdown"));
    expect(prose.join("\n")).not.toMatch(/EVIL|Out|<|\]\(|http|\p{Bidi_Control}|(?!\n)\p{Cc}/u);
    expect(blocks.filter((block) => block.includes("EVIL")).length).toBeGreaterThanOrEqual(8);
  });

  it("shows what it does not know, calls without a result, and a question that nobody has answered", async () => {
    log.append("outgoing", '{"id":"1","type":"from_the_future","payload":{"words":"new"}}');
    call("c1", "shell", { command: ["sleep", "9"] });
    tell(
      {
        type: "approval_request",
        payload: { ...question, command: ["sleep", "9"], callId: "c1", tool: "shell" },
      },
      { id: "q" },
    );
    const text = await exported("markdown");
    expect(readMarkdown(text).blocks.some((block) => block.includes('"from_the_future"'))).toBe(true);
    expect(text).toContain("Nobody has answered");
    expect(text).toContain("It has no result in the log.");
  });
});

describe("an export as CSV", () => {
  it("has a row for each line, with who, what and how", async () => {
    fill();
    const rows = (await exported("csv")).trimEnd().split("\r\n");
    const { event_count } = (await store.records.summary(ID)) ?? {};
    expect(rows.length).toBe((event_count ?? 0) + 1);
    expect(rows[0]).toMatch(/^"seq","timestamp","direction","type","client",/);
    expect(rows[2]).toMatch(
      /^1,"20[^"]+","incoming","user_input","anna","agentloop","10\.0\.0\.7","Tidy the notes\."/,
    );
    expect(rows.some((row) => row.includes('"[""ls"",""-l""]","/work",0,12,'))).toBe(true);
    expect(rows.some((row) => row.includes('"q2","YES","client","anna"'))).toBe(true);
  });

  it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "＝1", "|cmd", '=HYPERLINK("http://evil")'])(
    "makes no formula of %j",
    async (text) => {
      ask({ id: "1", type: "user_input", payload: { input: text } }, { id: text, door: text, peer: text });
      const row = (await exported("csv")).split("\r\n")[2] ?? "";
      const cells = [...row.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
        ([, quoted, bare]) => quoted ?? bare,
      );
      expect(cells).toHaveLength(23);
      for (const cell of cells) expect(cell).not.toMatch(/^\s*[=+\-@＝＋－＠|]/);
      expect(cells.filter((cell) => cell?.startsWith("'")).length).toBeGreaterThanOrEqual(4);
    },
  );
});

describe("an export as OCSF", () => {
  it("has an event of API Activity for each line, with all that the class requires and nothing made up", async () => {
    fill();
    const events = (await exported("ocsf"))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    for (const [seq, event] of events.entries()) {
      expect(event).toMatchObject({
        category_uid: 6,
        class_uid: 6003,
        activity_id: 99,
        activity_name: expect.stringMatching(/./),
        type_uid: 600_399,
        severity_id: 1,
        time: expect.any(Number),
        metadata: {
          version: "1.6.0",
          sequence: seq,
          uid: `${ID}:${seq}`,
          product: { name: "AgentLoop Server" },
        },
        actor: { session: { uid: ID } },
        api: { operation: event.activity_name },
        src_endpoint: expect.anything(),
      });
    }
    expect(events[1]).toMatchObject({
      activity_name: "user_input",
      actor: { app_uid: "anna", app_name: "agentloop" },
      src_endpoint: { uid: "anna", ip: "10.0.0.7" },
    });
    expect(events[0]).toMatchObject({ src_endpoint: { svc_name: "agentloop-server" } });
    const ran = events.find(({ unmapped }) => unmapped.tool?.files !== undefined);
    expect(ran.resources).toEqual([{ type: "file", name: "notes.txt" }]);
    expect(
      events.filter(({ status_id }) => status_id !== undefined).map(({ activity_name }) => activity_name),
    ).toEqual(["response_item", "agent_finished"]);
    const raw = events.map(({ raw_data }) => JSON.parse(raw_data).type);
    expect(raw).toContain("approval_resolved");
  });
});

describe("an export as JSON lines", () => {
  it("is the log's own bytes", async () => {
    fill();
    let raw = "";
    for await (const piece of store.records.raw(ID)) raw += Buffer.from(piece).toString();
    expect(await exported("jsonl")).toBe(raw);
    expect(
      raw
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).seq),
    ).toEqual(Array.from({ length: raw.trimEnd().split("\n").length }, (_, seq) => seq));
  });

  it("of a session that is not there is refused", async () => {
    for (const format of ["jsonl", "csv", "ocsf", "markdown"] as const) {
      const asking = async () => {
        for await (const piece of store.records.export(idOf(9), format)) void piece;
      };
      await expect(asking()).rejects.toMatchObject({ code: "unknown_session" });
    }
  });
});
