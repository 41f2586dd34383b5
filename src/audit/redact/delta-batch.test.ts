import { describe, expect, it } from "vitest";
import type { AuditFacts } from "../../contract/audit.ts";
import type { SessionLog } from "../../contract/log.ts";
import { DeltaBatches } from "./delta-batch.ts";
import { createRedactor } from "./redact.ts";
import { RedactedLog } from "./redacted-log.ts";

const KEY = `ghp_${"aB3dE6gH9".repeat(4)}`;

type Line = { data: unknown; audit: AuditFacts | undefined };

/** A log that only remembers. */
function createLog() {
  const lines: Line[] = [];
  const log: SessionLog = {
    get head() {
      return lines.length - 1;
    },
    append(_direction, json, audit) {
      lines.push({ data: JSON.parse(json), audit });
      return lines.length - 1;
    },
    async barrier() {},
    async end() {},
  };
  return { log, lines };
}

type Payload = { itemId: string; kind: string; delta: string; timing: [number, number][] };

function start(characters: number) {
  const { log, lines } = createLog();
  const limits = { intervalMs: 3_600_000, characters };
  const batches = new DeltaBatches(new RedactedLog(log, createRedactor([])), limits);
  const say = (delta: string, more: object = {}, redactions = 0) =>
    batches.delta({ itemId: "item", kind: "text", delta, ...more }, redactions);
  const written = async () => {
    await batches.end();
    return lines.map(({ data, audit }) => {
      const { payload } = data as { payload: Payload };
      return { text: payload.delta, lengths: payload.timing.map(([, length]) => length), audit };
    });
  };
  return { batches, say, written };
}

describe("AUDIT_DELTAS", () => {
  const linesOf = async (mode: "batch" | "each" | "final", count: number) => {
    const { log, lines } = createLog();
    const batches = new DeltaBatches(log, mode);
    for (let index = 0; index < count; index += 1) {
      batches.delta({ itemId: "item", kind: "text", delta: "twenty characters.. " });
    }
    await batches.end();
    return lines;
  };

  it("each writes a line for every delta, final none at all", async () => {
    expect(await linesOf("each", 5)).toHaveLength(5);
    expect(await linesOf("final", 5)).toEqual([]);
  });

  it("batch takes less than twice the text of two thousand deltas", async () => {
    const written = (await linesOf("batch", 2000)).map(({ data }) => JSON.stringify(data)).join("");
    expect(written.length).toBeLessThan(2 * 2000 * 20);
  });
});

describe("delta batches", () => {
  it("write the deltas of an item in one line, with the length of each", async () => {
    const { say, written } = start(1000);
    for (const delta of ["one ", "two ", "three"]) say(delta);
    expect(await written()).toEqual([{ text: "one two three", lengths: [4, 4, 5], audit: undefined }]);
  });

  it("begin a new line for another item, another kind, and when the line is full", async () => {
    const { say, written } = start(10);
    say("0123456789");
    say("same item");
    say("another kind", { kind: "reasoning" });
    say("other", { itemId: "other" });
    expect((await written()).map(({ text }) => text)).toEqual([
      "0123456789",
      "same item",
      "another kind",
      "other",
    ]);
  });

  it("keep what may be the beginning of a secret for the line that has its end, and lose no length", async () => {
    const { say, written } = start(20);
    for (const delta of ["the token is ", "here: ghp_aB3d"]) say(delta);
    say(KEY.slice(8));
    say(" and more");
    expect(await written()).toEqual([
      { text: "the token is here: ", lengths: [13, 6], audit: undefined },
      { text: "[redacted:github_token] and more", lengths: [8, KEY.length - 8, 9], audit: { redactions: 1 } },
    ]);
  });

  it("write a beginning that was none before anything else", async () => {
    const { batches, say, written } = start(10);
    say("0123456789 ghp_");
    batches.append("outgoing", '{"payload":{"delta":"else","timing":[]}}');
    expect((await written()).map(({ text }) => text)).toEqual(["0123456789 ", "ghp_", "else"]);
  });

  it("count what was replaced in the deltas before", async () => {
    const { say, written } = start(1000);
    say("[redacted:A]", {}, 1);
    say("[redacted:A][redacted:B]", {}, 2);
    say(KEY);
    expect((await written()).map(({ audit }) => audit)).toEqual([{ redactions: 4 }]);
  });
});

describe("a redacted log", () => {
  it("redacts the facts of a line too, and counts them", async () => {
    const { log: bare, lines } = createLog();
    const secret = "loaded-value-1";
    const log = new RedactedLog(bare, createRedactor([{ name: "LOADED", value: secret }]));
    const tool = { argv: ["curl", "-u", `me:${secret}`, `https://me:pass@host/${KEY}`], exit_code: 0 };
    log.append("outgoing", JSON.stringify({ text: KEY }), { tool, redactions: 2 });
    log.append("outgoing", "{}", { tool: { exit_code: 1 } });
    expect(lines).toEqual([
      {
        data: { text: "[redacted:github_token]" },
        audit: {
          tool: {
            argv: [
              "curl",
              "-u",
              "me:[redacted:LOADED]",
              "https://me:[redacted:url_password]@host/[redacted:github_token]",
            ],
            exit_code: 0,
          },
          redactions: 6,
        },
      },
      { data: {}, audit: { tool: { exit_code: 1 } } },
    ]);
  });
});
